//! Signing in to AIQ Connect itself with OpenID Connect: for running without AIQ's own page in front.

use std::sync::Arc;

use aiq_connect_shared::Intent;
use url::Url;

use super::{
    id_token::{self, IdTokenError},
    signed::{Claims, Expected},
};
use crate::{
    audit::Audit,
    clock::{Chance, Clock},
    config::{Config, SignInConfig},
    domain::{AuditEvent, AuditKind, ClientAuth, NewSession, NewSignIn, Principal, Profile, Session, SignIn},
    oauth::{
        AuthorizationRequest, AuthorizationServers, Client, CodeExchange, DiscoveryError, HttpAuthorizationServers,
        Metadata, TokenError, authorization_url, policy::iss_is_acceptable,
    },
    sealing,
    storage::{Store, StoreError},
    timing,
    vault::{SealContext, Secret, Vault},
};

/// Our own sign-in.
pub struct OwnSignIn {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    servers: Arc<HttpAuthorizationServers>,
    clock: Arc<dyn Clock>,
    chance: Chance,
    audit: Audit,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// No `aiq_connect.sign_in` is configured.
    #[error("this service has no sign-in of its own")]
    NotConfigured,
    /// The attempt is unknown, used up, or too old, or another browser's.
    #[error("this sign-in attempt is no longer valid")]
    AttemptOver,
    /// The person said no, or the provider did.
    #[error("the provider refused the sign-in")]
    Refused,
    /// The response is not from the issuer that was asked (RFC 9207).
    #[error("the answer came from another issuer")]
    Issuer,
    /// The provider, or the way to it.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The token endpoint.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No ID token came.
    #[error("the provider sent no ID token")]
    NoIdToken,
    /// The ID token is not believed.
    #[error(transparent)]
    IdToken(#[from] IdTokenError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the provider's redirect brought.
#[derive(Clone, Debug)]
pub struct SignInReturn {
    /// `state`.
    pub state: Option<Secret>,
    /// `code`.
    pub code: Option<Secret>,
    /// `iss`.
    pub iss: Option<String>,
    /// SHA-256 (hex) of the browser's cookie, if it sent one.
    pub browser_hash: Option<String>,
}

/// A new session.
#[derive(Debug)]
pub struct SignedIn {
    /// The cookie's value.
    pub cookie: Secret,
    /// Where the person wanted to go.
    pub return_to: String,
}

impl OwnSignIn {
    /// Puts it together.
    pub fn new(
        config: Arc<Config>,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        servers: Arc<HttpAuthorizationServers>,
        clock: Arc<dyn Clock>,
        chance: Chance,
        audit: Audit,
    ) -> Self {
        Self { config, store, vault, servers, clock, chance, audit }
    }

    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        self.config.sign_in.is_some()
    }

    /// Where at the provider the person continues.
    pub async fn begin(&self, return_to: &str, browser_hash: &str) -> Result<Url, SignInError> {
        let settings = self.settings()?;
        let metadata = self.servers.metadata(&settings.issuer).await?;
        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        let (state, verifier) = (self.chance.text(), self.chance.text());
        let nonce = self.chance.text().expose().to_owned();
        let state_hash = state.sha256_hex();
        let sign_in = SignIn {
            browser_hash: browser_hash.to_owned(),
            nonce: nonce.clone(),
            verifier: sealer.seal(&SealContext::sign_in_verifier(&state_hash), &verifier),
            return_to: safe_return_to(return_to).to_owned(),
        };
        self.store.begin_sign_in(&NewSignIn { state_hash, sign_in, lifetime: timing::SIGN_IN_LIFETIME }).await?;
        Ok(authorization_url(
            &metadata,
            &AuthorizationRequest {
                client_id: &settings.client_id,
                redirect_uri: &self.redirect_uri(),
                scopes: &settings.scopes,
                resource: None,
                state: &state,
                verifier: &verifier,
                nonce: Some(&nonce),
                intent: Intent::Reconnect,
            },
        ))
    }

    /// The person comes back: the attempt is used up before the code is sent.
    pub async fn finish(&self, returned: &SignInReturn) -> Result<SignedIn, SignInError> {
        let settings = self.settings()?;
        let state_hash = returned.state.as_ref().ok_or(SignInError::AttemptOver)?.sha256_hex();
        let attempt = self.store.take_sign_in(&state_hash).await?.ok_or(SignInError::AttemptOver)?;
        if returned.browser_hash.as_deref() != Some(attempt.browser_hash.as_str()) {
            return Err(SignInError::AttemptOver);
        }
        let metadata = self.servers.metadata(&settings.issuer).await?;
        if !iss_is_acceptable(&metadata.issuer, metadata.iss_promised, returned.iss.as_deref()) {
            return Err(SignInError::Issuer);
        }
        let code = returned.code.as_ref().ok_or(SignInError::Refused)?;
        let context = SealContext::sign_in_verifier(&state_hash);
        let verifier =
            sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, &attempt.verifier).await?;
        let verifier = verifier.ok_or(SignInError::AttemptOver)?;
        let exchange = CodeExchange { code, verifier: &verifier, redirect_uri: &self.redirect_uri(), resource: None };
        let token = self.servers.exchange_for_id_token(&metadata, &client(settings), &exchange).await?;
        let claims = self.verify(&metadata, settings, &token.ok_or(SignInError::NoIdToken)?, &attempt.nonce).await?;
        let cookie = self.open_session(settings, claims).await?;
        Ok(SignedIn { cookie, return_to: attempt.return_to })
    }

