use chrono::TimeDelta;

use super::*;
use crate::state::connections::samples::{auth, faulty, free, noon, protected};

fn derive(source: &DataSource) -> RowState {
    RowState::derive(source, None, None, None, noon())
}

fn after(source: &DataSource, notice: &Notice) -> RowState {
    RowState::derive(source, None, Some(notice), None, noon())
}

#[test]
fn a_source_without_accounts_has_no_status() {
    let row = derive(&free("web", true));
    assert_eq!((row.kind, row.action(), row.blocks()), (Kind::Free, None, false));
}

#[test]
fn every_status_has_its_state_and_its_one_action() {
    let cases = [
        (AuthStatus::Disconnected, "disconnected", Some(RowAction::Connect), true),
        (AuthStatus::Connected, "connected", None, false),
        (AuthStatus::Expired, "expired", Some(RowAction::Reconnect), true),
        (AuthStatus::Error, "error.unknown", Some(RowAction::Reconnect), true),
        (AuthStatus::Unknown, "error.unknown", Some(RowAction::Reconnect), true),
    ];
    for (status, word, action, blocks) in cases {
        let row = derive(&protected("a", status));
        assert_eq!((row.word().as_str(), row.action(), row.blocks()), (word, action, blocks), "{status:?}");
    }
}

#[test]
fn every_fault_of_a_broken_grant_has_its_state_and_its_one_action() {
    let cases = [
        (FaultCode::Revoked, "error.revoked", RowAction::Reconnect),
        (FaultCode::ScopeMismatch, "error.scope_mismatch", RowAction::AddPermission),
        (FaultCode::IdpUnreachable, "error.idp_unreachable", RowAction::Recheck),
        (FaultCode::ClientMisconfigured, "error.client_misconfigured", RowAction::CopyDetails),
        (FaultCode::RegistrationRejected, "error.registration_rejected", RowAction::CopyDetails),
        (FaultCode::ConsentDenied, "error.consent_denied", RowAction::Connect),
        (FaultCode::IssuerMismatch, "error.issuer_mismatch", RowAction::Reconnect),
        (FaultCode::ProviderMoved, "error.provider_moved", RowAction::Reconnect),
        (FaultCode::RejectedByServer, "error.rejected_by_server", RowAction::Recheck),
        (FaultCode::AccountChanged, "error.account_changed", RowAction::Reconnect),
        (FaultCode::Unknown, "error.unknown", RowAction::Reconnect),
    ];
    for (code, word, action) in cases {
        let row = derive(&faulty("a", AuthStatus::Error, code));
        assert_eq!((row.word().as_str(), row.action()), (word, Some(action)));
        assert!(row.blocks(), "{code:?} has to block");
    }
}

#[test]
fn a_fault_beside_a_working_grant_keeps_it_working() {
    for code in [FaultCode::ConsentDenied, FaultCode::IdpUnreachable, FaultCode::IssuerMismatch] {
        let row = derive(&faulty("a", AuthStatus::Connected, code));
        assert_eq!(row.kind, Kind::Connected);
        assert!(row.notice.is_some(), "{code:?} has to be told");
        assert!(!row.blocks());
    }
}

#[test]
fn a_denied_sign_in_leaves_a_source_unconnected_and_says_so() {
    let row = after(&protected("a", AuthStatus::Disconnected), &Notice::Denied);
    assert_eq!((row.kind, row.action()), (Kind::Denied, Some(RowAction::Connect)));
}

#[test]
fn a_denied_reconnect_keeps_what_was_there() {
    let row = after(&protected("a", AuthStatus::Connected), &Notice::Denied);
    assert_eq!((row.kind, row.notice), (Kind::Connected, Some(Notice::Denied)));
}

#[test]
fn a_provider_that_was_away_at_the_first_sign_in_can_be_tried_again() {
    let row = after(&protected("a", AuthStatus::Disconnected), &Notice::Failed(FaultCode::IdpUnreachable));
    assert_eq!((row.kind, row.action()), (Kind::Failed(FaultCode::IdpUnreachable), Some(RowAction::TryAgain)));
}

#[test]
fn a_first_sign_in_that_failed_otherwise_is_simply_not_connected() {
    let row = after(&protected("a", AuthStatus::Disconnected), &Notice::Failed(FaultCode::IssuerMismatch));
    assert_eq!((row.kind, row.action()), (Kind::Disconnected, Some(RowAction::Connect)));
    assert_eq!(row.notice, Some(Notice::Failed(FaultCode::IssuerMismatch)));
}

