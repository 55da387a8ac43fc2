use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The body of `POST /v1/worker/jobs`: a job that did not come through the gate, vouched for by its owner's own token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterJob {
    /// The person's own bearer token, verified like any other. A name alone is never accepted.
    pub subject_token: String,
    /// The job's id where it already has one; else one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// As in a submission: `null` means every source, `[]` none.
    #[serde(default)]
    pub data_sources: Option<Vec<String>>,
    /// How long it may ask for tokens, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_seconds: Option<u32>,
}

impl std::fmt::Debug for RegisterJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterJob")
            .field("subject_token", &"***")
            .field("job_id", &self.job_id)
            .field("data_sources", &self.data_sources)
            .field("expiry_seconds", &self.expiry_seconds)
            .finish()
    }
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredJob {
    /// To ask for tokens by.
    pub job_id: String,
    /// Whose tokens they are.
    pub user_sub: String,
    /// The MCP servers that the job may ask for.
    pub mcp_server_ids: Vec<String>,
    /// When it may ask no more.
    pub expires_at: DateTime<Utc>,
}
