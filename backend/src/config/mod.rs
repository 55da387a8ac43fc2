//! The configuration: AIQ's and NAT's own YAML file, our `aiq_connect:` block in it, and a few variables.
//!
//! Only reading and data. Everything that is wrong is found in one go and told with file, line, column and key
//! ([`ConfigError`]); what AIQ and NAT mean for themselves is left alone. `docs/configuration.md` lists every key.

mod block;
mod client;
mod compat;
mod database;
mod environment;
mod errors;
mod expressions;
mod files;
mod identity;
mod key;
mod listeners;
mod locate;
mod node;
mod outbound;
mod pg_address;
mod pg_url;
mod protection;
mod public_url;
mod reader;
mod retention;
mod servers;
mod sign_in;
mod sources;
#[cfg(test)]
mod tests;
mod tools;
mod traps;
mod upstream;
mod waiting;
mod yaml;

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use url::Url;

#[cfg(test)]
pub(crate) use self::pg_url::parse as parse_pg_url;
use self::reader::{Entry, Reading};
pub use self::{
    block::{VARIABLES, keys},
    client::ClientSource,
    compat::Compat,
    database::{Database, DatabaseBecause, Pooler},
    environment::{Environment, ProcessEnvironment},
    errors::{ConfigError, Place, Problem},
    identity::{Identity, TokenIssuer},
    key::KeySource,
    listeners::{SHORTEST_WORKER_KEY, WorkerListener},
    locate::locate,
    outbound::Outbound,
    pg_address::{PgAddress, PgHost, PgTls},
    protection::Because,
    retention::Retention,
    servers::Server,
    sign_in::SignInConfig,
    sources::{Protection, Source},
    upstream::{Upstream, UpstreamKind},
};
use crate::domain::{ServerId, SourceId, WaitRules};

/// Everything that is configured. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address browsers use: an origin, whose path is `/`.
    pub public_url: Url,
    /// Where people are served.
    pub bind: SocketAddr,
    /// Where workers are served.
    pub worker: WorkerListener,
    /// Where grants are stored.
    pub database: Database,
    /// Why there.
    pub database_because: DatabaseBecause,
    /// Where changes in that database can be listened for, if a pooler stands before it.
    pub listen: Option<PgAddress>,
    /// What seals them.
    pub key: KeySource,
    /// How people sign in to AIQ Connect itself, if they do.
    pub sign_in: Option<SignInConfig>,
    /// How people are told apart otherwise.
    pub identity: Identity,
    /// What jobs are forwarded to, if they are.
    pub upstream: Option<Upstream>,
    /// What is said otherwise for clients that were made for AIQ.
    pub compat: Compat,
    /// What outbound requests may reach.
    pub outbound: Outbound,
    /// How jobs wait for their owners.
    pub waiting: WaitRules,
    /// How long things are kept that nobody uses any more.
    pub retention: Retention,
    /// The sources, in the order of the file.
    pub sources: Vec<Source>,
    /// The servers behind the protected ones.
    pub servers: BTreeMap<ServerId, Server>,
    /// Where AIQ, which reads the same file, would trip over what is fine here.
    pub traps: Vec<Problem>,
}

/// Reads a configuration and everything it stands on.
///
/// # Errors
///
/// All that is wrong with it. Files that cannot be read as YAML are told before anything in them.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Config, ConfigError> {
    let tree = files::read(path, environment)?;
    let reading = Reading::new(environment);
    let config = read(&Entry::root(&reading, tree));
    let problems = reading.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ if problems.is_empty() => Err(ConfigError::one(Some(path.display().to_string()), None, "cannot be used")),
        _ => Err(ConfigError { problems }),
    }
}

/// `None` only when a problem was reported.
fn read(root: &Entry<'_>) -> Option<Config> {
    let reading = root.reading;
    block::check_variables(reading);
    let block = block::read(root);
    let block = block.as_ref();

    let outbound = outbound::read(block);
    let public_url = public_url::read(reading, block);
    let bind = listeners::public(reading, block);
    let worker = listeners::worker(reading, block, bind.as_ref());
    let database = database::read(reading, block);
    let key = key::read(reading, block, database.as_ref().map(|read| &read.database));
    let sign_in = sign_in::read(block, &outbound);
    let around = identity::Around {
        has_sign_in: block.is_some_and(|block| block.get("sign_in").is_some()),
        public_url: public_url.as_ref(),
        bind: bind.as_ref(),
        worker: worker.as_ref(),
    };
    let identity = identity::read(reading, block, &outbound, &around);
    let upstream = upstream::read(block);
    let (mut sources, links) = sources::read(root, block);
    let servers = servers::read(&links, block, &outbound);
    for protection in sources.iter_mut().filter_map(|source| source.protection.as_mut()) {
        if let Some((_, labels)) = servers.get(&protection.server) {
            protection.scope_labels.clone_from(labels);
        }
    }
    let database = database?;
    Some(Config {
        public_url: public_url?,
        bind: bind?.0,
        worker: worker?,
        key: key?,
        database_because: database.because,
        listen: database.listen,
        database: database.database,
        sign_in,
        identity,
        upstream,
        compat: compat::read(block),
        outbound,
        waiting: waiting::read(block),
        retention: retention::read(block),
        sources,
        servers: servers.into_iter().map(|(id, (server, _))| (id, server)).collect(),
        traps: traps::find(root),
    })
}

impl Config {
    /// Whether people can be told apart at all. Without it nobody has an account of their own to connect.
    pub fn has_people(&self) -> bool {
        self.sign_in.is_some() || self.identity.tokens.is_some() || self.identity.local_user.is_some()
    }

    /// The source of that id.
    pub fn source(&self, id: &SourceId) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == *id)
    }

    /// The server behind a source, if it is protected.
    pub fn server_of(&self, source: &Source) -> Option<&Server> {
        self.servers.get(&source.protection.as_ref()?.server)
    }
}
