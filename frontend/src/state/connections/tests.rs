mod walk;

use aiq_connect_shared::{
    AuthRequired, AuthStatus, BlockedSource, BlockedStatus, DataSource, DisconnectAnswer, FaultCode, Flow, FlowState,
    Intent, StatusAnswer,
};
use chrono::TimeDelta;
use uuid::Uuid;

use super::samples::{auth, free, noon, protected};
use super::*;
use crate::state::row_state::{Away, Kind, RowAction};

const FLOW: Uuid = Uuid::from_u128(1);

fn loaded(list: Vec<DataSource>) -> Connections {
    let mut connections = Connections::default();
    load(&mut connections, list);
    connections
}

fn load(connections: &mut Connections, list: Vec<DataSource>) {
    connections.apply(Action::Loaded { list, etag: Some("\"1\"".to_owned()), at: noon() });
}

#[test]
fn only_what_is_listed_as_working_and_ended_without_renewal_is_a_reason_to_ask() {
    let with = |status, renewable, minutes| {
        let mut source = protected("a", status);
        let block = source.per_user_auth.as_mut().unwrap();
        (block.renewable, block.expires_at) = (renewable, Some(noon() + TimeDelta::minutes(minutes)));
        loaded(vec![free("web", true), source]).lapsed(noon())
    };
    assert_eq!(with(AuthStatus::Connected, false, 0), vec![noon()]);
    assert!(with(AuthStatus::Connected, false, 1).is_empty());
    assert!(with(AuthStatus::Connected, true, 0).is_empty());
    assert!(with(AuthStatus::Expired, false, 0).is_empty());
}

fn connecting(status: AuthStatus) -> Connections {
    let mut connections = loaded(vec![free("web", true), protected("a", status)]);
    connections.apply(Action::FlowStarted("a".to_owned(), OpenFlow::start(FLOW, Intent::Reconnect, true, noon())));
    connections
}

fn answer(status: AuthStatus, state: FlowState, code: Option<FaultCode>) -> StatusAnswer {
    StatusAnswer {
        source_id: "a".to_owned(),
        status,
        expires_at: None,
        connect_url: None,
        error: None,
        last_error: None,
        flow: Some(Flow { id: FLOW, state, expires_at: noon() + TimeDelta::minutes(10), code }),
    }
}

fn hear(connections: &mut Connections, answer: StatusAnswer) {
    connections.apply(Action::FlowHeard { flow: FLOW, answer, at: noon(), focus: Focus::Row });
}

fn kind(connections: &Connections) -> Kind {
    connections.row(connections.sources.find("a").unwrap(), noon()).kind
}

#[test]
fn a_successful_sign_in_connects_and_switches_the_source_on() {
    let mut connections = connecting(AuthStatus::Disconnected);
    assert!(!connections.switches.is_on("a"));
    hear(&mut connections, answer(AuthStatus::Connected, FlowState::Succeeded, None));
    assert_eq!(kind(&connections), Kind::Connected);
    assert!(connections.switches.is_on("a"));
    assert_eq!(connections.news.value, [News::Ended("a".to_owned(), Ended::Succeeded)]);
    assert_eq!(connections.focus.value, "details-a");
    assert_eq!(connections.sources.etag, None, "the listing we have is no longer the one the etag names");
}

#[test]
fn a_denied_sign_in_saves_nothing_and_leaves_the_switch() {
    let mut connections = connecting(AuthStatus::Disconnected);
    connections.apply(Action::Switched("a".to_owned(), true));
    hear(&mut connections, answer(AuthStatus::Disconnected, FlowState::Denied, None));
    assert_eq!(kind(&connections), Kind::Denied);
    assert!(connections.switches.is_on("a"));
    assert_eq!(connections.blocking(noon()).len(), 1);
}

#[test]
fn a_failed_reconnect_keeps_the_working_grant() {
    let mut connections = connecting(AuthStatus::Connected);
    hear(&mut connections, answer(AuthStatus::Connected, FlowState::Failed, Some(FaultCode::IdpUnreachable)));
    assert_eq!(kind(&connections), Kind::Connected);
    assert_eq!(connections.notices["a"], Notice::Failed(FaultCode::IdpUnreachable));
}

#[test]
fn the_next_action_takes_the_last_sentence_away() {
    let mut connections = connecting(AuthStatus::Disconnected);
    hear(&mut connections, answer(AuthStatus::Disconnected, FlowState::Denied, None));
    let next = OpenFlow::start(Uuid::from_u128(2), Intent::Reconnect, true, noon());
    connections.apply(Action::FlowStarted("a".to_owned(), next));
    assert!(connections.notices.is_empty());
}

