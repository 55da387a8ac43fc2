use serde::{Deserialize, Serialize};

/// The body of every error answer: a code for machines and a sentence for developers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable; clients choose their own words from it.
    pub error: String,
    /// English, for developers and logs.
    #[serde(default)]
    pub message: String,
}
