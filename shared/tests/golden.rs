//! The bodies in `golden/`, which the service is tested to send and the page to read, and what other backends send.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use aiq_connect_shared::{
    AuthRequired, AuthStatus, BlockedStatus, DataSource, FaultCode, FlowState, JobState, PerUserAuth, StatusAnswer,
};
use serde_json::{Value, json};

fn listing() -> Vec<DataSource> {
    serde_json::from_str(include_str!("golden/data_sources.json")).unwrap()
}

#[test]
fn the_golden_listing_is_read_and_written_without_loss() {
    let golden: Value = serde_json::from_str(include_str!("golden/data_sources.json")).unwrap();
    assert_eq!(serde_json::to_value(listing()).unwrap(), golden);
}

#[test]
fn the_golden_listing_means_what_it_says() {
    let sources = listing();
    let statuses: Vec<_> =
        sources.iter().map(|source| source.per_user_auth.as_ref().and_then(|block| block.status)).collect();
    assert_eq!(statuses, [Some(AuthStatus::Connected), Some(AuthStatus::Disconnected), None]);
    let connected = sources[0].per_user_auth.as_ref().unwrap();
    assert_eq!(connected.scopes, ["rows:read", "offline_access"]);
    assert_eq!(serde_json::to_value(connected.expires_at).unwrap(), "2026-01-02T03:04:05Z");
}

#[test]
fn a_listing_of_aiqs_own_backend_is_read() {
    let upstream = json!({
        "id": "crm", "name": "CRM",
        "per_user_auth": {
            "required": true, "status": "not_connected", "last_error": "token expired",
            "error": "something that only AIQ says", "auth_url": null, "something_new": {"a": [1]},
        },
        "something_new": true,
    });
    let source: DataSource = serde_json::from_value(upstream).unwrap();
    assert!(source.default_enabled && !source.requires_auth);
    let block = source.per_user_auth.unwrap();
    assert_eq!(block.status, Some(AuthStatus::Disconnected));
    assert!(block.renewable);
    assert_eq!(block.kind, "mcp_oauth2");
    let error = block.error.unwrap();
    assert_eq!((error.code, error.message.as_str()), (FaultCode::Unknown, "something that only AIQ says"));
}

#[test]
fn unknown_words_degrade_and_spoil_nothing_beside_them() {
    let mut golden: Value = serde_json::from_str(include_str!("golden/data_sources.json")).unwrap();
    golden[0]["per_user_auth"]["status"] = "hibernating".into();
    golden[0]["per_user_auth"]["error"] = json!({"code": "cosmic_rays", "message": "m", "more": 1});
    golden[0]["per_user_auth"]["flow"] = json!({
        "id": "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11", "state": "levitating", "expires_at": "2026-01-02T03:04:05Z",
        "code": "cosmic_rays",
    });
    let sources: Vec<DataSource> = serde_json::from_value(golden).unwrap();
    let block = sources[0].per_user_auth.as_ref().unwrap();
    assert_eq!(block.status, Some(AuthStatus::Unknown));
    assert_eq!(block.error.as_ref().unwrap().code, FaultCode::Unknown);
    let flow = block.flow.as_ref().unwrap();
    assert_eq!((flow.state, flow.code), (FlowState::Unknown, Some(FaultCode::Unknown)));
    assert_eq!(sources[1].per_user_auth.as_ref().unwrap().status, Some(AuthStatus::Disconnected));
    assert_eq!(serde_json::from_value::<JobState>(json!("resting")).unwrap(), JobState::Unknown);
}

#[test]
fn a_block_may_say_as_little_as_whether_it_is_required() {
    let block: PerUserAuth = serde_json::from_value(json!({"required": false})).unwrap();
    assert_eq!((block.status, block.renewable, block.missing_scopes.len()), (None, true, 0));
}

#[test]
fn a_refusal_of_a_submission_is_read_from_aiq_as_from_us() {
    let body = json!({
        "error": "mcp_auth_required", "message": "m",
        "sources": [
            {"source_id": "a", "status": "not_connected", "connect_url": "/x"},
            {"source_id": "b", "status": "disconnected", "reason": "cosmic_rays"},
            {"source_id": "c", "status": "hibernating", "auth_url": null},
        ],
    });
    let refusal: AuthRequired = serde_json::from_value(body).unwrap();
    let statuses: Vec<_> = refusal.sources.iter().map(|source| source.status).collect();
    assert_eq!(statuses, [BlockedStatus::NotConnected, BlockedStatus::NotConnected, BlockedStatus::Unknown]);
    assert_eq!(refusal.sources[1].reason, Some(FaultCode::Unknown));
}

#[test]
fn every_fault_reads_back_from_its_own_word() {
    let words = [
        "revoked",
        "scope_mismatch",
        "idp_unreachable",
        "client_misconfigured",
        "registration_rejected",
        "consent_denied",
        "issuer_mismatch",
        "provider_moved",
        "rejected_by_server",
        "account_changed",
        "unknown",
    ];
    for word in words {
        let code: FaultCode = serde_json::from_value(json!(word)).unwrap();
        assert_eq!((code.as_str(), FaultCode::from_word(word)), (word, code));
        assert_eq!(serde_json::to_value(code).unwrap(), word);
    }
}

#[test]
fn a_status_may_leave_out_all_but_source_and_status() {
    let answer: StatusAnswer = serde_json::from_value(json!({"source_id": "a", "status": "expired"})).unwrap();
    assert_eq!((answer.status, answer.flow), (AuthStatus::Expired, None));
}
