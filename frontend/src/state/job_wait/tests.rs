use aiq_connect_shared::JobWait;
use chrono::TimeDelta;

use super::samples::{hear, required, restored, skipped};
use super::*;
use crate::state::connections::samples::noon;

fn answer(minutes: Option<i64>) -> JobWait {
    JobWait {
        job_id: "j1".to_owned(),
        source_id: "servicenow".to_owned(),
        waits_until: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
        can_extend: false,
    }
}

fn waiting() -> JobWaits {
    let mut waits = JobWaits::default();
    hear(&mut waits, [required("servicenow", "expired", Some(15))]);
    waits
}

#[test]
fn a_loss_is_news_and_the_job_waits() {
    let mut waits = JobWaits::default();
    let news = hear(&mut waits, [required("servicenow", "expired", Some(15))]);
    let until = noon() + TimeDelta::minutes(15);
    let (id, name) = ("servicenow".to_owned(), "ServiceNow".to_owned());
    assert_eq!(news, [Some(WaitNews::Waits { id, name, until })]);
    assert_eq!(waits.waiting().count(), 1);
}

#[test]
fn a_replay_says_nothing_new() {
    let events = [required("servicenow", "expired", Some(15)), restored("servicenow")];
    let mut waits = JobWaits::default();
    hear(&mut waits, events.clone());
    let before = waits.clone();
    for (id, event) in (1..).zip(events) {
        assert_eq!(waits.hear(Some(id), event, noon() + TimeDelta::hours(1), true), None);
    }
    assert_eq!(waits, before);
}

#[test]
fn a_replay_of_the_last_event_does_not_take_back_what_the_job_promised_since() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Extend);
    waits.answered(&answer(Some(30)));
    let before = waits.clone();
    waits.hear(Some(1), required("servicenow", "expired", Some(15)), noon(), true);
    assert_eq!(waits, before);
}

#[test]
fn a_wait_that_another_page_made_longer_is_longer_here_too_and_no_news() {
    let mut waits = waiting();
    assert_eq!(waits.hear(Some(1), required("servicenow", "expired", Some(30)), noon(), true), None);
    assert_eq!(waits.waits[0].waits_until, Some(noon() + TimeDelta::minutes(30)));
    assert_eq!((waits.last_event, waits.waiting().count()), (1, 1));
    hear(&mut waits, [restored("servicenow")]);
    let before = waits.clone();
    waits.hear(Some(1), required("servicenow", "expired", Some(45)), noon(), true);
    assert_eq!(waits, before, "what is over does not begin again");
}

#[test]
fn a_replay_without_numbers_does_not_double_either() {
    let mut waits = waiting();
    assert_eq!(waits.hear(None, required("servicenow", "expired", Some(15)), noon(), false), None);
    assert_eq!(waits.waits.len(), 1);
}

#[test]
fn a_second_loss_after_a_return_is_news_again() {
    let mut waits = waiting();
    let news = hear(&mut waits, [restored("servicenow"), required("servicenow", "revoked", Some(30))]);
    assert!(matches!(news.as_slice(), [Some(WaitNews::Back { .. }), Some(WaitNews::Waits { .. })]));
    assert_eq!(waits.waits.len(), 1, "the newest speaks for the source");
    assert_eq!(waits.waits[0].reason.as_deref(), Some("revoked"));
}

#[test]
fn a_loss_for_which_the_job_does_not_wait_is_told_by_its_end() {
    for reason in [SkipReason::TooManyWaiting, SkipReason::NotRecoverable, SkipReason::Disconnected] {
        let mut waits = JobWaits::default();
        let news = hear(&mut waits, [required("servicenow", "revoked", None), skipped("servicenow", reason)]);
        assert_eq!(news, [None, Some(WaitNews::Without { name: "ServiceNow".to_owned(), reason })]);
        assert_eq!(waits.waiting().count(), 0);
    }
}

#[test]
fn an_end_whose_beginning_was_missed_is_told_too() {
    let mut waits = JobWaits::default();
    hear(&mut waits, [skipped("servicenow", SkipReason::TooManyWaiting)]);
    assert_eq!(waits.waits[0].standing, Standing::Without(SkipReason::TooManyWaiting));
    assert_eq!(hear(&mut JobWaits::default(), [restored("github")]), [None], "nothing was lost as far as we know");
}

#[test]
fn waiting_longer_is_told_once_and_kept() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Extend);
    assert_eq!(waits.waits[0].asked, Some(WaitAction::Extend));
    let until = noon() + TimeDelta::minutes(30);
    assert_eq!(waits.answered(&answer(Some(30))), Some(WaitNews::Longer { name: "ServiceNow".to_owned(), until }));
    let wait = &waits.waits[0];
    assert_eq!((wait.waits_until, wait.can_extend, wait.asked), (Some(until), false, None));
}

#[test]
fn going_on_without_is_true_at_the_answer_and_the_event_adds_nothing() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Skip);
    assert!(matches!(waits.answered(&answer(None)), Some(WaitNews::Without { .. })));
    assert_eq!(waits.waits[0].standing, Standing::Without(SkipReason::Skipped));
    assert_eq!(hear(&mut waits, [skipped("servicenow", SkipReason::Skipped)]), [None]);
}

#[test]
fn asking_for_more_time_when_there_is_none_is_no_wish_to_go_on_without() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Extend);
    assert_eq!(waits.answered(&answer(None)), Some(WaitNews::Failed(WaitTrouble::Over)));
    assert_eq!(waits.waits[0].standing, Standing::Waiting, "how it ended, the stream says");
}

#[test]
fn an_answer_that_comes_after_the_end_changes_nothing() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Extend);
    hear(&mut waits, [restored("servicenow")]);
    assert_eq!(waits.answered(&answer(Some(30))), None);
    assert_eq!(waits.failed("servicenow", WaitTrouble::Unreachable), None);
    assert_eq!((waits.waits[0].standing, waits.waits[0].waits_until), (Standing::Restored, None));
}

#[test]
fn what_could_not_be_asked_says_so_until_the_next_attempt() {
    let mut waits = waiting();
    waits.ask("servicenow", WaitAction::Skip);
    assert_eq!(waits.failed("servicenow", WaitTrouble::Unreachable), Some(WaitNews::Failed(WaitTrouble::Unreachable)));
    assert_eq!((waits.waits[0].asked, waits.waits[0].trouble), (None, Some(WaitTrouble::Unreachable)));
    waits.ask("servicenow", WaitAction::Skip);
    assert_eq!(waits.waits[0].trouble, None);
}

#[test]
fn a_reload_restores_the_prompt_and_listens_behind_it() {
    let kept = serde_json::to_string(&waiting()).unwrap();
    let mut reloaded: JobWaits = serde_json::from_str(&kept).unwrap();
    assert_eq!(reloaded, waiting());
    assert_eq!(reloaded.hear(Some(1), required("servicenow", "expired", Some(15)), noon(), false), None);
}
