use aiq_connect_shared::{AuthStatus, DataSource};
use chrono::TimeDelta;

use super::*;
use crate::state::connections::Action;
use crate::state::connections::samples::{faulty, noon, protected};
use crate::state::job_wait::samples::{hear, required, restored, skipped};

fn job(state: JobState) -> Job {
    Job {
        id: "j1".to_owned(),
        question: "Which?".to_owned(),
        sources: Vec::new(),
        asked_at: noon(),
        state,
        report: None,
        has_no_report: false,
        is_out_of_touch: false,
    }
}

fn listing(list: Vec<DataSource>, at: DateTime<Utc>) -> Connections {
    let mut connections = Connections::default();
    connections.apply(Action::Loaded { list, etag: None, at });
    connections
}

fn waits(events: impl IntoIterator<Item = aiq_connect_shared::JobEvent>) -> JobWaits {
    let mut waits = JobWaits::default();
    hear(&mut waits, events);
    waits
}

fn phase(state: JobState, waits: &JobWaits) -> Option<Phase> {
    let connections = listing(vec![protected("servicenow", AuthStatus::Expired)], noon());
    Prompt::look(&job(state), waits, &connections, noon()).map(|prompt| prompt.phase())
}

#[test]
fn while_the_job_runs_the_phase_is_what_the_stream_said() {
    let lost = required("servicenow", "expired", Some(15));
    assert_eq!(phase(JobState::Running, &JobWaits::default()), None);
    assert_eq!(phase(JobState::Running, &waits([lost.clone()])), Some(Phase::Waiting));
    assert_eq!(phase(JobState::Running, &waits([lost.clone(), restored("servicenow")])), Some(Phase::Restored));
    let gone = waits([lost, skipped("servicenow", SkipReason::DeadlinePassed)]);
    assert_eq!(phase(JobState::Running, &gone), Some(Phase::Without(SkipReason::DeadlinePassed)));
}

#[test]
fn when_the_job_is_over_only_what_was_missing_is_told() {
    let lost = required("servicenow", "expired", Some(15));
    assert_eq!(phase(JobState::Success, &waits([lost.clone(), restored("servicenow")])), None);
    assert_eq!(phase(JobState::Success, &waits([lost.clone()])), Some(Phase::Finished));
    assert_eq!(phase(JobState::Failure, &waits([lost])), Some(Phase::Ended));
}

#[test]
fn a_source_that_works_again_by_a_newer_listing_is_about_to_be_noticed() {
    let lost = waits([required("servicenow", "expired", Some(15))]);
    let works = |at| {
        let connections = listing(vec![protected("servicenow", AuthStatus::Connected)], at);
        Prompt::look(&job(JobState::Running), &lost, &connections, noon()).map(|prompt| prompt.phase())
    };
    assert_eq!(works(noon() + TimeDelta::seconds(1)), Some(Phase::Resuming));
    assert_eq!(works(noon() - TimeDelta::seconds(1)), Some(Phase::Waiting), "the listing is older than the loss");
    let doubtful = faulty("servicenow", AuthStatus::Connected, FaultCode::RejectedByServer);
    let connections = listing(vec![doubtful], noon() + TimeDelta::seconds(1));
    let prompt = Prompt::look(&job(JobState::Running), &lost, &connections, noon()).unwrap();
    assert_eq!(prompt.phase(), Phase::Waiting, "connected, but not in order");
}

#[test]
fn the_most_pressing_source_speaks_for_the_card() {
    let many = waits([
        required("github", "revoked", Some(15)),
        skipped("github", SkipReason::Skipped),
        required("box", "expired", Some(15)),
        restored("box"),
        required("servicenow", "expired", Some(15)),
    ]);
    assert_eq!(phase(JobState::Running, &many), Some(Phase::Waiting));
}

#[test]
fn the_next_step_is_a_sign_in_where_that_helps_and_none_where_it_does_not() {
    let action = |reason: &str, end: Option<SkipReason>, status| {
        let mut heard = waits([required("servicenow", reason, end.is_none().then_some(15))]);
        hear(&mut heard, end.map(|end| skipped("servicenow", end)));
        let connections = listing(vec![protected("servicenow", status)], noon());
        Prompt::look(&job(JobState::Running), &heard, &connections, noon()).unwrap().items[0].action()
    };
    let broken = AuthStatus::Expired;
    assert_eq!(action("expired", None, broken), Some(RowAction::Reconnect));
    assert_eq!(action("scope_mismatch", None, broken), Some(RowAction::AddPermission));
    assert_eq!(action("expired", Some(SkipReason::Skipped), broken), Some(RowAction::Reconnect));
    assert_eq!(action("expired", Some(SkipReason::Skipped), AuthStatus::Connected), None);
    let not_set_up = Some(SkipReason::NotRecoverable);
    assert_eq!(action("client_misconfigured", not_set_up, broken), Some(RowAction::CopyDetails));
}

#[test]
fn a_source_that_is_not_listed_any_more_still_has_its_prompt() {
    let lost = waits([required("servicenow", "expired", Some(15))]);
    let prompt = Prompt::look(&job(JobState::Running), &lost, &Connections::default(), noon()).unwrap();
    assert_eq!((prompt.phase(), prompt.items[0].row.clone()), (Phase::Waiting, None));
}
