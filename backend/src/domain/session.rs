use chrono::TimeDelta;

use super::{Principal, Profile, Sealed};

/// A signed-in browser, found by the hash of its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub principal: Principal,
    /// How to address them.
    pub profile: Profile,
}

/// A session about to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 (hex) of the cookie.
    pub cookie_hash: String,
    /// Who.
    pub principal: Principal,
    /// How to address them.
    pub profile: Profile,
    /// How long it lasts from now.
    pub lifetime: TimeDelta,
}

/// One attempt to sign in to AIQ Connect itself (OpenID Connect), about to be stored.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    /// SHA-256 (hex) of `state`.
    pub state_hash: String,
    /// What only the attempt's own browser and we know.
    pub sign_in: SignIn,
    /// How long it may take from now.
    pub lifetime: TimeDelta,
}

/// What was recorded when the person was sent to the OpenID provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// SHA-256 (hex) of the browser cookie.
    pub browser_hash: String,
    /// Must come back in the ID token.
    pub nonce: String,
    /// The PKCE verifier, sealed.
    pub verifier: Sealed,
    /// A path of ours to go to afterwards.
    pub return_to: String,
}
