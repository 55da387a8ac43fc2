//! Authorization requests, and codes and refresh tokens for tokens (OAuth 2.1, RFC 8707).

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aiq_connect_shared::Intent;
use chrono::TimeDelta;
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, ErrorResponseType,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    Scope, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicErrorResponse, BasicTokenResponse},
};
use url::Url;

use super::{Client, CodeExchange, Metadata, Outbound, SendError, answer, hints};
use crate::{domain::ClientAuth, vault::Secret};

/// What a token endpoint gave.
#[derive(Clone, Debug)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: Secret,
    /// A new refresh token, if one came.
    pub refresh_token: Option<Secret>,
    /// The access token's life, if it was told.
    pub expires_in: Option<TimeDelta>,
    /// What was granted; `None` means what was asked for (RFC 6749 §5.1).
    pub scopes: Option<Vec<String>>,
}

/// Why a token endpoint gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Definitive: the code or refresh token is worth nothing (any more).
    #[error("invalid_grant")]
    InvalidGrant,
    /// Definitive: the server does not know our client, or not this secret.
    #[error("invalid_client")]
    InvalidClient,
    /// Definitive: refused with another code of RFC 6749 §5.2 or an extension.
    #[error("the token endpoint refused the request")]
    Refused,
    /// Definitive: our own configuration keeps the request from being built or sent.
    #[error("the request cannot be sent")]
    NotAllowed(#[source] SendError),
    /// Passes: nothing was sent.
    #[error("the token endpoint cannot be reached")]
    NotSent(#[source] SendError),
    /// Passes: the server asked to come back later.
    #[error("the token endpoint is busy (HTTP {status})")]
    Busy {
        /// 429 or 5xx.
        status: u16,
        /// Its own wish.
        retry_after: Option<Duration>,
    },
    /// Passes, but the server may have acted: no whole or no readable answer came.
    #[error("no readable answer came from the token endpoint")]
    InDoubt(#[source] Option<SendError>),
}

impl TokenError {
    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NotSent(_) | Self::Busy { .. } | Self::InDoubt(_))
    }
}

/// Everything an authorization request says.
#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// Our client's name.
    pub client_id: &'a str,
    /// Where the answer must arrive.
    pub redirect_uri: &'a Url,
    /// What is asked for; nothing leaves the parameter out.
    pub scopes: &'a [String],
    /// What the token is for (RFC 8707); `None` when signing in to ourselves.
    pub resource: Option<&'a str>,
    /// Random, for one use.
    pub state: &'a Secret,
    /// Its SHA-256 goes along (RFC 7636).
    pub verifier: &'a Secret,
    /// Must come back in the ID token, when signing in to ourselves.
    pub nonce: Option<&'a str>,
    /// What the person wants.
    pub intent: Intent,
}

