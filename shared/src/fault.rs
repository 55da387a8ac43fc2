use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// Why a grant, or an attempt to get one, does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The authorization server refused the refresh token for good.
    Revoked,
    /// Fewer permissions were granted than the source needs.
    ScopeMismatch,
    /// The authorization server, or the way to it, does not answer. Passes by itself.
    IdpUnreachable,
    /// Our OAuth client for this source is missing or wrong: for an administrator.
    ClientMisconfigured,
    /// The authorization server would not register us as a client (RFC 7591).
    RegistrationRejected,
    /// The person chose not to allow access.
    ConsentDenied,
    /// The answer came from another issuer than the one asked (RFC 9207 §2.4).
    IssuerMismatch,
    /// The MCP server names another authorization server than the grant came from.
    ProviderMoved,
    /// The MCP server refuses tokens that its authorization server has just issued.
    RejectedByServer,
    /// Another account came back than the one connected before.
    AccountChanged,
    /// A newer server sent a code that this build does not know.
    #[serde(other)]
    Unknown,
}

impl FaultCode {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::ScopeMismatch => "scope_mismatch",
            Self::IdpUnreachable => "idp_unreachable",
            Self::ClientMisconfigured => "client_misconfigured",
            Self::RegistrationRejected => "registration_rejected",
            Self::ConsentDenied => "consent_denied",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::ProviderMoved => "provider_moved",
            Self::RejectedByServer => "rejected_by_server",
            Self::AccountChanged => "account_changed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word on the wire; what this build does not know is `Unknown`.
    pub fn from_word(word: &str) -> Self {
        [
            Self::Revoked,
            Self::ScopeMismatch,
            Self::IdpUnreachable,
            Self::ClientMisconfigured,
            Self::RegistrationRejected,
            Self::ConsentDenied,
            Self::IssuerMismatch,
            Self::ProviderMoved,
            Self::RejectedByServer,
            Self::AccountChanged,
        ]
        .into_iter()
        .find(|code| code.as_str() == word)
        .unwrap_or(Self::Unknown)
    }

    /// One English sentence for developers and for clients that have no words of their own.
    ///
    /// Our page never shows it: it chooses its own sentence from the code.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Revoked => "The provider ended this sign-in. Reconnect to use the source again.",
            Self::ScopeMismatch => "The provider granted fewer permissions than the source needs.",
            Self::IdpUnreachable => "The provider's sign-in cannot be reached at the moment.",
            Self::ClientMisconfigured => "The source is not set up completely; an administrator has to finish it.",
            Self::RegistrationRejected => "The provider refused to register AIQ Connect as a client.",
            Self::ConsentDenied => "Access was not allowed. Nothing was stored.",
            Self::IssuerMismatch => "The answer came from another issuer than expected. Nothing was stored.",
            Self::ProviderMoved => "The source now names another provider. Reconnect to use the new one.",
            Self::RejectedByServer => "The source does not accept the provider's tokens at the moment.",
            Self::AccountChanged => "Another account was connected than before.",
            Self::Unknown => "Something went wrong that this version has no name for.",
        }
    }
}

/// A fault as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultReport {
    /// For machines, and for choosing words.
    pub code: FaultCode,
    /// [`FaultCode::sentence`], or free text of another backend.
    pub message: String,
    /// Names the log line; shown to the person who asks for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the service tries again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<DateTime<Utc>>,
}

impl FaultReport {
    /// A report with the code's own sentence.
    pub fn new(code: FaultCode, reference: Option<String>) -> Self {
        Self { code, message: code.sentence().to_owned(), reference, retry_at: None }
    }
}

/// Accepts the object we send and the bare string of upstream's backend.
impl<'de> Deserialize<'de> for FaultReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Object {
                code: FaultCode,
                #[serde(default)]
                message: String,
                #[serde(default)]
                reference: Option<String>,
                #[serde(default)]
                retry_at: Option<DateTime<Utc>>,
            },
            Text(String),
        }
        Ok(match Wire::deserialize(deserializer)? {
            Wire::Object { code, message, reference, retry_at } => Self { code, message, reference, retry_at },
            Wire::Text(message) => Self { code: FaultCode::Unknown, message, reference: None, retry_at: None },
        })
    }
}
