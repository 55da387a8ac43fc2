//! One private `PgBouncer` in transaction mode.

use std::fs::{self, File};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::server::{PASSWORD, ROLE, Server, explain};
use crate::watchdog::Watchdog;
use crate::{Unavailable, binaries, port};

const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(10);

/// A private `PgBouncer` before a [`Server`]: transaction mode, everything else as Debian's package has it.
pub struct Pooler {
    folder: PathBuf,
    port: u16,
    process: Child,
    _watchdog: Watchdog,
}

impl Pooler {
    /// The one before the shared server that all tests of this process share, with two connections per database.
    ///
    /// # Panics
    ///
    /// With a sentence that names the package to install, when there is no PostgreSQL or no `PgBouncer`.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Pooler, Unavailable>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start(Server::shared(), 2)) {
            Ok(pooler) => pooler,
            Err(reason) => panic!("{reason}"),
        }
    }

    /// Starts one that asks for passwords by MD5: thousands of rounds of SCRAM take long in unoptimised code.
    ///
    /// Its clients share `connections` connections per database, so that they really are shared.
    ///
    /// # Errors
    ///
    /// Says what is missing, or what it wrote when it did not start.
    pub fn start(server: &Server, connections: u8) -> Result<Self, Unavailable> {
        let program = binaries::pgbouncer()?;
        let made =
            tempfile::Builder::new().prefix("aiq-connect-pooler-").tempdir_in("/tmp").map_err(explain("a folder"))?;
        server.account().own(made.path()).map_err(explain("a folder of its own"))?;
        let folder = made.keep();
        let watchdog = Watchdog::watch(&folder.join("pid"), &folder).map_err(explain("a watchdog"))?;
        let port = port::free().ok_or_else(|| Unavailable("no port of loopback is free".to_owned()))?;
        let at = folder.display();
        let users = format!("\"{ROLE}\" \"{PASSWORD}\"\n");
        fs::write(folder.join("users"), users).map_err(explain("the pooler's users"))?;
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\npool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 500\n\
             auth_type = md5\nauth_file = {at}/users\npidfile = {at}/pid\n",
            server.socket_folder().display(),
            server.port(),
        );
        fs::write(folder.join("pgbouncer.ini"), settings).map_err(explain("the pooler's settings"))?;
        let log = File::create(folder.join("log")).map_err(explain("the pooler's log"))?;
        let errors = log.try_clone().map_err(explain("the pooler's log"))?;
        let mut command = server.account().command(&program);
        command.arg(folder.join("pgbouncer.ini")).stdin(Stdio::null()).stdout(log).stderr(errors);
        let process = command.spawn().map_err(explain("pgbouncer"))?;
        let mut pooler = Self { folder, port, process, _watchdog: watchdog };
        pooler.wait_until_ready()?;
        Ok(pooler)
    }

    /// Its port, on `127.0.0.1`; see [`Database::url_at`](crate::Database::url_at).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has written.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn wait_until_ready(&mut self) -> Result<(), Unavailable> {
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if !matches!(self.process.try_wait(), Ok(None)) || Instant::now() > end {
                return Err(Unavailable(format!("PgBouncer did not start: {}", self.log_text())));
            }
            sleep(GLANCE);
        }
        Ok(())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // Its polite signals mean other things in other versions, and whoever started us may have had one ignored. Gone
        // already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
