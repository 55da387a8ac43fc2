use aiq_connect_shared::{AuthStatus, DataSource, JobEvent, JobState, SkipReason, WaitAction};
use chrono::TimeDelta;
use yew::Callback;

use super::{assert_clean, count, render, text};
use crate::components::job_card::{JobCard, JobCardProps};
use crate::state::connections::samples::{noon, protected};
use crate::state::connections::{Action, Connections};
use crate::state::flow::OpenFlow;
use crate::state::job::Job;
use crate::state::job_wait::samples::{hear, required, restored, skipped};
use crate::state::job_wait::{JobWaits, WaitTrouble};
use crate::state::moment::samples::utc;
use crate::state::prompt::Prompt;

struct Sample {
    state: JobState,
    events: Vec<JobEvent>,
    sources: Vec<DataSource>,
    is_connecting: bool,
    change: fn(&mut JobWaits),
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            state: JobState::Running,
            events: vec![required("servicenow", "expired", Some(380))],
            sources: vec![protected("servicenow", AuthStatus::Expired), protected("github", AuthStatus::Expired)],
            is_connecting: false,
            change: |_| (),
        }
    }
}

/// The card, seven hours after the sources were lost.
async fn card(sample: Sample) -> String {
    let mut waits = JobWaits::default();
    hear(&mut waits, sample.events);
    (sample.change)(&mut waits);
    let mut connections = Connections::default();
    connections.apply(Action::Loaded { list: sample.sources, etag: None, at: noon() + TimeDelta::seconds(1) });
    if sample.is_connecting {
        let flow = OpenFlow::start(uuid::Uuid::from_u128(1), aiq_connect_shared::Intent::Reconnect, true, noon());
        connections.apply(Action::FlowStarted("servicenow".to_owned(), flow));
    }
    let job = Job {
        id: "j1".to_owned(),
        question: "Which?".to_owned(),
        sources: vec!["ServiceNow".to_owned()],
        asked_at: noon(),
        state: sample.state,
        report: (sample.state == JobState::Success).then(|| "INC-1".to_owned()),
        has_no_report: false,
        is_out_of_touch: false,
    };
    let prompt = Prompt::look(&job, &waits, &connections, noon());
    let html = render::<JobCard>(JobCardProps {
        job,
        prompt,
        moment: utc(noon()),
        onagain: Callback::noop(),
        oncopy: Callback::noop(),
        onevent: Callback::noop(),
        onwait: Callback::noop(),
    })
    .await;
    assert_clean(&html);
    html
}

/// The prompt alone, in words.
fn said(html: &str) -> String {
    text(html).replace("You asked: Which? ", "")
}

