//! Checking an ID token (OpenID Connect Core §3.1.3.7).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde::Deserialize;

use crate::vault::Secret;

/// How far clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Signatures that are accepted: asymmetric ones only.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// What is read of an ID token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The issuer's stable name for the person.
    pub sub: String,
    exp: i64,
    #[serde(default)]
    nonce: Option<String>,
    /// What to call them.
    #[serde(default)]
    pub name: Option<String>,
    /// Their address.
    #[serde(default)]
    pub email: Option<String>,
    /// A short name.
    #[serde(default)]
    pub preferred_username: Option<String>,
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// It is signed by a key that the provider does not publish (any more).
    #[error("the ID token is signed by an unknown key")]
    UnknownKey,
    /// Its signature, issuer or audience is wrong, or it cannot be read.
    #[error("the ID token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// Its time is over.
    #[error("the ID token has expired")]
    Expired,
    /// It answers another request.
    #[error("the ID token carries another nonce")]
    Nonce,
}

/// What must hold.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Exactly this issuer.
    pub issuer: &'a str,
    /// Made for us.
    pub client_id: &'a str,
    /// For this request.
    pub nonce: &'a str,
    /// By this process's clock.
    pub now: DateTime<Utc>,
}

/// Checks signature, algorithm, issuer, audience, time and nonce.
pub fn verify(token: &Secret, keys: &JwkSet, expected: &Expected<'_>) -> Result<Claims, IdTokenError> {
    let header = jsonwebtoken::decode_header(token.expose()).map_err(IdTokenError::Invalid)?;
    let key = match &header.kid {
        Some(kid) => keys.find(kid),
        None => keys.keys.first().filter(|_| keys.keys.len() == 1),
    };
    let key = DecodingKey::from_jwk(key.ok_or(IdTokenError::UnknownKey)?).map_err(IdTokenError::Invalid)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(IdTokenError::Invalid(jsonwebtoken::errors::ErrorKind::InvalidAlgorithm.into()));
    }
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library asks the machine's clock; ours is handed in.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token.expose(), &key, &validation).map_err(IdTokenError::Invalid)?.claims;
    if DateTime::from_timestamp(claims.exp, 0).is_none_or(|end| end + LEEWAY <= expected.now) {
        return Err(IdTokenError::Expired);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(IdTokenError::Nonce);
    }
    Ok(claims)
}
