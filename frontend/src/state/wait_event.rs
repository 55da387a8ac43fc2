//! What a person asks a waiting job for.

use aiq_connect_shared::WaitAction;

/// What a person asked a waiting job for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitEvent {
    /// The job.
    pub job: String,
    /// The source that it waits for.
    pub source: String,
    /// What.
    pub action: WaitAction,
}
