//! Sources as the service sends them, for tests.

use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, FaultReport, PerUserAuth};
use chrono::{DateTime, Utc};

/// The time in every test.
pub fn noon() -> DateTime<Utc> {
    "2026-11-03T12:00:00Z".parse().unwrap()
}

/// A source that needs no account.
pub fn free(id: &str, default_enabled: bool) -> DataSource {
    DataSource {
        id: id.to_owned(),
        name: name(id),
        description: Some("Open to everybody.".to_owned()),
        default_enabled,
        requires_auth: false,
        per_user_auth: None,
    }
}

/// A source that needs the person's own account.
pub fn protected(id: &str, status: AuthStatus) -> DataSource {
    DataSource { requires_auth: true, per_user_auth: Some(auth(id, status)), ..free(id, true) }
}

/// One with a fault.
pub fn faulty(id: &str, status: AuthStatus, code: FaultCode) -> DataSource {
    let mut source = protected(id, status);
    if let Some(auth) = &mut source.per_user_auth {
        auth.error = Some(FaultReport::new(code, Some("R-4711".to_owned())));
    }
    source
}

/// The block of a protected source, as the service sends it.
pub fn auth(id: &str, status: AuthStatus) -> PerUserAuth {
    let has_grant = status != AuthStatus::Disconnected;
    let mut auth: PerUserAuth = serde_json::from_value(serde_json::json!({ "required": true })).unwrap();
    auth.status = Some(status);
    auth.connect_url = Some(format!("/v1/auth/mcp/{id}/connect"));
    auth.disconnect_url = Some(format!("/v1/auth/mcp/{id}/disconnect"));
    auth.provider_host = Some(format!("{id}.example"));
    auth.scopes = vec!["incidents:read".to_owned()];
    auth.scope_labels = [("incidents:read".to_owned(), "Read incidents".to_owned())].into();
    if has_grant {
        auth.account_label = Some("mona-lisa".to_owned());
        auth.connected_at = Some(noon());
    } else {
        auth.scopes.clear();
    }
    auth
}

fn name(id: &str) -> String {
    match id {
        "servicenow" => "ServiceNow".to_owned(),
        "github" => "GitHub".to_owned(),
        other => other.to_owned(),
    }
}
