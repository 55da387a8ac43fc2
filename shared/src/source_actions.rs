use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AuthStatus, FaultReport, Flow, Intent};

/// The optional body of `POST /v1/auth/mcp/{source}/connect`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// With an intent, a source that is connected already is connected anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

/// The answer of `POST /v1/auth/mcp/{source}/connect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectAnswer {
    /// The source.
    pub source_id: String,
    /// `auth_required`, or `connected` when there is nothing to do.
    pub status: String,
    /// **Our own** launch page, absolute; `null` when connected.
    pub auth_url: Option<String>,
    /// When the flow ends; `null` when connected.
    pub expires_at: Option<DateTime<Utc>>,
    /// To poll by; `null` when connected.
    #[serde(default)]
    pub flow_id: Option<Uuid>,
}

/// The answer of `GET /v1/auth/mcp/{source}/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// The source.
    pub source_id: String,
    /// The grant's status.
    pub status: AuthStatus,
    /// When the access token ends.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Our launch page.
    #[serde(default)]
    pub connect_url: Option<String>,
    /// What is wrong with the grant.
    #[serde(default)]
    pub error: Option<FaultReport>,
    /// `error.message`, under AIQ's name for it.
    #[serde(default)]
    pub last_error: Option<String>,
    /// The flow that `?flow=` named, or the one under way.
    #[serde(default)]
    pub flow: Option<Flow>,
}

/// The answer of `POST` or `DELETE /v1/auth/mcp/{source}/disconnect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectAnswer {
    /// The source.
    pub source_id: String,
    /// `disconnected`.
    pub status: AuthStatus,
    /// Whether the provider confirmed that it ended the tokens (RFC 7009); `null` when there was nothing to end.
    pub revoked_at_provider: Option<bool>,
    /// Running jobs that could use the grant until now.
    #[serde(default)]
    pub jobs_affected: u32,
}
