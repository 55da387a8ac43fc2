use super::*;
use crate::state::connections::samples::noon;

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
