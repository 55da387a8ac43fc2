use aiq_connect_shared::JobEvent;

use super::*;
use crate::state::connections::samples::noon;
use crate::state::job_feed::{Link, Said};
use crate::state::job_wait::samples::{required, skipped};

fn job(id: &str) -> Job {
    Job {
        id: id.to_owned(),
        question: "Which?".to_owned(),
        sources: vec!["ServiceNow".to_owned()],
        asked_at: noon(),
        state: JobState::Submitted,
        report: None,
        has_no_report: false,
        is_out_of_touch: false,
    }
}

fn with_job() -> Desk {
    let mut desk = Desk::default();
    desk.apply(DeskAction::Drafted("Which?".to_owned()));
    desk.apply(DeskAction::Sending);
    desk.apply(DeskAction::Sent(job("1"), Vec::new()));
    desk
}

fn heard(desk: &mut Desk, state: JobState) {
    let status = JobStatus { job_id: "1".to_owned(), status: state, agent_type: None, error: None, created_at: None };
    desk.apply(DeskAction::JobHeard(status));
}

fn report(text: Option<&str>) -> DeskAction {
    let report = text.map(str::to_owned);
    DeskAction::JobAnswered(JobReport { job_id: "1".to_owned(), has_report: report.is_some(), report })
}

#[test]
fn the_draft_survives_everything_but_being_sent() {
    let mut desk = Desk::default();
    desk.apply(DeskAction::Drafted("Which?".to_owned()));
    for action in [
        DeskAction::Blocked(vec!["a".to_owned()]),
        DeskAction::BlockerClosed,
        DeskAction::Sending,
        DeskAction::NotSent(Trouble::Unreachable),
        DeskAction::NotSent(Trouble::SignedOut),
    ] {
        desk.apply(action);
        assert_eq!(desk.draft, "Which?");
    }
    desk.apply(DeskAction::Sent(job("1"), Vec::new()));
    assert_eq!(desk.draft, "");
}

#[test]
fn the_blocker_takes_the_focus_and_gives_it_back_to_the_question() {
    let mut desk = Desk::default();
    desk.apply(DeskAction::Blocked(vec!["a".to_owned()]));
    assert_eq!(desk.focus.value, "blocker-title");
    desk.apply(DeskAction::BlockerClosed);
    assert_eq!((desk.focus.value.as_str(), desk.blocker), ("composer", None));
}

#[test]
fn a_refusal_by_the_server_ends_sending() {
    let mut desk = Desk::default();
    desk.apply(DeskAction::Sending);
    desk.apply(DeskAction::Blocked(vec!["a".to_owned()]));
    assert!(!desk.is_sending);
}

#[test]
fn sending_without_a_source_says_so_and_can_be_undone() {
    let mut desk = Desk::default();
    desk.apply(DeskAction::Sent(job("1"), vec!["a".to_owned()]));
    assert_eq!(desk.toast, Some(Toast::SentWithout(vec!["a".to_owned()])));
    assert_eq!(with_job().toast, None);
}

#[test]
fn the_newest_question_comes_first() {
    let mut desk = with_job();
    desk.apply(DeskAction::Sent(job("2"), Vec::new()));
    let ids: Vec<_> = desk.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["2", "1"]);
}

#[test]
fn a_job_is_open_until_its_answer_is_here() {
    let mut desk = with_job();
    heard(&mut desk, JobState::Running);
    assert!(desk.jobs[0].is_open());
    heard(&mut desk, JobState::Success);
    assert!(desk.jobs[0].is_open(), "the answer is still to be fetched");
    desk.apply(report(Some("INC-1")));
    assert!(!desk.jobs[0].is_open());
    assert_eq!(desk.jobs[0].report.as_deref(), Some("INC-1"));
    assert_eq!(desk.news.value, Some(DeskNews::Over(JobState::Success)));
}

