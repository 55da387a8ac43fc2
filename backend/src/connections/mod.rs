//! The rules of connecting: start, complete, fresh token, disconnect, status, preflight.
//!
//! Nothing here knows HTTP servers, databases or clients; all of them come in as traits.

mod backoff;
mod behind;
mod clients;
mod complete;
mod disconnect;
mod fault;
mod flights;
mod fresh_token;
mod issuers;
mod keep;
mod listeners;
mod openable;
mod preflight;
mod reachability;
mod refresh;
mod registering;
mod revoking;
mod standing;
mod start;
mod status;
mod together;
mod waiting;
mod walk;

use std::sync::Arc;

use url::Url;

use self::{behind::Behind, flights::Flights, fresh_token::Answering, issuers::Issuers, registering::Registering};
pub use self::{
    complete::{CompleteError, Completed, Returned},
    disconnect::{DisconnectError, Disconnected, Gone, NotQueued, forget},
    fault::{FaultCause, Faulted},
    fresh_token::{FreshToken, FreshTokenError, TokenQuestion},
    listeners::{Ear, Listeners},
    preflight::{PreflightError, Selection},
    reachability::{Reach, Reachability},
    start::{Announced, Launch, StartError},
    status::StatusError,
    waiting::Bell,
    walk::Stop,
};
use crate::{
    audit::Audit,
    clock::Chance,
    config::{Config, Protection, Server, Source},
    domain::{GrantKey, LeaseOwner, PrincipalId, SourceId},
    oauth::AuthorizationServers,
    storage::Store,
    vault::Vault,
};

/// Everything the rules need, handed in once.
pub struct Connections {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    servers: Arc<dyn AuthorizationServers>,
    chance: Chance,
    audit: Audit,
    reach: Reachability,
    process: LeaseOwner,
    bell: Bell,
    /// Refreshes under way.
    flights: Arc<Flights>,
    /// Those of them that nobody waits for.
    behind: Arc<Behind>,
    /// Token requests under way.
    issuers: Issuers,
    listeners: Arc<Listeners>,
    /// Workers' questions that are being answered.
    answering: Answering,
    /// Registrations under way.
    registering: Arc<Registering>,
}

/// A protected source and the server behind it.
#[derive(Clone, Copy)]
pub(crate) struct Protected<'a> {
    pub source: &'a Source,
    pub protection: &'a Protection,
    pub server: &'a Server,
}

/// Why a source cannot be connected at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProtected {
    /// No such source.
    #[error("no data source is called `{0}`")]
    Unknown(String),
    /// It needs no connection.
    #[error("data source `{0}` needs no connection of your own")]
    Unprotected(String),
}

impl Connections {
    /// Puts the rules together.
    pub fn new(
        config: Arc<Config>,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        servers: Arc<dyn AuthorizationServers>,
        chance: Chance,
        audit: Audit,
    ) -> Self {
        // With the process id, so that whoever looks into the database sees which process it is.
        let process = LeaseOwner(format!("{}-{}", std::process::id(), chance.uuid()));
        let (reach, bell, registering) = (Reachability::default(), Bell::default(), Arc::default());
        let (flights, behind, issuers) = (Arc::default(), Arc::default(), Issuers::default());
        let (listeners, answering) = (Arc::default(), Answering::default());
        Self {
            config,
            store,
            vault,
            servers,
            chance,
            audit,
            reach,
            process,
            bell,
            flights,
            behind,
            issuers,
            listeners,
            answering,
            registering,
        }
    }

    /// What is known of each server's way to sign in.
    pub fn reachability(&self) -> &Reachability {
        &self.reach
    }

    /// Takes what happened.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Waits until no refresh is under way in this process: what one brings exists nowhere else until it is stored.
    pub async fn refreshes_are_over(&self) {
        self.flights.all_landed().await;
    }

    pub(crate) fn protected(&self, id: &str) -> Result<Protected<'_>, NotProtected> {
        let source = self.config.source(&id.into());
        let source = source.ok_or_else(|| NotProtected::Unknown(id.to_owned()))?;
        self.protection_of(source).ok_or_else(|| NotProtected::Unprotected(id.to_owned()))
    }

    pub(crate) fn protection_of<'a>(&'a self, source: &'a Source) -> Option<Protected<'a>> {
        let protection = source.protection.as_ref()?;
        let server = self.config.server_of(source)?;
        Some(Protected { source, protection, server })
    }

    /// Our launch page for a source, as a path.
    pub fn connect_path(source: &SourceId) -> String {
        format!("/v1/auth/mcp/{source}/connect")
    }

    /// The same, absolute, from the configured public address and never from a request.
    pub fn connect_url(&self, source: &SourceId) -> Url {
        self.public(&Self::connect_path(source))
    }

    pub(crate) fn callback_url(&self, source: &SourceId) -> Url {
        self.public(&format!("/v1/auth/mcp/{source}/callback"))
    }

    fn public(&self, path: &str) -> Url {
        let mut url = self.config.public_url.clone();
        url.set_path(path);
        url
    }

    pub(crate) fn key(principal: &PrincipalId, protected: Protected<'_>) -> GrantKey {
        GrantKey { principal: principal.clone(), server: protected.server.id.clone() }
    }

    /// A short random name that ties what a person sees to a line in the log.
    pub(crate) fn reference(&self) -> String {
        crate::domain::hex(&self.chance.bytes::<4>())
    }
}
