use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{FaultReport, Flow};

/// What a person can do with a protected source right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthStatus {
    /// No grant. AIQ's own backend calls it `not_connected`.
    #[serde(alias = "not_connected")]
    Disconnected,
    /// A grant that works, or renews itself.
    Connected,
    /// A grant that has lapsed and cannot renew itself.
    Expired,
    /// A grant, or a way to one, that does not work; `error` says why.
    Error,
    /// A newer server sent a word that this build does not know.
    #[serde(other)]
    Unknown,
}

/// One person's connection to one source: the union of issue #217's and AIQ's own fields, and ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerUserAuth {
    /// Whether a submission that names the source needs it connected.
    pub required: bool,
    /// Always `mcp_oauth2`.
    #[serde(rename = "type", default = "mcp_oauth2")]
    pub kind: String,
    /// The vendor's short name, if configured.
    #[serde(default)]
    pub provider: Option<String>,
    /// The MCP server behind the source.
    #[serde(default)]
    pub mcp_server_id: Option<String>,
    /// `null` only when `required` is false.
    #[serde(default)]
    pub status: Option<AuthStatus>,
    /// Our launch page for this source; always present in our listings.
    #[serde(default)]
    pub connect_url: Option<String>,
    /// Where `POST` or `DELETE` forgets the grant.
    #[serde(default)]
    pub disconnect_url: Option<String>,
    /// What was granted, as the provider names it.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When the access token ends; `null` when unknown or not connected.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
    /// What is wrong; may accompany any status.
    #[serde(default)]
    pub error: Option<FaultReport>,
    /// `error.message`, under AIQ's name for it.
    #[serde(default)]
    pub last_error: Option<String>,
    /// `null` in listings; a launch URL where a sign-in was started.
    #[serde(default)]
    pub auth_url: Option<String>,
    /// Whether an expired token renews itself; absent means yes.
    #[serde(default = "yes")]
    pub renewable: bool,
    /// The account at the provider, as the person would recognise it.
    #[serde(default)]
    pub account_label: Option<String>,
    /// When the person signed in.
    #[serde(default)]
    pub connected_at: Option<DateTime<Utc>>,
    /// Permissions that the source needs and the grant lacks.
    #[serde(default)]
    pub missing_scopes: Vec<String>,
    /// Words for scopes, by scope.
    #[serde(default)]
    pub scope_labels: BTreeMap<String, String>,
    /// The host where the person signs in.
    #[serde(default)]
    pub provider_host: Option<String>,
    /// Switched off by an administrator.
    #[serde(default)]
    pub admin_disabled: bool,
    /// Named departures from the specification that the configuration allows for this server.
    #[serde(default)]
    pub relaxations: Vec<String>,
    /// The sign-in under way, if any.
    #[serde(default)]
    pub flow: Option<Flow>,
}

fn mcp_oauth2() -> String {
    "mcp_oauth2".to_owned()
}

fn yes() -> bool {
    true
}