#[test]
fn a_nudge_only_makes_the_page_ask() {
    let mut connections = connecting(AuthStatus::Disconnected);
    connections.apply(Action::Nudged(Uuid::from_u128(9), Focus::Row));
    assert_eq!(kind(&connections), Kind::Connecting, "a foreign nudge is not about this sign-in");
    connections.apply(Action::Nudged(FLOW, Focus::Row));
    assert_eq!(kind(&connections), Kind::Checking);
    assert_eq!(connections.focus.value, "details-a", "the button that had the focus is gone");
    hear(&mut connections, answer(AuthStatus::Disconnected, FlowState::Pending, None));
    assert_eq!(kind(&connections), Kind::Connecting, "the service is right");
}

#[test]
fn a_late_answer_about_an_ended_sign_in_changes_nothing() {
    let mut connections = connecting(AuthStatus::Disconnected);
    connections.apply(Action::FlowCancelled("a".to_owned()));
    let before = connections.clone();
    hear(&mut connections, answer(AuthStatus::Connected, FlowState::Succeeded, None));
    assert_eq!(connections, before);
}

#[test]
fn a_sign_in_that_is_pending_at_the_service_is_restored_but_not_one_that_ended_here() {
    let mut pending = protected("a", AuthStatus::Disconnected);
    pending.per_user_auth.as_mut().unwrap().flow = answer(AuthStatus::Disconnected, FlowState::Pending, None).flow;
    let mut connections = loaded(vec![pending.clone()]);
    assert_eq!(kind(&connections), Kind::Connecting);
    connections.apply(Action::FlowCancelled("a".to_owned()));
    load(&mut connections, vec![pending]);
    assert_eq!(kind(&connections), Kind::Disconnected);
}

#[test]
fn a_service_that_does_not_answer_ends_a_sign_in_only_when_its_time_is_over() {
    let mut connections = connecting(AuthStatus::Disconnected);
    connections.apply(Action::FlowUnheard("a".to_owned(), noon() + TimeDelta::minutes(9)));
    assert_eq!(kind(&connections), Kind::Connecting);
    connections.apply(Action::FlowUnheard("a".to_owned(), noon() + TimeDelta::minutes(10)));
    assert_eq!(connections.notices["a"], Notice::TimedOut);
}

#[test]
fn a_window_that_was_refused_offers_a_link_and_takes_the_focus_there() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Disconnected)]);
    connections.apply(Action::FlowStarted("a".to_owned(), OpenFlow::start(FLOW, Intent::Reconnect, false, noon())));
    assert_eq!(kind(&connections), Kind::WindowBlocked);
    assert_eq!(connections.focus.value, "popup-link-a");
    connections.apply(Action::LinkFollowed("a".to_owned()));
    assert_eq!(kind(&connections), Kind::Connecting);
}

#[test]
fn another_account_than_before_is_told() {
    let mut connections = connecting(AuthStatus::Connected);
    hear(&mut connections, answer(AuthStatus::Connected, FlowState::Succeeded, None));
    let mut source = protected("a", AuthStatus::Connected);
    source.per_user_auth.as_mut().unwrap().account_label = Some("octo-cat".to_owned());
    load(&mut connections, vec![source]);
    let changed = Notice::AccountChanged { from: "mona-lisa".to_owned(), to: "octo-cat".to_owned() };
    assert_eq!(connections.notices.get("a"), Some(&changed));
}

#[test]
fn the_same_account_again_is_not_worth_a_word() {
    let mut connections = connecting(AuthStatus::Connected);
    hear(&mut connections, answer(AuthStatus::Connected, FlowState::Succeeded, None));
    load(&mut connections, vec![protected("a", AuthStatus::Connected)]);
    assert!(connections.notices.is_empty());
}

#[test]
fn disconnecting_forgets_the_account_and_switches_off() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
    connections.apply(Action::Confirming(Some("a".to_owned())));
    assert_eq!(connections.focus.value, "keep-a");
    connections.apply(Action::Disconnecting("a".to_owned()));
    assert_eq!(kind(&connections), Kind::Disconnecting);
    connections.apply(Action::Disconnected(disconnected(Some(true))));
    let block = connections.sources.find("a").unwrap().per_user_auth.clone().unwrap();
    assert_eq!((kind(&connections), block.account_label, block.scopes), (Kind::Disconnected, None, Vec::new()));
    assert!(!connections.switches.is_on("a"));
    assert!(connections.notices.is_empty());
}

#[test]
fn a_provider_that_could_not_be_told_is_not_hidden() {
    for (told, notice) in [(Some(false), Some(Notice::ProviderNotTold)), (None, None), (Some(true), None)] {
        let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
        connections.apply(Action::Disconnected(disconnected(told)));
        assert_eq!(connections.notices.get("a"), notice.as_ref());
    }
}

#[test]
fn a_disconnect_that_failed_keeps_the_source_connected() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
    connections.apply(Action::Disconnecting("a".to_owned()));
    connections.apply(Action::NotDisconnected("a".to_owned()));
    assert_eq!(kind(&connections), Kind::Connected);
    assert!(connections.switches.is_on("a"));
}