/// Where to send the person.
pub fn authorization_url(metadata: &Metadata, request: &AuthorizationRequest<'_>) -> Url {
    let client = BasicClient::new(ClientId::new(request.client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint.clone()))
        .set_redirect_uri(RedirectUrl::from_url(request.redirect_uri.clone()));
    let verifier = PkceCodeVerifier::new(request.verifier.expose().to_owned());
    let mut url = client
        .authorize_url(|| CsrfToken::new(request.state.expose().to_owned()))
        .add_scopes(request.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if let Some(resource) = request.resource {
        url = url.add_extra_param("resource", resource);
    }
    if let Some(nonce) = request.nonce {
        url = url.add_extra_param("nonce", nonce);
    }
    match request.intent {
        // OpenID Connect Core §3.1.2.1. Servers that do not know `prompt` ignore it; some that do refuse a value they
        // do not know, and say which they know.
        Intent::SwitchAccount => {
            let known = metadata.prompt_values_supported.as_deref();
            let values: Vec<_> = ["select_account", "login"]
                .into_iter()
                .filter(|value| known.is_none_or(|known| known.iter().any(|known| known == value)))
                .collect();
            if !values.is_empty() {
                url = url.add_extra_param("prompt", values.join(" "));
            }
        }
        // OpenID Connect Core §11: offline access is granted only where consent is asked for.
        _ if request.scopes.iter().any(|scope| scope == "offline_access") => {
            url = url.add_extra_param("prompt", "consent");
        }
        _ => {}
    }
    url.url().0
}

/// Exchanges a code. The second part is the ID token, if one came.
pub async fn exchange(
    outbound: &Outbound,
    metadata: &Metadata,
    client: &Client,
    code: &CodeExchange<'_>,
) -> Result<(TokenAnswer, Option<Secret>), TokenError> {
    let oauth = configured(metadata, client).set_redirect_uri(RedirectUrl::from_url(code.redirect_uri.clone()));
    let mut request = oauth
        .exchange_code(AuthorizationCode::new(code.code.expose().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(code.verifier.expose().to_owned()));
    if let Some(resource) = code.resource {
        request = request.add_extra_param("resource", resource);
    }
    let transport = Transport { outbound: outbound.clone(), id_token: Arc::default() };
    let answer = read(request.request_async(&transport).await)?;
    let id_token = transport.id_token.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((answer, id_token))
}

/// Refreshes, for the same resource as ever.
pub async fn refresh(
    outbound: &Outbound,
    metadata: &Metadata,
    client: &Client,
    refresh_token: &Secret,
    resource: &str,
) -> Result<TokenAnswer, TokenError> {
    let oauth = configured(metadata, client);
    let token = RefreshToken::new(refresh_token.expose().to_owned());
    let request = oauth.exchange_refresh_token(&token).add_extra_param("resource", resource);
    read(request.request_async(&Transport { outbound: outbound.clone(), id_token: Arc::default() }).await)
}

type Configured = BasicClient<
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
>;

fn configured(metadata: &Metadata, client: &Client) -> Configured {
    let mut configured = BasicClient::new(ClientId::new(client.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(metadata.token_endpoint.clone()))
        .set_auth_type(match client.auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post | ClientAuth::None => AuthType::RequestBody,
        });
    // A public client must not send an empty secret either.
    if let (Some(secret), ClientAuth::Basic | ClientAuth::Post) = (&client.secret, client.auth) {
        configured = configured.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    configured
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Send(SendError),
    #[error("busy")]
    Busy { status: u16, retry_after: Option<Duration> },
    #[error("unreadable")]
    Unreadable,
}

/// Carries what the OAuth library builds through our client, and gives it answers in canonical form.
#[derive(Clone)]
struct Transport {
    outbound: Outbound,
    id_token: Arc<Mutex<Option<Secret>>>,
}

impl AsyncHttpClient<'_> for Transport {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send>>;

    fn call(&self, request: HttpRequest) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move { transport.send(request).await })
    }
}

impl Transport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Failure> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| Failure::Unreadable)?;
        let answer = self.outbound.send(parts.method, &url, parts.headers, body).await.map_err(Failure::Send)?;
        if matches!(answer.status, 429 | 500..=599) {
            return Err(Failure::Busy { status: answer.status, retry_after: hints::retry_after(&answer) });
        }
        let (status, mut body) =
            answer::normalise(&answer.media_type(), answer.status, &answer.body).ok_or(Failure::Unreadable)?;
        let token = body.get("access_token").and_then(serde_json::Value::as_str);
        let hint = token.and_then(|token| hints::seconds_of_life(token, &answer));
        if let (Some(body), Some(seconds)) = (body.as_object_mut(), hint) {
            body.entry("expires_in").or_insert_with(|| seconds.into());
        }
        if let Some(serde_json::Value::String(token)) = body.as_object_mut().and_then(|body| body.remove("id_token")) {
            *self.id_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Secret::new(token));
        }
        http::Response::builder()
            .status(status)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into_bytes())
            .map_err(|_| Failure::Unreadable)
    }
}

