//! From what went wrong to the one list of faults.

use std::sync::Arc;

use aiq_connect_shared::FaultCode;

use crate::{
    oauth::{DiscoveryError, RegistrationError, TokenError},
    storage::StoreError,
};

/// What went wrong on the way to or from a provider.
#[derive(Debug, thiserror::Error)]
pub enum FaultCause {
    /// While finding the way.
    #[error("discovery: {0}")]
    Discovery(#[from] DiscoveryError),
    /// While becoming its client.
    #[error("registration: {0}")]
    Registration(#[from] RegistrationError),
    /// The same, by another process, for which this one waited.
    #[error("registration: another process tried and failed with `{}`", .0.as_str())]
    RegistrationElsewhere(FaultCode),
    /// Whoever registers takes too long.
    #[error("registration: another process has been at it for too long")]
    RegistrationUnderWay,
    /// While getting tokens.
    #[error("token request: {0}")]
    Token(#[from] TokenError),
    /// Our own set-up is incomplete.
    #[error("configuration: {0}")]
    Configuration(String),
    /// What several waited for did not work, for each of them.
    #[error(transparent)]
    Shared(Arc<FaultCause>),
    /// The provider answered the person with an error.
    #[error("the provider answered the sign-in with an error")]
    Response,
}

impl FaultCause {
    /// The fault it is.
    pub fn code(&self) -> FaultCode {
        match self {
            Self::Discovery(DiscoveryError::Unreachable { .. })
            | Self::Registration(RegistrationError::Unreachable(_))
            | Self::RegistrationUnderWay => FaultCode::IdpUnreachable,
            Self::RegistrationElsewhere(code) => *code,
            Self::Shared(cause) => cause.code(),
            Self::Discovery(DiscoveryError::Unusable(_))
            | Self::Registration(RegistrationError::NotOffered)
            | Self::Configuration(_)
            | Self::Token(TokenError::InvalidClient | TokenError::NotAllowed(_)) => FaultCode::ClientMisconfigured,
            Self::Registration(RegistrationError::Rejected { .. } | RegistrationError::Malformed) => {
                FaultCode::RegistrationRejected
            }
            Self::Token(error) if error.is_transient() => FaultCode::IdpUnreachable,
            Self::Token(TokenError::InvalidGrant) => FaultCode::Revoked,
            Self::Token(_) | Self::Response => FaultCode::Unknown,
        }
    }
}

/// A fault with the reference that its log line carries.
#[derive(Debug, thiserror::Error)]
#[error("{code:?} (reference {reference})")]
pub struct Faulted {
    /// For words.
    pub code: FaultCode,
    /// For whoever is asked for help.
    pub reference: String,
    /// For the log.
    #[source]
    pub cause: FaultCause,
}

/// What several waited for.
#[derive(Debug, thiserror::Error)]
#[error("what several waited for did not come about")]
struct OfSeveral(#[source] Arc<StoreError>);

/// Why it did not come about, for each of them.
pub(super) fn shared(error: Arc<StoreError>) -> StoreError {
    match *error {
        StoreError::KeyMissing(key) => StoreError::KeyMissing(key),
        StoreError::Impossible { what, .. } => StoreError::Impossible { what, cause: Box::new(OfSeveral(error)) },
        _ => StoreError::Unavailable(Box::new(OfSeveral(error))),
    }
}
