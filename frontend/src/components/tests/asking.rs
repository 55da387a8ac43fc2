use aiq_connect_shared::{AuthStatus, FaultCode, JobState};
use yew::Callback;

use super::{assert_clean, count, render, text};
use crate::components::blocker::{BlockerNote, BlockerNoteProps};
use crate::components::composer::{Composer, ComposerProps};
use crate::components::job_list::{JobList, JobListProps};
use crate::components::toast::{ToastNote, ToastNoteProps};
use crate::state::blocker::Blocker;
use crate::state::connections::samples::{faulty, noon, protected};
use crate::state::connections::{Action, Connections};
use crate::state::desk::Trouble;
use crate::state::job::Job;
use crate::state::moment::Moment;
use crate::state::moment::samples::utc;

const MOMENT: fn() -> Moment = || utc(noon());

async fn blocker(list: Vec<aiq_connect_shared::DataSource>) -> String {
    let mut connections = Connections::default();
    let ids: Vec<_> = list.iter().map(|source| source.id.clone()).collect();
    connections.apply(Action::Loaded { list, etag: None, at: noon() });
    for id in &ids {
        connections.apply(Action::Switched(id.clone(), true));
    }
    let html = render::<BlockerNote>(BlockerNoteProps {
        blocker: Blocker::look(&ids, &connections, noon()),
        moment: MOMENT(),
        onevent: Callback::noop(),
        onall: Callback::noop(),
        ondisable: Callback::noop(),
        onclose: Callback::noop(),
        onsend: Callback::noop(),
    })
    .await;
    assert_clean(&html);
    html
}

#[tokio::test]
async fn one_source_in_the_way_has_its_own_button() {
    let html = blocker(vec![protected("servicenow", AuthStatus::Disconnected)]).await;
    insta::assert_snapshot!(text(&html), @"Connect ServiceNow before you send It's on, but AI-Q can't use it yet. Your question is kept. ServiceNow Not connected Connect ServiceNow Disable source and continue Not now");
    assert_eq!(count(&html, "is-primary"), 1);
}

#[tokio::test]
async fn several_sources_in_the_way_are_listed_with_a_button_each() {
    let list = vec![
        protected("servicenow", AuthStatus::Disconnected),
        protected("github", AuthStatus::Expired),
        faulty("box", AuthStatus::Error, FaultCode::IdpUnreachable),
    ];
    let html = blocker(list).await;
    assert_eq!(count(&html, "is-primary"), 1, "all of them at once is the thing to do");
    insta::assert_snapshot!(text(&html), @"Connect 3 sources before you send They're on, but AI-Q can't use them yet. Your question is kept. ServiceNow Not connected Connect GitHub Sign-in expired Reconnect box Can't reach box's sign-in Try again Connect all Disable 3 sources and continue Not now");
}

#[tokio::test]
async fn where_only_an_administrator_can_help_sending_without_is_the_way_out() {
    let html = blocker(vec![faulty("servicenow", AuthStatus::Error, FaultCode::ClientMisconfigured)]).await;
    insta::assert_snapshot!(text(&html), @"ServiceNow isn't set up yet Only your administrator can finish that. You can ask without it; your question is kept. ServiceNow Not set up yet Copy details Disable source and continue Not now");
    assert!(!html.contains("Connect ServiceNow"));
}