#[test]
fn an_answer_without_text_is_told_apart_from_one_that_is_not_here_yet() {
    for text in [None, Some("  \n")] {
        let mut desk = with_job();
        heard(&mut desk, JobState::Success);
        desk.apply(report(text));
        assert!(desk.jobs[0].has_no_report);
        assert!(!desk.jobs[0].is_open());
    }
}

#[test]
fn every_end_but_success_is_final_at_once() {
    for state in [JobState::Failure, JobState::Interrupted, JobState::NotFound] {
        let mut desk = with_job();
        heard(&mut desk, state);
        assert!(!desk.jobs[0].is_open());
        heard(&mut desk, JobState::Running);
        assert_eq!(desk.jobs[0].state, state, "a late answer does not wake it");
    }
}

#[test]
fn a_state_of_a_newer_server_keeps_the_job_open() {
    let mut desk = with_job();
    heard(&mut desk, JobState::Unknown);
    assert!(desk.jobs[0].is_open());
    heard(&mut desk, JobState::Success);
    assert!(desk.jobs[0].awaits_report());
}

#[test]
fn a_service_that_goes_away_and_comes_back_loses_no_job() {
    let mut desk = with_job();
    desk.apply(DeskAction::JobUnheard("1".to_owned()));
    assert!(desk.is_out_of_touch() && desk.jobs[0].is_open());
    heard(&mut desk, JobState::Running);
    assert!(!desk.is_out_of_touch());
}

#[test]
fn a_job_that_nobody_knows_any_more_is_over() {
    let mut desk = with_job();
    desk.apply(DeskAction::JobGone("1".to_owned()));
    assert_eq!((desk.jobs[0].state, desk.jobs[0].is_open()), (JobState::NotFound, false));
}

#[test]
fn jobs_survive_a_reload() {
    let desk = with_job();
    let kept = serde_json::to_string(&desk.jobs).unwrap();
    let mut reloaded = Desk::default();
    reloaded.apply(DeskAction::Remembered { draft: "next".to_owned(), jobs: serde_json::from_str(&kept).unwrap() });
    assert_eq!((reloaded.jobs, reloaded.draft.as_str()), (desk.jobs, "next"));
}

fn stream(desk: &mut Desk, action: StreamAction) {
    desk.apply(DeskAction::Stream("1".to_owned(), action));
}

fn says(generation: u32, id: Option<u64>, said: Said) -> StreamAction {
    StreamAction::Said { generation, id, said, at: noon(), is_live: true }
}

fn lost(job: &str) -> Said {
    let JobEvent::Required(event) = required("servicenow", "expired", Some(15)) else { unreachable!() };
    Said::Event(JobEvent::Required(aiq_connect_shared::JobAuthRequired { job_id: job.to_owned(), ..event }))
}

#[test]
fn what_an_older_opening_of_a_stream_says_is_dropped() {
    let mut desk = with_job();
    stream(&mut desk, StreamAction::Opening(1));
    stream(&mut desk, StreamAction::Opening(2));
    stream(&mut desk, says(1, Some(1), lost("1")));
    stream(&mut desk, says(1, None, Said::Status(JobState::Failure)));
    stream(&mut desk, StreamAction::Opened(1));
    stream(&mut desk, StreamAction::Lost(1));
    assert!(!desk.needs_person());
    assert_eq!(desk.jobs[0].state, JobState::Submitted);
    assert_eq!(desk.feeds["1"], Feed { generation: 2, link: Link::Opening });
    stream(&mut desk, says(2, Some(1), lost("1")));
    assert!(desk.needs_person());
}

#[test]
fn nothing_is_heard_from_a_stream_that_was_closed() {
    let mut desk = with_job();
    stream(&mut desk, StreamAction::Opening(1));
    stream(&mut desk, StreamAction::Closed);
    stream(&mut desk, says(1, Some(1), lost("1")));
    assert!(!desk.needs_person());
}