fn has_phase(html: &str, phase: &str) -> bool {
    html.contains(&format!(r#"data-testid="reconnect-prompt-j1" data-phase="{phase}""#))
}

#[tokio::test]
async fn a_job_that_waits_says_until_when_and_what_to_do() {
    let html = card(Sample::default()).await;
    insta::assert_snapshot!(said(&html), @"Paused, it needs you With ServiceNow 12:00 ServiceNow needs you to sign in again. The research job is paused at this step and waits until 18:20. Everything found so far is kept. Reconnect Continue without it Wait longer");
    assert!(has_phase(&html, "waiting"));
    assert!(html.contains(r#"aria-label="Reconnect ServiceNow""#));
    assert!(html.contains(r#"aria-label="Continue without it, ServiceNow""#));
    assert_eq!(count(&html, "is-primary"), 1);
}

#[tokio::test]
async fn a_job_that_cannot_wait_longer_does_not_offer_it() {
    let html = card(Sample { change: |waits| waits.waits[0].can_extend = false, ..Sample::default() }).await;
    assert!(!text(&html).contains("Wait longer"));
}

#[tokio::test]
async fn a_missing_permission_is_named_as_such() {
    let events = vec![required("servicenow", "scope_mismatch", Some(15))];
    let html = card(Sample { events, ..Sample::default() }).await;
    assert!(text(&html).contains("ServiceNow needs more permission from you."));
    assert!(text(&html).contains("Add permission"));
}

#[tokio::test]
async fn every_end_of_a_wait_has_its_words() {
    let lost = || required("servicenow", "expired", Some(15));
    let ends = [
        (restored("servicenow"), "restored"),
        (skipped("servicenow", SkipReason::Skipped), "skipped"),
        (skipped("servicenow", SkipReason::DeadlinePassed), "deadline_passed"),
        (skipped("servicenow", SkipReason::Disconnected), "disconnected"),
        (skipped("servicenow", SkipReason::TooManyWaiting), "too_many_waiting"),
        (skipped("servicenow", SkipReason::NotRecoverable), "not_recoverable"),
        (skipped("servicenow", SkipReason::Unknown), "without"),
    ];
    let mut all = Vec::new();
    for (end, phase) in ends {
        let html = card(Sample { events: vec![lost(), end], ..Sample::default() }).await;
        assert!(has_phase(&html, phase), "{phase}: {html}");
        all.push(said(&html));
    }
    insta::assert_snapshot!(all.join("\n"), @r"
    Working on it With ServiceNow 12:00 ServiceNow is back. Continuing.
    Working on it With ServiceNow 12:00 Continuing without ServiceNow. The report will say so. Reconnect for next time
    Working on it With ServiceNow 12:00 Nobody signed in, so the job went on without ServiceNow. The report will say so. Reconnect
    Working on it With ServiceNow 12:00 You disconnected ServiceNow, so the job goes on without it. The report will say so. Reconnect
    Working on it With ServiceNow 12:00 Too many research jobs were waiting already, so this one goes on without ServiceNow. The report will say so. Reconnect
    Working on it With ServiceNow 12:00 ServiceNow isn't set up correctly. The job goes on without it. Copy details
    Working on it With ServiceNow 12:00 The job goes on without ServiceNow. The report will say so. Reconnect
    ");
}

#[tokio::test]
async fn a_job_that_is_over_says_what_was_missing_and_can_be_run_again() {
    let mut all = Vec::new();
    for reason in ["expired", "revoked", "scope_mismatch", "rejected_by_server", "client_misconfigured", "a_new_word"] {
        let events = vec![required("servicenow", reason, Some(15)), skipped("servicenow", SkipReason::DeadlinePassed)];
        let html = card(Sample { state: JobState::Success, events, ..Sample::default() }).await;
        assert!(has_phase(&html, "job_over"));
        all.push(said(&html));
    }
    let events = vec![skipped("servicenow", SkipReason::TooManyWaiting)];
    all.push(said(&card(Sample { state: JobState::Success, events, ..Sample::default() }).await));
    let replayed: fn(&mut JobWaits) = |waits| waits.waits[0].is_live = false;
    all.push(said(&card(Sample { state: JobState::Success, change: replayed, ..Sample::default() }).await));
    all.push(said(&card(Sample { state: JobState::Failure, ..Sample::default() }).await));
    insta::assert_snapshot!(all.join("\n"), @r"
    Answered With ServiceNow 12:00 The job finished without ServiceNow: sign-in expired at 12:00. Reconnect Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: access was removed at 12:00. Reconnect Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: more permission was needed at 12:00. Add permission Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: it didn't accept AI-Q's sign-in at 12:00. Reconnect Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: it isn't set up correctly. Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: it needed a new sign-in at 12:00. Reconnect Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: too many research jobs were waiting already. Reconnect Answer INC-1 Run again
    Answered With ServiceNow 12:00 The job finished without ServiceNow: sign-in expired. Reconnect Answer INC-1 Run again
    Couldn't be finished With ServiceNow 12:00 The job ended while it was without ServiceNow: sign-in expired at 12:00. Reconnect The research service stopped before there was an answer. Asking again usually helps; if not, give your administrator the details. Ask again Copy details
    ");
}

#[tokio::test]
async fn a_source_that_came_back_is_not_mentioned_after_the_end() {
    let events = vec![required("servicenow", "expired", Some(15)), restored("servicenow")];
    let html = card(Sample { state: JobState::Success, events, ..Sample::default() }).await;
    assert!(!html.contains("reconnect-prompt"));
    assert!(!text(&html).contains("Run again"));
}

#[tokio::test]
async fn several_sources_of_one_job_share_a_card_with_a_list() {
    let events = vec![
        required("servicenow", "expired", Some(380)),
        required("github", "revoked", Some(20)),
        required("box", "expired", Some(20)),
        skipped("box", SkipReason::Skipped),
    ];
    let html = card(Sample { events, ..Sample::default() }).await;
    insta::assert_snapshot!(said(&html), @"Paused, it needs you With ServiceNow 12:00 2 sources need you to sign in again. The research job is paused at this step. Everything found so far is kept. ServiceNow Waits until 18:20. Reconnect Continue without it Wait longer GitHub Waits until 12:20. Reconnect Continue without it Wait longer Continuing without box. The report will say so. Reconnect for next time");
    assert_eq!(count(&html, r#"role="group""#), 1);
    assert!(html.contains(r#"data-testid="reconnect-prompt-j1-github" data-phase="waiting""#));
    assert!(html.contains(r#"data-testid="reconnect-prompt-j1-box" data-phase="skipped""#));
}

#[tokio::test]
async fn while_the_person_signs_in_the_button_calls_it_off() {
    let html = card(Sample { is_connecting: true, ..Sample::default() }).await;
    insta::assert_snapshot!(said(&html), @"Paused, it needs you With ServiceNow 12:00 ServiceNow needs you to sign in again. The research job is paused at this step and waits until 18:20. Everything found so far is kept. Finish in the ServiceNow window. Cancel Open it again Continue without it Wait longer");
    assert!(html.contains(r#"aria-label="Cancel sign-in to ServiceNow""#));
}

#[tokio::test]
async fn between_the_sign_in_and_the_job_the_card_does_not_ask_again() {
    let sources = vec![protected("servicenow", AuthStatus::Connected)];
    let html = card(Sample { sources, ..Sample::default() }).await;
    assert!(has_phase(&html, "resuming"));
    insta::assert_snapshot!(said(&html), @"Working on it With ServiceNow 12:00 ServiceNow is connected again. The research job will notice in a moment.");
}

#[tokio::test]
async fn a_wish_on_its_way_cannot_be_sent_twice_and_one_that_failed_says_so() {
    let html = card(Sample { change: |waits| waits.ask("servicenow", WaitAction::Skip), ..Sample::default() }).await;
    assert_eq!(count(&html, r#"aria-disabled="true""#), 2);
    let failed: fn(&mut JobWaits) = |waits| {
        waits.failed("servicenow", WaitTrouble::Unreachable);
    };
    let html = card(Sample { change: failed, ..Sample::default() }).await;
    assert!(text(&html).contains("We can't reach AI-Q right now. Please try again."));
    assert_eq!(count(&html, "aria-disabled"), 0);
}
