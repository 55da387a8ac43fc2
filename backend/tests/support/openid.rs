//! The provider's side of OpenID Connect: really signed ID tokens, and ways to get them wrong.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

/// Our client for signing in to AIQ Connect itself.
pub const CLIENT_ID: &str = "aiq-connect-sign-in";
pub const CLIENT_SECRET: &str = "sign-in-secret-0123456789";
/// Who signs in.
pub const SUB: &str = "sub-of-alice";

/// What is wrong with the ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// It answers another request.
    Nonce,
    /// It is for another client.
    Audience,
    /// It says that another issuer made it.
    Issuer,
    /// It has ended.
    Expired,
    /// It is signed by a key that the provider does not publish, under the name of one that it does.
    ForeignKey,
    /// It is not signed at all, and says so.
    AlgNone,
    /// The published key, taken for a shared secret (RFC 8725 §2.1).
    AlgConfusion,
    /// No ID token comes.
    Absent,
}

/// The provider's signing key, and a stranger's.
pub struct Signer {
    own: EncodingKey,
    foreign: EncodingKey,
}

impl Signer {
    pub fn new() -> Self {
        aiq_connect::install_crypto();
        Self { own: key(), foreign: key() }
    }

    /// What stands at the `jwks_uri`.
    pub fn published(&self) -> Value {
        let mut own = Jwk::from_encoding_key(&self.own, Algorithm::ES256).unwrap();
        own.common.key_id = Some("one".to_owned());
        json!({"keys": [own]})
    }

    pub fn id_token(&self, issuer: &str, client_id: &str, nonce: Option<&str>, change: Change) -> String {
        let now = chrono::DateTime::<chrono::Utc>::from(super::service::now()).timestamp();
        let mut claims = json!({
            "iss": issuer, "aud": client_id, "sub": SUB, "nonce": nonce, "iat": now, "exp": now + 300,
            "name": "Alice A.", "email": "alice@example.com",
        });
        match change {
            Change::Nonce => claims["nonce"] = "another".into(),
            Change::Audience => claims["aud"] = "another-client".into(),
            Change::Issuer => claims["iss"] = format!("{issuer}/").into(),
            Change::Expired => claims["exp"] = (now - 61).into(),
            _ => {}
        }
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("one".to_owned());
        let sign = |key: &EncodingKey| jsonwebtoken::encode(&header, &claims, key).unwrap();
        match change {
            Change::Absent => String::new(),
            Change::ForeignKey => sign(&self.foreign),
            Change::AlgNone => {
                let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
                format!("{}.{}.", part(json!({"alg": "none", "kid": "one"})), part(claims))
            }
            Change::AlgConfusion => {
                let secret = EncodingKey::from_secret(self.published()["keys"][0].to_string().as_bytes());
                let mut header = Header::new(Algorithm::HS256);
                header.kid = Some("one".to_owned());
                jsonwebtoken::encode(&header, &claims, &secret).unwrap()
            }
            _ => sign(&self.own),
        }
    }
}

fn key() -> EncodingKey {
    let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    EncodingKey::from_ec_der(pair.as_ref())
}