#[test]
fn a_stream_that_opens_ends_being_out_of_touch_and_one_that_is_cut_is_known() {
    let mut desk = with_job();
    desk.apply(DeskAction::JobUnheard("1".to_owned()));
    stream(&mut desk, StreamAction::Opening(1));
    stream(&mut desk, StreamAction::Opened(1));
    assert!(!desk.is_out_of_touch());
    stream(&mut desk, StreamAction::Lost(1));
    assert_eq!(desk.feeds["1"].link, Link::Lost);
}

#[test]
fn the_end_on_the_stream_ends_the_job_and_what_was_missing_may_still_follow() {
    let mut desk = with_job();
    stream(&mut desk, StreamAction::Opening(1));
    stream(&mut desk, says(1, None, Said::Status(JobState::Failure)));
    assert_eq!(
        (desk.jobs[0].state, desk.news.value.clone()),
        (JobState::Failure, Some(DeskNews::Over(JobState::Failure)))
    );
    stream(&mut desk, says(1, Some(1), lost("1")));
    assert_eq!(desk.waits["1"].waits.len(), 1);
    assert!(!desk.needs_person(), "a job that is over waits for nobody");
    assert!(desk.jobs_wait().is_empty());
}

#[test]
fn the_first_job_to_give_up_says_until_when() {
    let mut desk = with_job();
    desk.apply(DeskAction::Sent(job("2"), Vec::new()));
    for (id, minutes) in [("1", 15), ("2", 5)] {
        let action = DeskAction::Stream(id.to_owned(), StreamAction::Opening(1));
        desk.apply(action);
        let said = Said::Event(required("servicenow", "expired", Some(minutes)));
        desk.apply(DeskAction::Stream(id.to_owned(), says(1, Some(1), said)));
    }
    assert_eq!(desk.jobs_wait(), [("servicenow".to_owned(), noon() + chrono::TimeDelta::minutes(5))].into());
}

#[test]
fn the_jobs_that_use_a_source_are_those_that_run() {
    let mut desk = with_job();
    desk.apply(DeskAction::Uses("1".to_owned(), vec!["servicenow".to_owned()]));
    assert_eq!((desk.jobs_using("servicenow"), desk.jobs_using("github")), (1, 0));
    let mut without = desk.clone();
    stream(&mut without, StreamAction::Opening(1));
    let gone = skipped("servicenow", aiq_connect_shared::SkipReason::Skipped);
    stream(&mut without, says(1, Some(1), Said::Event(gone)));
    assert_eq!(without.jobs_using("servicenow"), 0, "it goes on without it already");
    heard(&mut desk, JobState::Success);
    assert_eq!(desk.jobs_using("servicenow"), 0);
}

#[test]
fn what_is_kept_for_a_reload_is_kept_for_the_newest_jobs_alone() {
    let mut desk = with_job();
    desk.apply(DeskAction::Uses("1".to_owned(), vec!["a".to_owned()]));
    desk.apply(DeskAction::Sent(job("2"), Vec::new()));
    desk.apply(DeskAction::Uses("2".to_owned(), vec!["a".to_owned()]));
    assert_eq!(desk.waits_of_first(1).into_keys().collect::<Vec<_>>(), ["2"]);
}

#[test]
fn asking_again_loses_no_draft() {
    let mut desk = with_job();
    desk.apply(DeskAction::Drafted("Something else".to_owned()));
    desk.apply(DeskAction::AskedAgain("Which?".to_owned()));
    assert_eq!((desk.draft.as_str(), desk.focus.value.as_str()), ("Which?", "composer"));
    assert_eq!(desk.toast, Some(Toast::DraftReplaced("Something else".to_owned())));
    let mut desk = with_job();
    desk.apply(DeskAction::AskedAgain("Which?".to_owned()));
    assert_eq!((desk.draft.as_str(), desk.toast), ("Which?", None));
}