    /// Whose session a cookie is.
    pub async fn session(&self, cookie: &Secret) -> Result<Option<Session>, StoreError> {
        self.store.find_session(&cookie.sha256_hex()).await
    }

    /// Ends a session here. The provider's own session is the provider's.
    pub async fn sign_out(&self, cookie: &Secret) -> Result<(), StoreError> {
        self.store.close_session(&cookie.sha256_hex()).await
    }

    fn settings(&self) -> Result<&SignInConfig, SignInError> {
        self.config.sign_in.as_ref().ok_or(SignInError::NotConfigured)
    }

    fn redirect_uri(&self) -> Url {
        let mut url = self.config.public_url.clone();
        url.set_path("/v1/auth/login/callback");
        url
    }

    async fn verify(
        &self,
        metadata: &Metadata,
        settings: &SignInConfig,
        token: &Secret,
        nonce: &str,
    ) -> Result<Claims, SignInError> {
        let keys = self.servers.signing_keys(metadata).await?;
        let audience = Some(settings.client_id.as_str());
        let expected = Expected { issuer: &metadata.issuer, audience, now: self.clock.now() };
        Ok(id_token::verify(token, &keys, &expected, nonce)?)
    }

    async fn open_session(&self, settings: &SignInConfig, claims: Claims) -> Result<Secret, StoreError> {
        let cookie = self.chance.text();
        let name = claims.name.or(claims.preferred_username).or_else(|| claims.email.clone());
        let session = NewSession {
            cookie_hash: cookie.sha256_hex(),
            profile: Profile { name: name.unwrap_or_else(|| claims.sub.clone()), email: claims.email },
            principal: Principal { issuer: settings.issuer.clone(), kind: "jwt".to_owned(), sub: claims.sub },
            lifetime: timing::SESSION_LIFETIME,
        };
        self.store.open_session(&session).await?;
        self.audit.record(AuditEvent::new(AuditKind::SignedIn).by(&session.principal.id()));
        tracing::info!(user.key_hash = session.principal.id().as_str(), "somebody signed in");
        Ok(cookie)
    }
}

fn client(settings: &SignInConfig) -> Client {
    Client {
        client_id: settings.client_id.clone(),
        secret: settings.client_secret.clone(),
        auth: if settings.client_secret.is_some() { ClientAuth::Basic } else { ClientAuth::None },
    }
}

/// A path of our own, or the front page: a sign-in must not become an open redirector (RFC 9700 §4.11).
pub fn safe_return_to(wish: &str) -> &str {
    let own = wish.starts_with('/')
        && !wish.starts_with("//")
        && !wish.contains('\\')
        && !wish.contains(|character: char| character.is_control());
    if own { wish } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::safe_return_to;

    #[test]
    fn only_paths_of_our_own_are_returned_to() {
        assert_eq!(safe_return_to("/connections#source-a?x=1"), "/connections#source-a?x=1");
        for foreign in
            ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\n/evil"]
        {
            assert_eq!(safe_return_to(foreign), "/", "{foreign:?}");
        }
    }
}
