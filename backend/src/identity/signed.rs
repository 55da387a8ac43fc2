//! JSON Web Tokens that an OpenID issuer signed (RFC 7519), read with the advice of RFC 8725.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Validation,
    errors::{Error, ErrorKind},
    jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse},
};
use serde::{Deserialize, Deserializer};

use crate::{timing, vault::Secret};

/// Signatures that are accepted: asymmetric ones only, so that no published key can pass for a shared secret.
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The longest token that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// The longest subject, in characters (OpenID Connect Core §2).
const LONGEST_SUBJECT: usize = 255;

/// What is read of a token.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    /// The issuer's stable name for the person.
    pub sub: String,
    iss: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    /// The request that it answers.
    #[serde(default)]
    pub nonce: Option<String>,
    /// What to call them.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// Their address.
    #[serde(default, deserialize_with = "text")]
    pub email: Option<String>,
    /// A short name.
    #[serde(default, deserialize_with = "text")]
    pub preferred_username: Option<String>,
}

impl Claims {
    /// From when on the token is not taken any more: `exp`, and how far clocks may differ.
    pub fn ends_at(&self) -> Result<DateTime<Utc>, SignedError> {
        moment(self.exp, timing::CLOCK_LEEWAY)
    }
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// It is signed by a key that the issuer does not publish (any more).
    #[error("the token is signed by an unknown key")]
    UnknownKey,
    /// Its signature, issuer or audience is wrong, or it cannot be read.
    #[error("the token is not valid")]
    Invalid(#[source] Error),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// It names nobody, or somebody with an impossible name.
    #[error("the token has no usable `sub`")]
    Subject,
}

/// What must hold.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Exactly this issuer.
    pub issuer: &'a str,
    /// Made for this audience; `None` for any.
    pub audience: Option<&'a str>,
    /// By this process's clock.
    pub now: DateTime<Utc>,
}

/// Which signature a token says it has. Nothing of it is believed but as a question for a key.
#[derive(Clone, Debug)]
pub struct Head {
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl Head {
    /// Reads it, and refuses what no key could make good.
    pub fn of(token: &Secret) -> Result<Self, SignedError> {
        if token.expose().len() > LONGEST {
            return Err(invalid(ErrorKind::InvalidToken));
        }
        let header = jsonwebtoken::decode_header(token.expose()).map_err(SignedError::Invalid)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(invalid(ErrorKind::InvalidAlgorithm));
        }
        // RFC 7515 §4.1.11: what is critical and not understood makes it invalid, and nothing is understood here.
        if header.crit.is_some() {
            return Err(invalid(ErrorKind::InvalidToken));
        }
        Ok(Self { algorithm: header.alg, key_id: header.kid })
    }

    /// The one key that could have made this signature: by its name, else the only one of its kind.
    pub fn key_in<'k>(&self, keys: &'k JwkSet) -> Option<&'k Jwk> {
        let mut fitting = keys.keys.iter().filter(|key| self.fits(key));
        match &self.key_id {
            Some(name) => fitting.find(|key| key.common.key_id.as_ref() == Some(name)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }

    fn fits(&self, key: &Jwk) -> bool {
        let family = match &key.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa,
            AlgorithmParameters::EllipticCurve(_) => AlgorithmFamily::Ec,
            AlgorithmParameters::OctetKeyPair(_) => AlgorithmFamily::Ed,
            _ => return false,
        };
        let is_for_signatures = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let is_for_this = key.common.key_algorithm.is_none_or(|own| own.to_string() == format!("{:?}", self.algorithm));
        family == self.algorithm.family() && is_for_signatures && is_for_this
    }
}

/// Checks signature, issuer, audience, time and subject.
pub fn open(token: &Secret, head: &Head, key: &Jwk, expected: &Expected<'_>) -> Result<Claims, SignedError> {
    let key = DecodingKey::from_jwk(key).map_err(SignedError::Invalid)?;
    let mut validation = Validation::new(head.algorithm);
    validation.set_required_spec_claims(&["iss", "sub", "exp"]);
    match expected.audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        }
        None => validation.validate_aud = false,
    }
    // The library asks the machine's clock; ours is handed in.
    validation.validate_exp = false;
    let claims =
        jsonwebtoken::decode::<Claims>(token.expose(), &key, &validation).map_err(SignedError::Invalid)?.claims;
    if claims.iss != expected.issuer {
        return Err(invalid(ErrorKind::InvalidIssuer));
    }
    if claims.ends_at()? <= expected.now {
        return Err(SignedError::Expired);
    }
    if let Some(begins) = claims.nbf
        && moment(begins, -timing::CLOCK_LEEWAY)? > expected.now
    {
        return Err(SignedError::NotYet);
    }
    let length = claims.sub.chars().count();
    if length == 0 || length > LONGEST_SUBJECT || claims.sub.contains(char::is_control) {
        return Err(SignedError::Subject);
    }
    Ok(claims)
}

fn invalid(kind: ErrorKind) -> SignedError {
    SignedError::Invalid(kind.into())
}

/// RFC 7519 §2, "NumericDate": seconds, perhaps with a fraction; moved by a leeway.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and what saturates is off the calendar")]
fn moment(seconds: f64, leeway: TimeDelta) -> Result<DateTime<Utc>, SignedError> {
    let moment = DateTime::from_timestamp(seconds as i64, 0).and_then(|moment| moment.checked_add_signed(leeway));
    moment.ok_or_else(|| invalid(ErrorKind::InvalidToken))
}

/// Text, or nothing: a claim for showing is not worth refusing somebody for.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.as_ref().and_then(serde_json::Value::as_str).map(str::to_owned))
}
