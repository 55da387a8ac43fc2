use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::FaultCode;

/// The body of `POST /v1/worker/tokens/resolve`: a job asks for its owner's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveRequest {
    /// The job whose owner the token belongs to.
    pub job_id: String,
    /// The MCP server to call.
    pub mcp_server_id: String,
    /// Must match the job's owner if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_sub: Option<String>,
    /// How long the token has to last at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ttl_seconds: Option<u32>,
    /// Lowercase hex SHA-256 of the bare token that the worker holds: `204` when it is still the one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_sha256: Option<String>,
    /// Lowercase hex SHA-256 of the bare token that the MCP server refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_sha256: Option<String>,
    /// The raw `WWW-Authenticate` of that refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// How long the answer may wait for a person, at most 25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u32>,
}

/// A token for one server and one person. Never a refresh token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedToken {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// `null` when the provider does not say.
    pub expires_at: Option<DateTime<Utc>>,
    /// How long that is, in whole seconds, by the clock that the end is written by: the database's. Whoever counts from
    /// the moment it asked needs no clock that is right.
    #[serde(default)]
    pub expires_in_seconds: Option<u64>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// The resource the token was asked for (RFC 8707).
    pub resource: String,
    /// The only address the worker may send it to.
    pub server_url: String,
}

impl std::fmt::Debug for ResolvedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResolvedToken")
            .field("access_token", &"***")
            .field("expires_at", &self.expires_at)
            .field("server_url", &self.server_url)
            .finish_non_exhaustive()
    }
}

/// The worker's 409: only a person can help.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconnectRequired {
    /// Always `mcp_auth_required`.
    pub error: String,
    /// One English sentence.
    pub message: String,
    /// The source to reconnect.
    pub source_id: String,
    /// The fault, or `disconnected`.
    pub reason: String,
    /// What is missing, for `scope_mismatch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_scopes: Option<Vec<String>>,
    /// Our launch page, absolute.
    pub connect_url: String,
    /// Until when the job may wait; `null` when it should not.
    #[serde(default)]
    pub waits_until: Option<DateTime<Utc>>,
}

/// Keeps a fault and "never connected" in one vocabulary.
impl ReconnectRequired {
    /// The word for [`ReconnectRequired::reason`].
    pub fn reason_for(fault: Option<FaultCode>) -> String {
        fault.map_or("disconnected", FaultCode::as_str).to_owned()
    }
}
