use serde::{Deserialize, Serialize};

use crate::PerUserAuth;

/// One entry of `GET /v1/data_sources`, which answers a bare JSON array of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSource {
    /// What `data_sources` of a submission names.
    pub id: String,
    /// What people read.
    pub name: String,
    /// One sentence about what is in it.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether an unprotected source starts switched on.
    #[serde(default = "yes")]
    pub default_enabled: bool,
    /// Whether it needs a signed-in person at all.
    #[serde(default)]
    pub requires_auth: bool,
    /// The person's own connection; `null` or absent for a source that needs none.
    #[serde(default)]
    pub per_user_auth: Option<PerUserAuth>,
}

fn yes() -> bool {
    true
}
