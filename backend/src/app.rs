//! Puts the service together: the only place that names concrete implementations.

use std::{io::Write, net::SocketAddr, path::PathBuf, sync::Arc};

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    audit::Audit,
    background,
    clock::{Chance, Clock, SystemClock},
    config::{Config, Database, DatabaseBecause, KeySource},
    connections::Connections,
    domain::{AuditEvent, AuditKind},
    http,
    identity::{Callers, OwnSignIn},
    install_crypto,
    jobs::{Gate, NatService, ResearchService, Seats},
    news,
    oauth::{AddressPolicy, HttpAuthorizationServers, Outbound},
    sealing::{self, VaultFailed},
    storage::{OpenError, Opened, Place},
    timing,
};

/// Why the service does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody listens there already, or may not.
    #[error("cannot listen on {address}: {cause}. {remedy}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The operating system's reason.
        #[source]
        cause: std::io::Error,
        /// What to do.
        remedy: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A key file that several processes share has to be there before the first of them starts.
    #[error(
        "the encryption key file {} is not there. Every process on one PostgreSQL needs the same key, so none is made: put \
         32 bytes there as base64, for example with `openssl rand -base64 32`, or set AIQ_TOKEN_ENCRYPTION_KEY.",
        .0.display()
    )]
    NoSharedKey(PathBuf),
    /// The keys cannot be had.
    #[error("the encryption keys cannot be used: {error}{cause}", error = .0, cause = cause_of(.0))]
    Key(#[from] VaultFailed),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// A listener broke.
    #[error("a listener broke: {0}")]
    Io(#[from] std::io::Error),
}

fn cause_of(error: &dyn std::error::Error) -> String {
    error.source().map(|cause| format!(": {cause}")).unwrap_or_default()
}

/// The service, ready to listen.
pub struct Service {
    app: Arc<http::App>,
    background: tokio::task::JoinHandle<()>,
    database: Opened,
}

impl Service {
    /// Opens what the configuration names and wires it up. No provider has to be there for it.
    pub async fn assemble(config: Config) -> Result<Self, ServeError> {
        Self::assemble_at(config, Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    pub async fn assemble_at(config: Config, clock: Arc<dyn Clock>) -> Result<Self, ServeError> {
        install_crypto();
        let config = Arc::new(config);
        let chance = Chance::from_system();
        refuse_without_shared_key(&config)?;
        say_where_it_is_stored(&config);
        let database = Opened::open(&config.database, config.listen.as_ref()).await?;
        let store = database.store();
        let may_make = matches!(config.database, Database::Sqlite { .. });
        let vault = Arc::new(sealing::open_vault(&config.key, may_make, store.as_ref(), &chance).await?);
        let audit = Audit::start(Arc::clone(&store), Arc::clone(&vault), &chance);
        let replica = sealing::replica_name(&chance);
        sealing::introduce(store.as_ref(), &vault, &audit, &replica).await.map_err(VaultFailed::from)?;
        let outbound = Outbound::new(AddressPolicy {
            allow_loopback: config.outbound.allow_loopback,
            allow_hosts: config.outbound.allow_hosts.clone(),
        })?;
        let servers = Arc::new(HttpAuthorizationServers::new(outbound, Arc::clone(&clock)));
        let connections = Arc::new(Connections::new(
            Arc::clone(&config),
            Arc::clone(&store),
            Arc::clone(&vault),
            servers.clone(),
            chance.clone(),
            audit.clone(),
        ));
        let research = match &config.upstream {
            Some(upstream) => Some(Arc::new(NatService::new(upstream.url.clone())?) as Arc<dyn ResearchService>),
            None => None,
        };
        let gate =
            Gate::new(Arc::clone(&connections), Arc::clone(&store), Arc::clone(&vault), chance.clone(), research);
        let callers = Callers::new(&config, servers.clone(), Arc::clone(&store), Arc::clone(&clock));
        say_who_is_asking(&config);
        let sign_in = OwnSignIn::new(
            Arc::clone(&config),
            Arc::clone(&store),
            Arc::clone(&vault),
            servers,
            Arc::clone(&clock),
            chance.clone(),
            audit.clone(),
        );
        audit.record(started(&config));
        let sources = config.sources.iter().filter(|source| source.protection.is_some());
        let sources = sources.map(|source| source.id.clone()).collect();
        let watching = background::watch_sign_ins(Arc::clone(&connections), sources, chance.clone());
        let sweeping = background::end_overdue_waits(Arc::clone(&connections));
        let revoking = background::revoke_what_is_queued(Arc::clone(&connections), chance.clone());
        let sweeps = background::SweepHealth::default();
        let attending = sealing::attend(Arc::clone(&store), Arc::clone(&vault), audit.clone(), replica);
        let old = background::Sweeper::new(Arc::clone(&store), audit, config.retention, sweeps.clone());
        let removing = old.run(chance.clone());
        let following = news::follow(Arc::clone(&connections), store.clone());
        let background =
            tokio::spawn(async move { tokio::join!(watching, sweeping, following, attending, revoking, removing).0 });
        let (stopping, _) = watch::channel(false);
        let event_seats = Seats::for_each(http::MOST_STREAMS);
        Ok(Self {
            app: Arc::new(http::App {
                config,
                connections,
                gate,
                event_seats,
                sign_in,
                callers,
                vault,
                store,
                chance,
                stopping,
                sweeps,
            }),
            background,
            database,
        })
    }

    /// What is served: to people, and to workers.
    pub fn routers(&self) -> (Router, Router) {
        (http::router(Arc::clone(&self.app)), http::worker_router(Arc::clone(&self.app)))
    }

    /// Listens until told to stop, then lets requests under way finish for a while.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let config = Arc::clone(&self.app.config);
        let public = listen(config.bind, "Set AIQ_CONNECT_BIND (or aiq_connect.bind) to another address").await?;
        let workers =
            listen(config.worker.bind, "Set AIQ_CONNECT_WORKER_BIND (or aiq_connect.worker.bind) to another address")
                .await?;
        tracing::info!(address = %public.local_addr()?, workers = %workers.local_addr()?, "listening");
        // Whoever started us may wait for this line.
        writeln!(std::io::stdout(), "ready {}", config.public_url)?;

        let told = &self.app.stopping;
        let stopped = |mut told: watch::Receiver<bool>| async move {
            // An error means that the sender is gone: stop as well.
            let _ = told.wait_for(|told| *told).await;
        };
        let (for_people, for_workers) = self.routers();
        let people = axum::serve(public, for_people).with_graceful_shutdown(stopped(told.subscribe()));
        let jobs = axum::serve(workers, for_workers).with_graceful_shutdown(stopped(told.subscribe()));
        let both = async { tokio::try_join!(people.into_future(), jobs.into_future()) };
        tokio::pin!(both);
        tokio::select! {
            ended = &mut both => { ended?; }
            () = stop => {
                tracing::info!("stopping");
                told.send_replace(true);
                let deadline = tokio::time::Instant::now() + timing::SHUTDOWN;
                if tokio::time::timeout_at(deadline, both).await.is_err() {
                    tracing::warn!("some requests did not finish in time");
                }
                if tokio::time::timeout_at(deadline, self.app.connections.refreshes_are_over()).await.is_err() {
                    tracing::warn!("some refreshes did not finish in time; another process takes them over");
                }
            }
        }
        self.background.abort();
        // What happened until now is written down, if the database lets us.
        self.app.connections.audit().finish().await;
        // Folds the write-ahead log into the file, so that a copy of the one file is whole.
        self.database.close().await;
        Ok(())
    }
}

async fn listen(address: SocketAddr, remedy: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|cause| {
        let remedy = match cause.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("Another program uses port {}. Stop it, or: {remedy}.", address.port())
            }
            _ => format!("{remedy}."),
        };
        ServeError::Listen { address, cause, remedy }
    })
}

