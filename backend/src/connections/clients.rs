//! Which OAuth client we are at an issuer: configured first, then registered.

use std::sync::Arc;

use url::Url;

use super::{Connections, FaultCause, Faulted, Protected, Reach, registering::Wanted};
use crate::{
    config::{ClientSource, Server},
    domain::{AuditEvent, AuditKind, ClientAuth, Grant, Registration, SourceId},
    oauth::{Client, Discovery, Metadata},
    sealing,
    storage::StoreError,
    vault::SealContext,
};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Cause(#[from] FaultCause),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Connections {
    /// Finds the way to a server's sign-in and remembers whether there is one.
    pub(crate) async fn discover(&self, protected: Protected<'_>) -> Result<Arc<Discovery>, Faulted> {
        let found = match (&protected.server.url, &protected.server.incomplete) {
            (Some(url), None) => {
                let pin = protected.server.issuer.as_deref();
                self.servers.discover(url, pin).await.map_err(FaultCause::Discovery)
            }
            (_, Some(why)) => Err(FaultCause::Configuration(why.clone())),
            (None, None) => Err(FaultCause::Configuration("no address of the MCP server is known".to_owned())),
        };
        match found {
            Ok(discovery) => {
                let host = host_of(&discovery.metadata.authorization_endpoint);
                let reach = Reach::Reachable { provider_host: host };
                let before = self.reach.record(&protected.server.id, reach.clone());
                if before != reach {
                    self.heard_by_all();
                }
                if matches!(before, Reach::Broken { .. }) {
                    tracing::info!(server.id = %protected.server.id, "the sign-in of this server can be reached again");
                }
                Ok(discovery)
            }
            Err(cause) => Err(self.note_broken(protected.server, cause)),
        }
    }

    /// Looks whether people can sign in at a source, for the listing. Sources that need no sign-in always can.
    pub async fn check_sign_in(&self, source: &SourceId) -> bool {
        match self.protected(source.as_str()) {
            Ok(protected) => self.discover(protected).await.is_ok(),
            Err(_) => true,
        }
    }

    /// Whether the way to a source's sign-in was broken when it was last used.
    pub fn is_broken(&self, source: &SourceId) -> bool {
        let protected = self.protected(source.as_str()).ok();
        protected.is_some_and(|protected| matches!(self.reach.of(&protected.server.id), Reach::Broken { .. }))
    }

    /// Names a cause, and lets the listing tell it. The same trouble keeps its reference and is logged once.
    pub(crate) fn note_broken(&self, server: &Server, cause: FaultCause) -> Faulted {
        if let Reach::Broken { code, reference, .. } = self.reach.of(&server.id)
            && code == cause.code()
        {
            tracing::debug!(server.id = %server.id, fault = code.as_str(), %reference, %cause, "still the same trouble");
            return Faulted { code, reference, cause };
        }
        let faulted = self.name_fault(server, cause);
        self.reach.record(&server.id, Reach::Broken { code: faulted.code, reference: faulted.reference.clone() });
        self.heard_by_all();
        faulted
    }

    /// Gives a cause its code and reference, and writes the one log line.
    pub(crate) fn name_fault(&self, server: &Server, cause: FaultCause) -> Faulted {
        let faulted = Faulted { code: cause.code(), reference: self.reference(), cause };
        tracing::warn!(
            server.id = %server.id, fault = faulted.code.as_str(), reference = %faulted.reference, cause = %faulted.cause,
            "a provider, or the way to it, does not work"
        );
        faulted
    }

    /// Our client for a new sign-in: the configured one, else the registered one, else a new registration.
    pub(crate) async fn client_for(
        self: &Arc<Self>,
        server: &Server,
        metadata: &Arc<Metadata>,
        redirect_uri: &Url,
        scopes: &[String],
    ) -> Result<Client, ClientError> {
        let client_name = match &server.client {
            ClientSource::Registered { .. } => return Ok(configured(server).ok_or_else(no_client)?),
            ClientSource::Dynamic { client_name } => client_name,
        };
        if let Some(client) = self.registered_client(&metadata.issuer, redirect_uri).await? {
            return Ok(client);
        }
        let wanted = Wanted {
            metadata: Arc::clone(metadata),
            client_name: client_name.clone(),
            redirect_uri: redirect_uri.clone(),
            scopes: scopes.to_vec(),
        };
        self.registered_once(wanted).await
    }

    /// The registered one, if it is there and can be used.
    pub(super) async fn registered_client(
        &self,
        issuer: &str,
        redirect_uri: &Url,
    ) -> Result<Option<Client>, StoreError> {
        let Some(known) = self.store.find_registration(issuer, redirect_uri.as_str()).await? else { return Ok(None) };
        let client = self.open_registration(&known).await?;
        if client.is_none() {
            // Its secret is sealed with a key that is lost: only a new registration helps.
            self.forget_client(&known.issuer, &known.redirect_uri, &known.client_id).await?;
        }
        Ok(client)
    }

    /// A client that we had registered ourselves is no good any more: the next sign-in registers anew.
    pub(super) async fn forget_client(
        &self,
        issuer: &str,
        redirect_uri: &str,
        client_id: &str,
    ) -> Result<(), StoreError> {
        if self.store.forget_registration(issuer, redirect_uri, client_id).await? {
            self.audit.record(client_event(AuditKind::ClientForgotten, issuer, client_id));
        }
        Ok(())
    }

    /// The client that a grant is bound to: same issuer, same client id, never another.
    pub(crate) async fn client_of(&self, grant: &Grant) -> Result<Option<Client>, StoreError> {
        let server = self.config.servers.get(&grant.key.server);
        self.client_at(server, &grant.issuer, &grant.redirect_uri, &grant.client_id).await
    }

    /// The client of this name at this issuer, configured or registered.
    pub(crate) async fn client_at(
        &self,
        server: Option<&Server>,
        issuer: &str,
        redirect_uri: &str,
        client_id: &str,
    ) -> Result<Option<Client>, StoreError> {
        if let Some(client) = server.and_then(configured).filter(|client| client.client_id == client_id) {
            return Ok(Some(client));
        }
        match self.store.find_registration(issuer, redirect_uri).await? {
            Some(known) if known.client_id == client_id => self.open_registration(&known).await,
            _ => Ok(None),
        }
    }

    /// `None`: its secret is lost.
    pub(super) async fn open_registration(&self, known: &Registration) -> Result<Option<Client>, StoreError> {
        let context = SealContext::registration_secret(&known.issuer, &known.redirect_uri);
        let secret = match &known.client_secret {
            Some(sealed) => match sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, sealed).await?
            {
                None => return Ok(None),
                secret => secret,
            },
            None => None,
        };
        Ok(Some(Client { client_id: known.client_id.clone(), secret, auth: known.auth }))
    }
}

/// What became of a client of ours at an issuer.
pub(super) fn client_event(kind: AuditKind, issuer: &str, client_id: &str) -> AuditEvent {
    AuditEvent::new(kind).with("issuer", issuer).with("client_id", client_id)
}

fn configured(server: &Server) -> Option<Client> {
    match &server.client {
        ClientSource::Registered { client_id, client_secret, auth } => Some(Client {
            client_id: client_id.clone(),
            secret: client_secret.clone(),
            auth: auth.unwrap_or(if client_secret.is_some() { ClientAuth::Post } else { ClientAuth::None }),
        }),
        ClientSource::Dynamic { .. } => None,
    }
}

/// The host where people sign in, with its port where that is unusual.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

pub(super) fn no_client() -> FaultCause {
    FaultCause::Configuration("no usable OAuth client".to_owned())
}
