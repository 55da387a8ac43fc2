//! Dynamic client registration (RFC 7591).

use http::{HeaderMap, HeaderValue, Method, header};
use serde::Deserialize;
use url::{Host, Url};

use super::{Client, Metadata, Outbound, SendError};
use crate::{domain::ClientAuth, vault::Secret};

/// What we ask to be registered as.
#[derive(Clone, Debug)]
pub struct RegistrationRequest<'a> {
    /// Shown to people on the consent page.
    pub client_name: &'a str,
    /// The one redirect URI.
    pub redirect_uri: &'a Url,
    /// What the client will ask for, if known.
    pub scopes: &'a [String],
}

/// Why there is no registration.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The authorization server does not register clients: one has to be configured.
    #[error("the authorization server registers no clients by itself; configure a client_id")]
    NotOffered,
    /// It refused.
    #[error("the authorization server refused the registration (HTTP {status}, `{code}`)")]
    Rejected {
        /// The status code.
        status: u16,
        /// Its error code, if it is one of RFC 7591's.
        code: &'static str,
    },
    /// It answered something that is no registration.
    #[error("the registration answer cannot be read")]
    Malformed,
    /// Passes by itself.
    #[error("the registration endpoint does not answer")]
    Unreachable(#[source] Option<SendError>),
}

#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_secret: Option<Secret>,
    token_endpoint_auth_method: Option<String>,
}

/// Registers a client. A server-side client keeps secrets, so a confidential method is preferred where offered.
pub async fn register(
    outbound: &Outbound,
    metadata: &Metadata,
    request: &RegistrationRequest<'_>,
) -> Result<Client, RegistrationError> {
    let endpoint = metadata.registration_endpoint.as_ref().ok_or(RegistrationError::NotOffered)?;
    let offered =
        |method: ClientAuth| metadata.token_endpoint_auth_methods_supported.iter().any(|name| name == method.as_str());
    let wanted = [ClientAuth::Basic, ClientAuth::Post, ClientAuth::None]
        .into_iter()
        .find(|method| offered(*method))
        .unwrap_or(ClientAuth::Basic);
    let mut body = serde_json::json!({
        "client_name": request.client_name,
        "redirect_uris": [request.redirect_uri.as_str()],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": wanted.as_str(),
        "application_type": if is_loopback(request.redirect_uri) { "native" } else { "web" },
    });
    if !request.scopes.is_empty() {
        body["scope"] = request.scopes.join(" ").into();
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = match outbound.send(Method::POST, endpoint, headers, body.to_string().into_bytes()).await {
        Ok(answer) => answer,
        Err(SendError::Refused(_) | SendError::TooLarge) => return Err(RegistrationError::Malformed),
        Err(error) => return Err(RegistrationError::Unreachable(Some(error))),
    };
    match answer.status {
        200 | 201 => read(&answer.body, wanted),
        429 | 500..=599 => Err(RegistrationError::Unreachable(None)),
        status => Err(RegistrationError::Rejected { status, code: known_code(&answer.body) }),
    }
}

fn read(body: &[u8], wanted: ClientAuth) -> Result<Client, RegistrationError> {
    let document: Document = serde_json::from_slice(body).map_err(|_| RegistrationError::Malformed)?;
    let secret = document.client_secret.filter(|secret| !secret.expose().is_empty());
    // RFC 7591 §3.2.1: the server may register something else than was asked for; its answer holds.
    let auth = match &document.token_endpoint_auth_method {
        Some(name) => ClientAuth::from_name(name).ok_or(RegistrationError::Malformed)?,
        None if secret.is_none() => ClientAuth::None,
        None => wanted,
    };
    if auth != ClientAuth::None && secret.is_none() {
        return Err(RegistrationError::Malformed);
    }
    Ok(Client { client_id: document.client_id, secret, auth })
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Only the codes of RFC 7591 §3.2.2 are repeated anywhere; other text of the server is not.
fn known_code(body: &[u8]) -> &'static str {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let code = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.error).unwrap_or_default();
    ["invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement", "unapproved_software_statement"]
        .into_iter()
        .find(|known| *known == code)
        .unwrap_or("unnamed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answered_method_wins_over_the_one_asked_for() {
        let client = read(
            br#"{"client_id":"a","client_secret":"s","token_endpoint_auth_method":"client_secret_post"}"#,
            ClientAuth::Basic,
        );
        assert_eq!(client.unwrap().auth, ClientAuth::Post);
    }

    #[test]
    fn no_secret_and_no_method_is_a_public_client() {
        assert_eq!(read(br#"{"client_id":"a"}"#, ClientAuth::Basic).unwrap().auth, ClientAuth::None);
    }

    #[test]
    fn a_confidential_method_without_a_secret_is_refused() {
        let body = br#"{"client_id":"a","token_endpoint_auth_method":"client_secret_basic","client_secret":""}"#;
        assert!(matches!(read(body, ClientAuth::Basic), Err(RegistrationError::Malformed)));
    }

    #[test]
    fn a_servers_own_text_is_not_repeated() {
        assert_eq!(known_code(br#"{"error":"<script>"}"#), "unnamed");
        assert_eq!(known_code(br#"{"error":"invalid_redirect_uri"}"#), "invalid_redirect_uri");
    }
}