/// That this process started, and what is allowed here beyond the strict rules.
fn started(config: &Config) -> AuditEvent {
    let is_any_audience = config.identity.tokens.as_ref().is_some_and(|tokens| tokens.audience.is_none());
    let relaxations = [
        ("local_user", config.identity.local_user.is_some()),
        ("allow_any_audience", is_any_audience),
        ("outbound.allow_loopback", config.outbound.allow_loopback),
        ("worker.insecure", config.worker.insecure),
    ];
    let in_effect: Vec<_> = relaxations.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    let event = AuditEvent::new(AuditKind::Started).with("release", env!("CARGO_PKG_VERSION"));
    if in_effect.is_empty() { event } else { event.with("relaxations", in_effect.join(" ")) }
}

/// Says where it is stored when nobody said so.
fn say_where_it_is_stored(config: &Config) {
    let database = Place(&config.database);
    match config.database_because {
        DatabaseBecause::Named => {}
        DatabaseBecause::JobStore => tracing::info!(%database, "stored in the database of NAT_JOB_STORE_DB_URL"),
        DatabaseBecause::Default => tracing::info!(%database, "stored in a file, because no database is named"),
        DatabaseBecause::JobStoreCannotBeShared => {
            tracing::info!(%database, "stored in a file of its own, because NAT_JOB_STORE_DB_URL is no PostgreSQL");
        }
    }
}

/// Says what somebody may have left open without knowing.
fn say_who_is_asking(config: &Config) {
    if let Some(name) = &config.identity.local_user {
        tracing::warn!(local_user = name, "everybody on this machine is one person");
    }
    if config.identity.tokens.as_ref().is_some_and(|tokens| tokens.audience.is_none()) {
        tracing::warn!("tokens of AIQ_JWT_ISSUER are taken whatever service they were made for");
    }
    if !config.has_people() {
        tracing::warn!(
            "nothing tells people apart, so personal sources are off: set aiq_connect.sign_in, or AIQ_JWT_ISSUER and \
             AIQ_JWT_AUDIENCE"
        );
    }
}

/// Said before anything is opened: a key file that is made by one of several processes helps none of the others.
fn refuse_without_shared_key(config: &Config) -> Result<(), ServeError> {
    match (&config.key, &config.database) {
        (KeySource::File(path), Database::Postgres { .. }) if !path.exists() => {
            Err(ServeError::NoSharedKey(path.clone()))
        }
        _ => Ok(()),
    }
}
