use aiq_connect_shared::FaultCode;

use super::Sealed;

/// How our client proves itself at the token, revocation and introspection endpoints (RFC 6749 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`: a public client.
    None,
}

impl ClientAuth {
    /// The name in metadata and registrations (RFC 7591 §2).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
        }
    }

    /// Reads that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Basic, Self::Post, Self::None].into_iter().find(|method| method.as_str() == name)
    }
}

/// Whether somebody registers at an issuer, for a redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationTurn {
    /// Nobody does.
    Free,
    /// Somebody does, and this is the number of their attempt.
    Taken(i64),
    /// Nobody does any more; the last attempt had this number and did not work.
    Failed(i64, FaultCode),
}

/// Our OAuth client at one issuer. Unique per issuer and redirect URI, and never used at another issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The authorization server it belongs to.
    pub issuer: String,
    /// The redirect URI it was made for.
    pub redirect_uri: String,
    /// Its name there.
    pub client_id: String,
    /// Its secret, sealed, unless it is a public client.
    pub client_secret: Option<Sealed>,
    /// How it proves itself.
    pub auth: ClientAuth,
}
