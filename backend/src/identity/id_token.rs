//! Checking the ID token of our own sign-in (OpenID Connect Core §3.1.3.7).

use jsonwebtoken::jwk::JwkSet;

use super::signed::{self, Claims, Expected, Head, SignedError};
use crate::vault::Secret;

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// As any token.
    #[error("the ID token is not believed")]
    Signed(#[from] SignedError),
    /// It answers another request.
    #[error("the ID token carries another nonce")]
    Nonce,
}

/// Checks signature, algorithm, issuer, audience, time and nonce.
pub fn verify(token: &Secret, keys: &JwkSet, expected: &Expected<'_>, nonce: &str) -> Result<Claims, IdTokenError> {
    let head = Head::of(token)?;
    let key = head.key_in(keys).ok_or(SignedError::UnknownKey)?;
    let claims = signed::open(token, &head, key, expected)?;
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(IdTokenError::Nonce);
    }
    Ok(claims)
}
