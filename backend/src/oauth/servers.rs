//! [`AuthorizationServers`] over HTTP, with what was discovered kept for a while.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;
use url::Url;

use super::{
    AuthorizationServers, Client, CodeExchange, Discovery, DiscoveryError, Metadata, Outbound, PublishedKeys,
    RegistrationError, RegistrationRequest, RevocationError, TokenAnswer, TokenError, TokenHint, discovery, metadata,
    registration, revocation, signing_keys, tokens,
};
use crate::{clock::Clock, timing, vault::Secret};

type Kept<T> = Mutex<HashMap<String, (DateTime<Utc>, Arc<T>)>>;

/// The real authorization servers.
pub struct HttpAuthorizationServers {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    discoveries: Kept<Discovery>,
    documents: Kept<Metadata>,
}

impl HttpAuthorizationServers {
    /// Over this client.
    pub fn new(outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { outbound, clock, discoveries: Mutex::default(), documents: Mutex::default() }
    }

    /// Exchanges a code of our own OpenID sign-in for its ID token, if one comes.
    pub async fn exchange_for_id_token(
        &self,
        metadata: &Metadata,
        client: &Client,
        code: &CodeExchange<'_>,
    ) -> Result<Option<Secret>, TokenError> {
        tokens::exchange(&self.outbound, metadata, client, code).await.map(|(_, id_token)| id_token)
    }

    /// The issuer's signing keys, as published now.
    pub async fn signing_keys(&self, metadata: &Metadata) -> Result<JwkSet, DiscoveryError> {
        let url = metadata.jwks_uri.as_ref().ok_or_else(|| DiscoveryError::unusable("no jwks_uri"))?;
        signing_keys::at(&self.outbound, url).await
    }

    fn fresh<T>(&self, kept: &Kept<T>, name: &str) -> Option<Arc<T>> {
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, value) = kept.get(name)?;
        (self.clock.now() - *at < timing::METADATA_LIFETIME).then(|| Arc::clone(value))
    }

    fn keep<T>(&self, kept: &Kept<T>, name: &str, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(name.to_owned(), (self.clock.now(), Arc::clone(&value)));
        value
    }

    fn last_good<T>(kept: &Kept<T>, name: &str) -> Option<Arc<T>> {
        kept.lock().unwrap_or_else(PoisonError::into_inner).get(name).map(|(_, value)| Arc::clone(value))
    }
}

#[async_trait]
impl AuthorizationServers for HttpAuthorizationServers {
    async fn discover(&self, server: &Url, pin: Option<&str>) -> Result<Arc<Discovery>, DiscoveryError> {
        if let Some(known) = self.fresh(&self.discoveries, server.as_str()) {
            return Ok(known);
        }
        let protected = discovery::protected_resource(&self.outbound, server, pin).await?;
        let metadata = self.metadata(&protected.issuer).await?;
        Ok(self.keep(&self.discoveries, server.as_str(), Discovery { protected, metadata }))
    }

    async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, DiscoveryError> {
        if let Some(known) = self.fresh(&self.documents, issuer) {
            return Ok(known);
        }
        match metadata::fetch(&self.outbound, issuer).await {
            Ok(found) => Ok(self.keep(&self.documents, issuer, found)),
            // Only silence is bridged; a document that is there and wrong is the truth of today.
            Err(error @ DiscoveryError::Unreachable { .. }) => Self::last_good(&self.documents, issuer).ok_or(error),
            Err(error) => Err(error),
        }
    }

    async fn register(
        &self,
        metadata: &Metadata,
        request: &RegistrationRequest<'_>,
    ) -> Result<Client, RegistrationError> {
        registration::register(&self.outbound, metadata, request).await
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        client: &Client,
        code: &CodeExchange<'_>,
    ) -> Result<TokenAnswer, TokenError> {
        tokens::exchange(&self.outbound, metadata, client, code).await.map(|(answer, _)| answer)
    }

    async fn refresh(
        &self,
        metadata: &Metadata,
        client: &Client,
        refresh_token: &Secret,
        resource: &str,
    ) -> Result<TokenAnswer, TokenError> {
        tokens::refresh(&self.outbound, metadata, client, refresh_token, resource).await
    }

    async fn revoke(
        &self,
        metadata: &Metadata,
        client: &Client,
        token: &Secret,
        hint: TokenHint,
    ) -> Result<(), RevocationError> {
        revocation::revoke(&self.outbound, metadata, client, token, hint).await
    }
}

#[async_trait]
impl PublishedKeys for HttpAuthorizationServers {
    async fn published_keys(&self, issuer: &str) -> Result<JwkSet, DiscoveryError> {
        signing_keys::of_issuer(&self.outbound, issuer).await
    }
}