#[tokio::test]
async fn once_nothing_is_in_the_way_it_offers_to_send() {
    let html = blocker(vec![protected("servicenow", AuthStatus::Connected)]).await;
    insta::assert_snapshot!(text(&html), @"Ready to send All sources are ready. Your question is still here. ServiceNow Connected as mona-lisa Send question Not now");
    assert!(html.contains(r#"id="blocker-send""#));
}

fn composer() -> ComposerProps {
    ComposerProps {
        draft: "Which?".into(),
        is_sending: false,
        uses: vec!["ServiceNow".to_owned(), "Web search".to_owned()],
        blocking: Vec::new(),
        trouble: None,
        ondraft: Callback::noop(),
        onkey: Callback::noop(),
        onsend: Callback::noop(),
    }
}

#[tokio::test]
async fn the_composer_says_what_a_question_will_use() {
    let html = render::<Composer>(composer()).await;
    assert_clean(&html);
    assert!(text(&html).contains("Uses ServiceNow and Web search."));
    assert!(!html.contains("aria-disabled"));
    let without = ComposerProps { uses: Vec::new(), ..composer() };
    assert!(text(&render::<Composer>(without).await).contains("No source is switched on."));
}

#[tokio::test]
async fn a_blocked_send_stays_reachable_and_says_why() {
    let props = ComposerProps { blocking: vec!["ServiceNow".to_owned(), "GitHub".to_owned()], ..composer() };
    let html = render::<Composer>(props).await;
    assert!(html.contains(r#"aria-disabled="true""#) && html.contains(r#"aria-describedby="send-why""#));
    assert!(!html.contains(" disabled"), "a disabled button could not be reached or asked");
    assert!(text(&html).contains("2 sources need connecting before you can send."));
}

#[tokio::test]
async fn every_trouble_says_what_to_do() {
    let mut said = Vec::new();
    for trouble in [
        Trouble::Unreachable,
        Trouble::SignedOut,
        Trouble::NotReady,
        Trouble::TooMany,
        Trouble::TooLong,
        Trouble::Refused { code: "job_exists".to_owned() },
    ] {
        said.push(crate::text::en::composer::trouble(&trouble));
        let html = render::<Composer>(ComposerProps { trouble: Some(trouble), ..composer() }).await;
        assert!(text(&html).contains(said.last().unwrap().as_str()));
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    We can't reach AI-Q right now. Your question is kept; please send it again.
    You're signed out of AI-Q. Your question is kept; sign in and send it again.
    The research service isn't ready. Your question is kept; please try again in a minute.
    Too many questions at once. Your question is kept; please wait a minute.
    This question is too long. Please shorten it.
    AI-Q didn't accept this question. Your question is kept. Your administrator can look for “job_exists”.
    ");
}

fn job(state: JobState) -> Job {
    Job {
        id: "j1".to_owned(),
        question: "Which of my incidents are open?".to_owned(),
        sources: vec!["ServiceNow".to_owned()],
        asked_at: noon(),
        state,
        report: None,
        has_no_report: false,
        is_out_of_touch: false,
    }
}

fn jobs(jobs: Vec<Job>) -> JobListProps {
    JobListProps {
        jobs,
        prompts: std::collections::BTreeMap::new(),
        moment: MOMENT(),
        onagain: Callback::noop(),
        oncopy: Callback::noop(),
        onevent: Callback::noop(),
        onwait: Callback::noop(),
    }
}

async fn card(job: Job) -> String {
    let props = jobs(vec![job]);
    let html = render::<JobList>(props).await;
    assert_clean(&html);
    html
}

#[tokio::test]
async fn a_job_says_where_it_is_in_every_state() {
    let mut said = Vec::new();
    for state in [
        JobState::Submitted,
        JobState::Running,
        JobState::Unknown,
        JobState::Success,
        JobState::Failure,
        JobState::Interrupted,
        JobState::NotFound,
    ] {
        said.push(text(&card(job(state)).await));
    }
    said.push(text(&card(Job { is_out_of_touch: true, ..job(JobState::Running) }).await));
    said.push(text(&card(Job { has_no_report: true, ..job(JobState::Success) }).await));
    insta::assert_snapshot!(said.join("\n"), @r"
    Your questions You asked: Which of my incidents are open? Waiting for a free worker With ServiceNow 12:00
    Your questions You asked: Which of my incidents are open? Working on it With ServiceNow 12:00
    Your questions You asked: Which of my incidents are open? In progress With ServiceNow 12:00
    Your questions You asked: Which of my incidents are open? Fetching the answer With ServiceNow 12:00
    Your questions You asked: Which of my incidents are open? Couldn't be finished With ServiceNow 12:00 The research service stopped before there was an answer. Asking again usually helps; if not, give your administrator the details. Ask again Copy details
    Your questions You asked: Which of my incidents are open? Stopped With ServiceNow 12:00 This research job was stopped before there was an answer. Ask again Copy details
    Your questions You asked: Which of my incidents are open? No longer there With ServiceNow 12:00 AI-Q no longer knows this research job. You can ask again. Ask again Copy details
    Your questions You asked: Which of my incidents are open? Last we heard, it was in progress With ServiceNow 12:00
    Your questions You asked: Which of my incidents are open? Answered With ServiceNow 12:00 The research job finished without an answer.
    ");
}

#[tokio::test]
async fn an_answer_is_shown_as_text_and_never_as_markup() {
    let html = card(Job { report: Some("INC-1\n<img src=x>".to_owned()), ..job(JobState::Success) }).await;
    assert!(html.contains(r#"data-testid="job-j1""#) && html.contains(r#"data-state="success""#));
    assert!(html.contains("INC-1\n&lt;img src=x&gt;"));
}

#[tokio::test]
async fn a_failed_job_can_be_asked_again() {
    let html = card(job(JobState::Failure)).await;
    assert!(text(&html).contains("Ask again Copy details"));
    assert!(!card(job(JobState::Running)).await.contains("Ask again"));
}

#[tokio::test]
async fn before_the_first_question_there_is_an_invitation() {
    let props = jobs(Vec::new());
    assert!(text(&render::<JobList>(props).await).contains("Your answers will appear here."));
}

#[tokio::test]
async fn a_note_has_its_way_back_and_can_be_dismissed() {
    let props = ToastNoteProps {
        text: "Sent without ServiceNow.".into(),
        undo: Some("Turn back on".into()),
        onundo: Callback::noop(),
        ondismiss: Callback::noop(),
        onhold: Callback::noop(),
    };
    let html = render::<ToastNote>(props).await;
    assert_eq!(text(&html), "Sent without ServiceNow. Turn back on");
    assert!(html.contains(r#"aria-label="Dismiss""#));
}
