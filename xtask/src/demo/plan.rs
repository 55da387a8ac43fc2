//! Where the processes of one stack listen, what they share, and where they write.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::ports;
use crate::cache::hex;
use crate::project::Project;

/// One stack: its addresses, secrets and folders.
pub struct Plan {
    /// Everything these processes write, empty at the start.
    pub folder: PathBuf,
    /// How long an access token of the protected source lives.
    pub token_life: Duration,
    /// The service, for people.
    pub backend: u16,
    /// The service, for workers.
    pub broker: u16,
    /// The authorization server.
    pub provider: u16,
    /// The MCP server of the incidents.
    pub mcp: u16,
    /// The MCP server of the tickets.
    pub tickets: u16,
    /// NAT's API.
    pub nat: u16,
    /// The Dask scheduler.
    pub scheduler: u16,
    /// A second service on the same database, for people, should a test want one.
    pub replica: u16,
    /// The same, for workers.
    pub replica_broker: u16,
    /// What workers prove themselves with.
    pub worker_key: String,
    /// Our own OpenID client's secret at the provider.
    pub sign_in_secret: String,
    /// What tests prove themselves with when they change how the provider behaves, or restart a process.
    pub control_key: String,
    /// The MCP server's secret at the provider.
    pub introspection_secret: String,
    /// The secret of the client that was registered by hand for the tickets.
    pub tickets_secret: String,
    _lock: File,
}

/// The OpenID client that people sign in through.
pub const SIGN_IN_CLIENT: &str = "aiq-connect-sign-in";
/// The client as which the MCP server asks about tokens.
pub const INTROSPECTION_CLIENT: &str = "team-incidents";

impl Plan {
    /// Chooses free ports (the service's is `port`, if given) and new secrets, and empties `target/<name>`.
    pub fn new(project: &Project, name: &str, port: Option<u16>, token_life: Duration) -> Result<Self> {
        if let Some(port) = port {
            ports::ensure_free(port)?;
        }
        let folder = project.target.join(name);
        let lock = take(&folder, name)?;
        for part in ["logs", "state"] {
            fs::remove_dir_all(folder.join(part)).or_else(absent)?;
            fs::create_dir_all(folder.join(part))?;
        }
        let [free, broker, provider, mcp, tickets, nat, scheduler, replica, replica_broker] = ports::free()?;
        Ok(Self {
            folder,
            token_life,
            backend: port.unwrap_or(free),
            broker,
            provider,
            mcp,
            tickets,
            nat,
            scheduler,
            replica,
            replica_broker,
            worker_key: secret()?,
            control_key: secret()?,
            sign_in_secret: secret()?,
            introspection_secret: secret()?,
            tickets_secret: secret()?,
            _lock: lock,
        })
    }

    /// The address that people use.
    pub fn public_url(&self) -> String {
        format!("http://localhost:{}", self.backend)
    }

    /// The authorization server.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.provider)
    }

    /// Where workers ask for tokens.
    pub fn broker_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.broker)
    }

    /// The second service, as a load balancer would reach it.
    pub fn replica_url(&self) -> String {
        format!("http://localhost:{}", self.replica)
    }

    /// The protected resource of the incidents.
    pub fn mcp_url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.mcp)
    }

    /// The protected resource of the tickets.
    pub fn tickets_url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.tickets)
    }

    /// NAT's API.
    pub fn nat_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.nat)
    }

    /// The Dask scheduler.
    pub fn scheduler_url(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.scheduler)
    }

    /// What one process says.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// A file that one process keeps.
    pub fn state(&self, name: &str) -> PathBuf {
        self.folder.join("state").join(name)
    }
}

/// One stack of a name at a time in one checkout: they would write into the same files.
fn take(folder: &PathBuf, name: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let lock = File::options().create(true).append(true).open(folder.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("another `{name}` runs from this checkout; end it first"),
        Err(TryLockError::Error(error)) => Err(error).context("this file system knows no locks"),
    }
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// 32 bytes that nobody can guess, as 64 hex digits.
pub fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).context("cannot read /dev/urandom")?;
    Ok(hex(&bytes))
}
