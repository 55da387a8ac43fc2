//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

use super::{DiscoveryError, Outbound, documents};

/// What an authorization server says of itself, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Its identifier, exactly as it and the resource metadata spell it.
    pub issuer: String,
    /// Where people sign in.
    pub authorization_endpoint: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: Url,
    /// Where clients register (RFC 7591).
    pub registration_endpoint: Option<Url>,
    /// Where tokens are ended (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// Its signing keys.
    pub jwks_uri: Option<Url>,
    /// The scopes it knows, if it says.
    pub scopes_supported: Option<Vec<String>>,
    /// The values of `prompt` it takes, if it says (Initiating User Registration via OpenID Connect 1.0 §4).
    pub prompt_values_supported: Option<Vec<String>>,
    /// How clients may prove themselves; `client_secret_basic` if it does not say (RFC 8414 §2).
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Whether it promises `iss` in authorization responses (RFC 9207 §3).
    pub iss_promised: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: Option<String>,
    authorization_endpoint: Option<Url>,
    token_endpoint: Option<Url>,
    registration_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    jwks_uri: Option<Url>,
    scopes_supported: Option<Vec<String>>,
    prompt_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where an issuer's metadata may be, in the order to ask (MCP authorization, "Authorization Server Metadata
/// Discovery"): an issuer with a path is never looked for at its root.
pub fn well_known_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    if path.is_empty() {
        return vec![
            at("/.well-known/oauth-authorization-server".into()),
            at("/.well-known/openid-configuration".into()),
        ];
    }
    vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("/.well-known/openid-configuration{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ]
}

/// Fetches and checks the metadata of an issuer.
pub async fn fetch(outbound: &Outbound, issuer: &str) -> Result<Metadata, DiscoveryError> {
    let base = Url::parse(issuer)
        .ok()
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or_else(|| DiscoveryError::unusable("the issuer is not a URL without query and fragment"))?;
    for url in well_known_urls(&base) {
        if let Some(document) = documents::get::<Document>(outbound, &url).await? {
            return checked(outbound, issuer, document);
        }
    }
    Err(DiscoveryError::unusable("the authorization server publishes no metadata"))
}

fn checked(outbound: &Outbound, issuer: &str, document: Document) -> Result<Metadata, DiscoveryError> {
    // RFC 8414 §3.3: identical, or not used at all.
    if document.issuer.as_deref() != Some(issuer) {
        return Err(DiscoveryError::unusable("the metadata names another issuer than the one asked for"));
    }
    // MCP authorization, "Authorization Code Protection": no promise of PKCE, no sign-in.
    if !document.code_challenge_methods_supported.iter().flatten().any(|method| method == "S256") {
        return Err(DiscoveryError::unusable("the authorization server does not promise PKCE with S256"));
    }
    let authorization_endpoint =
        document.authorization_endpoint.ok_or_else(|| DiscoveryError::unusable("no authorization endpoint"))?;
    let token_endpoint = document.token_endpoint.ok_or_else(|| DiscoveryError::unusable("no token endpoint"))?;
    let optional = [&document.registration_endpoint, &document.revocation_endpoint, &document.jwks_uri];
    for url in [&authorization_endpoint, &token_endpoint].into_iter().chain(optional.into_iter().flatten()) {
        outbound.check(url).map_err(|refused| DiscoveryError::address(&refused))?;
    }
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint,
        token_endpoint,
        registration_endpoint: document.registration_endpoint,
        revocation_endpoint: document.revocation_endpoint,
        jwks_uri: document.jwks_uri,
        scopes_supported: document.scopes_supported,
        prompt_values_supported: document.prompt_values_supported,
        token_endpoint_auth_methods_supported: document
            .token_endpoint_auth_methods_supported
            .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
        iss_promised: document.authorization_response_iss_parameter_supported,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::address::AddressPolicy;

    fn urls(issuer: &str) -> Vec<String> {
        well_known_urls(&Url::parse(issuer).unwrap()).iter().map(Url::to_string).collect()
    }

    fn check(json: serde_json::Value) -> Result<Metadata, DiscoveryError> {
        crate::install_crypto();
        let outbound = Outbound::new(AddressPolicy::default()).unwrap();
        checked(&outbound, "https://as.example", serde_json::from_value(json).unwrap())
    }

    fn good() -> serde_json::Value {
        serde_json::json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/auth",
            "token_endpoint": "https://as.example/token",
            "code_challenge_methods_supported": ["S256"],
        })
    }

    #[test]
    fn an_issuer_with_a_path_is_never_looked_for_at_its_root() {
        assert_eq!(
            urls("https://as.example/tenant"),
            [
                "https://as.example/.well-known/oauth-authorization-server/tenant",
                "https://as.example/.well-known/openid-configuration/tenant",
                "https://as.example/tenant/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn an_issuer_without_a_path_is_looked_for_at_both_names() {
        assert_eq!(
            urls("https://as.example"),
            [
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn good_metadata_is_accepted_and_says_basic_where_it_says_nothing() {
        assert_eq!(check(good()).unwrap().token_endpoint_auth_methods_supported, ["client_secret_basic"]);
    }

    #[test]
    fn another_issuer_in_the_document_is_refused_even_if_only_a_slash_differs() {
        let mut document = good();
        document["issuer"] = "https://as.example/".into();
        assert!(matches!(check(document), Err(DiscoveryError::Unusable(_))));
    }

    #[test]
    fn a_server_that_does_not_promise_pkce_is_refused() {
        let mut document = good();
        document["code_challenge_methods_supported"] = serde_json::json!(["plain"]);
        assert!(matches!(check(document), Err(DiscoveryError::Unusable(_))));
    }

    #[test]
    fn an_endpoint_without_https_is_refused() {
        let mut document = good();
        document["token_endpoint"] = "http://as.example/token".into();
        assert!(matches!(check(document), Err(DiscoveryError::Unusable(_))));
    }
}