fn read(
    answer: Result<BasicTokenResponse, RequestTokenError<Failure, BasicErrorResponse>>,
) -> Result<TokenAnswer, TokenError> {
    match answer {
        Ok(answer) => Ok(TokenAnswer {
            access_token: Secret::new(answer.access_token().secret()),
            refresh_token: answer.refresh_token().map(|token| Secret::new(token.secret())),
            expires_in: answer.expires_in().and_then(|life| TimeDelta::from_std(life).ok()),
            scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        }),
        Err(RequestTokenError::ServerResponse(refusal)) => Err(refused(refusal.error())),
        Err(RequestTokenError::Request(Failure::Busy { status, retry_after })) => {
            Err(TokenError::Busy { status, retry_after })
        }
        Err(RequestTokenError::Request(Failure::Send(error @ SendError::Refused(_)))) => {
            Err(TokenError::NotAllowed(error))
        }
        Err(RequestTokenError::Request(Failure::Send(error @ SendError::NotSent(_)))) => {
            Err(TokenError::NotSent(error))
        }
        Err(RequestTokenError::Request(Failure::Send(error))) => Err(TokenError::InDoubt(Some(error))),
        Err(
            RequestTokenError::Request(Failure::Unreadable)
            | RequestTokenError::Parse(..)
            | RequestTokenError::Other(_),
        ) => Err(TokenError::InDoubt(None)),
    }
}

fn refused<T: ErrorResponseType>(code: &T) -> TokenError {
    match serde_json::to_value(code).ok().as_ref().and_then(serde_json::Value::as_str) {
        Some("invalid_grant") => TokenError::InvalidGrant,
        Some("invalid_client" | "unauthorized_client") => TokenError::InvalidClient,
        // RFC 6749 §4.1.2.1 codes that some servers use here as well.
        Some("temporarily_unavailable" | "server_error") => TokenError::Busy { status: 400, retry_after: None },
        _ => TokenError::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        Metadata {
            issuer: "https://as.example".into(),
            authorization_endpoint: Url::parse("https://as.example/auth?tenant=1").unwrap(),
            token_endpoint: Url::parse("https://as.example/token").unwrap(),
            registration_endpoint: None,
            revocation_endpoint: None,
            jwks_uri: None,
            scopes_supported: None,
            prompt_values_supported: None,
            token_endpoint_auth_methods_supported: vec![],
            iss_promised: true,
        }
    }

    fn query(scopes: &[String], intent: Intent) -> std::collections::BTreeMap<String, String> {
        query_at(&metadata(), scopes, intent)
    }

    fn query_at(metadata: &Metadata, scopes: &[String], intent: Intent) -> std::collections::BTreeMap<String, String> {
        let url = authorization_url(
            metadata,
            &AuthorizationRequest {
                client_id: "us",
                redirect_uri: &Url::parse("https://connect.example/v1/auth/mcp/crm/callback").unwrap(),
                scopes,
                resource: Some("https://mcp.example/mcp"),
                state: &Secret::new("st"),
                // RFC 7636 appendix B.
                verifier: &Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                nonce: None,
                intent,
            },
        );
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn an_authorization_request_carries_pkce_resource_state_and_the_endpoints_own_query() {
        let query = query(&["a".into(), "b".into()], Intent::Reconnect);
        assert_eq!(query["code_challenge"], "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["resource"], "https://mcp.example/mcp");
        assert_eq!(query["redirect_uri"], "https://connect.example/v1/auth/mcp/crm/callback");
        assert_eq!(query["scope"], "a b");
        assert_eq!(query["tenant"], "1");
        assert!(!query.contains_key("prompt"));
    }

    #[test]
    fn without_scopes_the_parameter_is_left_out() {
        assert!(!query(&[], Intent::Reconnect).contains_key("scope"));
    }

    #[test]
    fn switching_accounts_asks_the_provider_to_let_the_person_choose() {
        assert_eq!(query(&[], Intent::SwitchAccount)["prompt"], "select_account login");
    }

    #[test]
    fn a_provider_that_names_its_prompts_is_asked_for_no_other() {
        let knows = |values: &[&str]| Metadata {
            prompt_values_supported: Some(values.iter().map(|&value| value.to_owned()).collect()),
            ..metadata()
        };
        let prompt = |values: &[&str]| query_at(&knows(values), &[], Intent::SwitchAccount).get("prompt").cloned();
        assert_eq!(prompt(&["none", "login", "consent"]).as_deref(), Some("login"));
        assert_eq!(prompt(&["none", "select_account"]).as_deref(), Some("select_account"));
        assert_eq!(prompt(&["none"]), None);
    }
}