#[test]
fn only_a_grant_that_cannot_renew_itself_expires_soon() {
    let mut source = protected("a", AuthStatus::Connected);
    let with = |source: &mut DataSource, renewable, minutes| {
        let mut block = auth("a", AuthStatus::Connected);
        block.renewable = renewable;
        block.expires_at = Some(noon() + TimeDelta::minutes(minutes));
        source.per_user_auth = Some(block);
        derive(source).kind
    };
    assert_eq!(with(&mut source, true, 1), Kind::Connected);
    assert_eq!(with(&mut source, false, 16), Kind::Connected);
    assert_eq!(with(&mut source, false, 15), Kind::ExpiringSoon);
    assert!(derive(&source).is_usable());
}

#[test]
fn an_open_sign_in_decides_over_every_status() {
    for status in [AuthStatus::Disconnected, AuthStatus::Connected, AuthStatus::Expired, AuthStatus::Error] {
        let source = protected("a", status);
        let row = |has_window: bool, phase: Option<Phase>| {
            let mut flow =
                OpenFlow::start(uuid::Uuid::from_u128(1), aiq_connect_shared::Intent::Reconnect, has_window, noon());
            flow.phase = phase.unwrap_or(flow.phase);
            RowState::derive(&source, Some(&flow), None, None, noon())
        };
        assert_eq!(
            (row(true, None).word().as_str(), row(true, None).action()),
            ("connecting", Some(RowAction::Cancel))
        );
        assert_eq!(row(false, None).word(), "popup_blocked");
        assert_eq!(
            (row(true, Some(Phase::Checking)).kind, row(true, Some(Phase::Checking)).action()),
            (Kind::Checking, None)
        );
        assert!(row(true, None).blocks());
    }
}

#[test]
fn a_slow_sign_in_says_that_it_is_still_waiting() {
    let source = protected("a", AuthStatus::Disconnected);
    let mut flow = OpenFlow::start(uuid::Uuid::from_u128(1), aiq_connect_shared::Intent::Reconnect, true, noon());
    let at = |flow: &OpenFlow, minutes| {
        RowState::derive(&source, Some(flow), None, None, noon() + TimeDelta::minutes(minutes)).notice
    };
    assert_eq!(at(&flow, 2), None);
    assert_eq!(at(&flow, 3), Some(Notice::StillWaiting));
    flow.window_gone = true;
    assert_eq!(at(&flow, 3), Some(Notice::WindowGone));
}

#[test]
fn what_an_administrator_turned_off_has_no_action_and_does_not_block() {
    let mut source = protected("a", AuthStatus::Error);
    source.per_user_auth.as_mut().unwrap().admin_disabled = true;
    let row = derive(&source);
    assert_eq!((row.word().as_str(), row.action(), row.blocks()), ("blocked_by_admin", None, false));
}

#[test]
fn an_optional_source_without_a_status_is_free() {
    let mut source = protected("a", AuthStatus::Disconnected);
    let block = source.per_user_auth.as_mut().unwrap();
    (block.required, block.status) = (false, None);
    assert_eq!(derive(&source).kind, Kind::Free);
    source.per_user_auth.as_mut().unwrap().required = true;
    assert_eq!(derive(&source).kind, Kind::Disconnected);
}

#[test]
fn words_of_a_newer_server_and_of_aiq_itself_are_understood() {
    let read = |json: &str| derive(&serde_json::from_str(json).unwrap()).word();
    let source = |auth: &str| format!(r#"{{"id":"a","name":"A","per_user_auth":{auth}}}"#);
    assert_eq!(read(&source(r#"{"required":true,"status":"not_connected"}"#)), "disconnected");
    assert_eq!(read(&source(r#"{"required":true,"status":"sleeping"}"#)), "error.unknown");
    assert_eq!(read(&source(r#"{"required":true,"status":"error","error":"free text"}"#)), "error.unknown");
    assert_eq!(read(&source(r#"{"required":true,"status":"error","error":{"code":"moon_phase"}}"#)), "error.unknown");
    assert_eq!(read(&source(r#"{"required":true,"status":"connected","last_error":null,"later":1}"#)), "connected");
    assert_eq!(read(r#"{"id":"a","name":"A"}"#), "free");
}
