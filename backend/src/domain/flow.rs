use aiq_connect_shared::{FaultCode, FlowState, Intent};
use chrono::{DateTime, Utc};

use super::{FlowId, PrincipalId, Sealed, ServerId, SourceId};

/// Where a flow is in its life, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowPhase {
    /// Announced or started; the person may come back.
    Pending,
    /// The state was used; the code is being exchanged.
    Exchanging,
    /// A grant was stored.
    Succeeded,
    /// The person said no.
    Denied,
    /// It failed.
    Failed,
    /// The person called it off, or disconnected meanwhile.
    Cancelled,
}

/// A flow about to be stored. Its end is [`crate::timing::FLOW_LIFETIME`] from now, by the database's clock.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Chosen by the caller.
    pub id: FlowId,
    /// Whose.
    pub principal: PrincipalId,
    /// For which source.
    pub source: SourceId,
    /// And the server behind it.
    pub server: ServerId,
    /// What the person wants.
    pub intent: Intent,
}

/// What is recorded right before the person is sent to the provider: one record per request
/// (MCP authorization, "Authorization Response Validation").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedFlow {
    /// SHA-256 (hex) of `state`; the state itself is not kept.
    pub state_hash: String,
    /// SHA-256 (hex) of the browser cookie.
    pub browser_hash: String,
    /// The validated issuer that the person is sent to.
    pub issuer: String,
    /// Whether its metadata promises `iss` in the response (RFC 9207 §3).
    pub iss_promised: bool,
    /// Our client there.
    pub client_id: String,
    /// The resource asked for (RFC 8707).
    pub resource: String,
    /// Where the answer must arrive.
    pub redirect_uri: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The PKCE verifier, sealed.
    pub verifier: Sealed,
    /// A path of ours to go to afterwards, for a sign-in without a window of its own.
    pub return_to: Option<String>,
}

/// One sign-in attempt, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// Whose.
    pub principal: PrincipalId,
    /// For which source.
    pub source: SourceId,
    /// And the server behind it.
    pub server: ServerId,
    /// What the person wants.
    pub intent: Intent,
    /// Where it is.
    pub phase: FlowPhase,
    /// Why it failed.
    pub code: Option<FaultCode>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Whether that is past, by the database's clock.
    pub is_past_end: bool,
    /// Set once the person was sent to the provider.
    pub started: Option<StartedFlow>,
}

impl Flow {
    /// The state that people and pages are told.
    pub fn state(&self) -> FlowState {
        match self.phase {
            FlowPhase::Pending | FlowPhase::Exchanging if self.is_past_end => FlowState::Expired,
            FlowPhase::Pending | FlowPhase::Exchanging => FlowState::Pending,
            FlowPhase::Succeeded => FlowState::Succeeded,
            FlowPhase::Denied => FlowState::Denied,
            FlowPhase::Failed => FlowState::Failed,
            FlowPhase::Cancelled => FlowState::Cancelled,
        }
    }
}