fn disconnected(told: Option<bool>) -> DisconnectAnswer {
    DisconnectAnswer {
        source_id: "a".to_owned(),
        status: AuthStatus::Disconnected,
        revoked_at_provider: told,
        jobs_affected: 0,
    }
}

#[test]
fn a_refused_submission_is_newer_than_the_listing() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
    connections.apply(Action::Refused(AuthRequired::new(vec![BlockedSource {
        source_id: "a".to_owned(),
        status: BlockedStatus::Error,
        connect_url: None,
        auth_url: None,
        reason: Some(FaultCode::Revoked),
        name: None,
    }])));
    assert_eq!(kind(&connections), Kind::Failed(FaultCode::Revoked));
    assert_eq!(connections.blocking(noon()).len(), 1);
}

#[test]
fn the_master_switch_never_turns_on_what_would_block() {
    let list =
        vec![free("web", false), protected("a", AuthStatus::Disconnected), protected("b", AuthStatus::Connected)];
    let mut connections = loaded(list);
    connections.apply(Action::SwitchedAll(true, noon()));
    let on = |id| connections.switches.is_on(id);
    assert_eq!((on("web"), on("a"), on("b")), (true, false, true));
    let news = News::TurnedOn { on: 2, of: 3, skipped: vec!["a".to_owned()] };
    assert_eq!(connections.news.value, [news]);
}

#[test]
fn the_master_switch_turns_everything_off() {
    let mut connections = loaded(vec![free("web", true), protected("a", AuthStatus::Disconnected)]);
    connections.apply(Action::Switched("a".to_owned(), true));
    connections.apply(Action::SwitchedAll(false, noon()));
    assert!(connections.selected(noon()).is_empty());
}

#[test]
fn an_unreachable_service_keeps_what_was_shown() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
    connections.apply(Action::Unreachable);
    assert_eq!(kind(&connections), Kind::Connected);
    assert!(connections.sources.is_unreachable);
    connections.apply(Action::Confirmed(noon()));
    assert!(!connections.sources.is_unreachable);
}

#[test]
fn being_signed_out_keeps_everything_and_is_said_once() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Connected)]);
    connections.apply(Action::SignedOut);
    connections.apply(Action::SignedOut);
    assert_eq!((connections.is_signed_out, connections.news.number), (true, 1));
    assert_eq!(kind(&connections), Kind::Unavailable(Away::SignedOut));
    connections.apply(Action::Confirmed(noon()));
    assert_eq!((connections.is_signed_out, kind(&connections)), (false, Kind::Connected));
}

#[test]
fn a_new_listing_takes_back_a_sentence_that_it_contradicts() {
    let mut connections = connecting(AuthStatus::Disconnected);
    hear(&mut connections, answer(AuthStatus::Disconnected, FlowState::Failed, Some(FaultCode::IdpUnreachable)));
    load(&mut connections, vec![protected("a", AuthStatus::Disconnected)]);
    let row = |connections: &Connections| connections.row(connections.sources.find("a").unwrap(), noon());
    assert_eq!(row(&connections).action(), Some(RowAction::TryAgain), "an unchanged listing contradicts nothing");
    load(&mut connections, vec![protected("a", AuthStatus::Connected)]);
    assert_eq!((row(&connections).kind, row(&connections).notice), (Kind::Connected, None));
}

#[test]
fn the_samples_are_what_the_service_sends() {
    let text = serde_json::to_string(&auth("a", AuthStatus::Connected)).unwrap();
    assert!(text.contains(r#""type":"mcp_oauth2""#));
}

#[test]
fn the_focus_stays_near_the_button_that_went_away_and_is_else_left_alone() {
    for (focus, wanted) in [(Focus::Row, "details-a"), (Focus::Blocker, "blocker-title"), (Focus::Elsewhere, "")] {
        let mut connections = connecting(AuthStatus::Disconnected);
        let answer = answer(AuthStatus::Connected, FlowState::Succeeded, None);
        connections.apply(Action::FlowHeard { flow: FLOW, answer, at: noon(), focus });
        assert_eq!(connections.focus.value, wanted);
    }
}

#[test]
fn trying_again_shows_that_it_is_asked_and_tells_how_it_ended() {
    for (status, works) in [(AuthStatus::Connected, true), (AuthStatus::Error, false)] {
        let mut connections = loaded(vec![protected("a", AuthStatus::Error)]);
        connections.apply(Action::Rechecking("a".to_owned()));
        assert_eq!(kind(&connections), Kind::Checking);
        load(&mut connections, vec![protected("a", status)]);
        assert_ne!(kind(&connections), Kind::Checking);
        assert_eq!(connections.news.value, [News::Rechecked("a".to_owned(), works)]);
    }
}

#[test]
fn trying_again_ends_when_nobody_answers() {
    let mut connections = loaded(vec![protected("a", AuthStatus::Error)]);
    connections.apply(Action::Rechecking("a".to_owned()));
    connections.apply(Action::Unreachable);
    assert_eq!(kind(&connections), Kind::Failed(FaultCode::Unknown));
}
