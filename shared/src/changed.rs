use serde::{Deserialize, Serialize};

/// The data of `changed` in `GET /v1/auth/mcp/events`: a hint to read the listing again, and nothing that it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The sources whose part of the listing is another one; all, where it is not known what the listener has.
    #[serde(default)]
    pub sources: Vec<String>,
    /// The listing's version, as `ETag` names it; also the event's id.
    pub etag: String,
}
