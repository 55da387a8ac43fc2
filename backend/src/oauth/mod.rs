//! The OAuth 2.1 client: discovery, registration, tokens, revocation. Everything that leaves goes through [`Outbound`].

pub mod address;
mod answer;
mod challenge;
pub mod discovery;
mod documents;
mod hints;
mod http;
pub mod metadata;
pub mod policy;
mod registration;
mod revocation;
mod servers;
mod signing_keys;
mod tokens;

use async_trait::async_trait;
use std::sync::Arc;
use url::Url;

pub use self::{
    address::{AddressPolicy, AddressRefused},
    challenge::Challenge,
    discovery::ProtectedResource,
    http::{Answer, Outbound, SendError},
    metadata::Metadata,
    registration::{RegistrationError, RegistrationRequest},
    revocation::{RevocationError, TokenHint},
    servers::HttpAuthorizationServers,
    signing_keys::PublishedKeys,
    tokens::{AuthorizationRequest, TokenAnswer, TokenError, authorization_url},
};
use crate::{domain::ClientAuth, vault::Secret};

/// Our client at one authorization server, ready to use.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name there.
    pub client_id: String,
    /// Its secret, unless it is public.
    pub secret: Option<Secret>,
    /// How it proves itself, the same at every endpoint.
    pub auth: ClientAuth,
}

/// Why a server's way to sign in is not known.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// Passes by itself.
    #[error("the provider cannot be reached ({what})")]
    Unreachable {
        /// In our words.
        what: String,
        /// The cause, where there is one.
        #[source]
        cause: Option<SendError>,
    },
    /// Stays until somebody changes something.
    #[error("{0}")]
    Unusable(String),
}

impl DiscoveryError {
    pub(crate) fn unusable(why: &str) -> Self {
        Self::Unusable(why.to_owned())
    }

    pub(crate) fn address(refused: &AddressRefused) -> Self {
        Self::Unusable(refused.to_string())
    }
}

impl From<SendError> for DiscoveryError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Refused(refused) => Self::address(&refused),
            SendError::TooLarge => Self::unusable("a metadata document is larger than 1 MiB"),
            error => Self::Unreachable { what: error.to_string(), cause: Some(error) },
        }
    }
}

/// What discovery found for one MCP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// What the MCP server says.
    pub protected: ProtectedResource,
    /// What its authorization server says.
    pub metadata: Arc<Metadata>,
}

/// The world of authorization servers, as the rules see it.
#[async_trait]
pub trait AuthorizationServers: Send + Sync {
    /// From an MCP server's address to its authorization server; found anew when the last answer is old.
    async fn discover(&self, server: &Url, pin: Option<&str>) -> Result<Arc<Discovery>, DiscoveryError>;

    /// The metadata of a known issuer; the last good copy when it cannot be fetched again.
    async fn metadata(&self, issuer: &str) -> Result<Arc<Metadata>, DiscoveryError>;

    /// Registers a client.
    async fn register(
        &self,
        metadata: &Metadata,
        request: &RegistrationRequest<'_>,
    ) -> Result<Client, RegistrationError>;

    /// Exchanges a code for tokens.
    async fn exchange(
        &self,
        metadata: &Metadata,
        client: &Client,
        code: &CodeExchange<'_>,
    ) -> Result<TokenAnswer, TokenError>;

    /// Refreshes tokens.
    async fn refresh(
        &self,
        metadata: &Metadata,
        client: &Client,
        refresh_token: &Secret,
        resource: &str,
    ) -> Result<TokenAnswer, TokenError>;

    /// Ends one token.
    async fn revoke(
        &self,
        metadata: &Metadata,
        client: &Client,
        token: &Secret,
        hint: TokenHint,
    ) -> Result<(), RevocationError>;
}

/// A code and what belongs to it.
#[derive(Debug)]
pub struct CodeExchange<'a> {
    /// The code.
    pub code: &'a Secret,
    /// The PKCE verifier of its request.
    pub verifier: &'a Secret,
    /// The redirect URI of its request.
    pub redirect_uri: &'a Url,
    /// The resource of its request; `None` when signing in to ourselves.
    pub resource: Option<&'a str>,
}
