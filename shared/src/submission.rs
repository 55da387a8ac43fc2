use serde::{Deserialize, Serialize};

use crate::FaultCode;

/// The status words of the 409 body, which are AIQ's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockedStatus {
    /// No grant.
    #[serde(alias = "disconnected")]
    NotConnected,
    /// Lapsed, and cannot renew itself.
    Expired,
    /// Does not work; `reason` says why.
    Error,
    /// A newer server sent a word that this build does not know.
    #[serde(other)]
    Unknown,
}

/// One source that keeps a submission from being sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedSource {
    /// The source.
    pub source_id: String,
    /// What is missing.
    pub status: BlockedStatus,
    /// The way out: our launch page.
    #[serde(default)]
    pub connect_url: Option<String>,
    /// The same, absolute, for clients that open it as it is.
    #[serde(default)]
    pub auth_url: Option<String>,
    /// The fault, if one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FaultCode>,
    /// What people call the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The body of 409 on submit and preflight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthRequired {
    /// Always `mcp_auth_required`.
    pub error: String,
    /// One fixed English sentence.
    pub message: String,
    /// Every source that blocks, in the configured order.
    pub sources: Vec<BlockedSource>,
}

impl AuthRequired {
    /// The body for these sources.
    pub fn new(sources: Vec<BlockedSource>) -> Self {
        Self {
            error: "mcp_auth_required".to_owned(),
            message: "Some selected data sources need you to connect your account before this can be sent.".to_owned(),
            sources,
        }
    }
}

/// The body of `POST /v1/auth/mcp/preflight`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// As in a submission: `null` means every source, `[]` means none.
    #[serde(default)]
    pub data_sources: Option<Vec<String>>,
}
