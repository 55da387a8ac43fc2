//! The nouns: plain types without any I/O, shared by the rules, the stores and the HTTP layer.

mod audit;
mod flow;
mod grant;
mod ids;
mod job_reference;
mod keys;
mod principal;
mod registration;
mod revocation;
mod session;
mod wait;

pub use audit::{AuditEvent, AuditFilter, AuditKind, AuditRecord, AuditState};
pub use flow::{Flow, FlowPhase, NewFlow, StartedFlow};
pub use grant::{Grant, GrantKey, GrantTokens, Lease, NewGrant, Postponed, RefreshTurn, Renewal};
pub use ids::{FlowId, GrantId, JobId, LeaseOwner, ServerId, SourceId, Version, hex};
pub use job_reference::{JobOrigin, JobReference, JobTimes, NewJobReference};
pub use keys::{
    Introduced, KeyBook, KeyId, KeyState, KeyUse, KnownKey, Removal, Replica, SealedPlace, SealedRow, SealedTable,
};
pub use principal::{Introduction, Principal, PrincipalId, Profile};
pub use registration::{ClientAuth, Registration, RegistrationTurn};
pub use revocation::{NewRevocation, Revocation, RevocationId};
pub use session::{NewSession, NewSignIn, Session, SignIn};
pub use wait::{EndedWait, NewWait, Told, ToldEvent, WaitAnswer, WaitRules, WaitStanding};

/// Bytes that only the vault can open.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}
