//! The keys that an OpenID issuer signs with (OpenID Connect Discovery 1.0 §4, RFC 7517).

use async_trait::async_trait;
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use url::Url;

use super::{DiscoveryError, Outbound, documents};

/// Where the keys of an issuer come from.
#[async_trait]
pub trait PublishedKeys: Send + Sync {
    /// As they are published now.
    async fn published_keys(&self, issuer: &str) -> Result<JwkSet, DiscoveryError>;
}

#[derive(Deserialize)]
struct Configuration {
    issuer: Option<String>,
    jwks_uri: Option<Url>,
}

/// The keys of an issuer that is known by name alone. Unlike an authorization server for sign-ins it need not promise
/// PKCE, or publish anything but its keys.
pub(super) async fn of_issuer(outbound: &Outbound, issuer: &str) -> Result<JwkSet, DiscoveryError> {
    let base = Url::parse(issuer).ok().filter(|url| url.query().is_none() && url.fragment().is_none());
    let mut place =
        base.ok_or_else(|| DiscoveryError::unusable("the issuer is not a URL without query and fragment"))?;
    // §4.1: a slash at the end goes before the name is added.
    place.set_path(&format!("{}/.well-known/openid-configuration", place.path().trim_end_matches('/')));
    let found = documents::get::<Configuration>(outbound, &place).await?;
    let found = found.ok_or_else(|| DiscoveryError::unusable("the issuer publishes no openid-configuration"))?;
    // §4.3: identical, or not used at all.
    if found.issuer.as_deref() != Some(issuer) {
        return Err(DiscoveryError::unusable("the issuer's configuration names another issuer"));
    }
    at(outbound, &found.jwks_uri.ok_or_else(|| DiscoveryError::unusable("no jwks_uri"))?).await
}

/// The keys at an address. Kinds of keys that this version does not know are passed over, and do not spoil the others
/// (RFC 7517 §5).
pub(super) async fn at(outbound: &Outbound, url: &Url) -> Result<JwkSet, DiscoveryError> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<serde_json::Value>,
    }
    let found = documents::get::<Keys>(outbound, url).await?;
    let found = found.ok_or_else(|| DiscoveryError::unusable("no keys at the jwks_uri"))?;
    Ok(JwkSet { keys: found.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect() })
}
