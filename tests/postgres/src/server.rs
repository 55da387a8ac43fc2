//! One private server.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::account::Account;
use crate::watchdog::Watchdog;
use crate::{Database, Unavailable, binaries, port};

/// The superuser's name. It needs no password on the socket.
pub const SUPERUSER: &str = "postgres";
/// The role that owns every [`Database`]: not a superuser.
pub const ROLE: &str = "aiq_connect";
/// The password of both, which only TCP asks for.
pub const PASSWORD: &str = "open sesame/50%";

const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(10);

/// A private PostgreSQL. Dropped, it is stopped at once and its folder removed.
pub struct Server {
    bin: PathBuf,
    account: Account,
    folder: PathBuf,
    port: u16,
    process: Mutex<Option<Child>>,
    _watchdog: Watchdog,
}

impl Server {
    /// The one server that all tests of this process share. Do not stop it.
    ///
    /// # Panics
    ///
    /// With a sentence that names the package to install, when there is no PostgreSQL.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Server, Unavailable>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(reason) => panic!("{reason}"),
        }
    }

    /// A server of your own.
    ///
    /// # Errors
    ///
    /// Says what is missing, or what the server wrote when it did not start.
    pub fn start() -> Result<Self, Unavailable> {
        let bin = binaries::postgres()?;
        let account = Account::choose()?;
        let made =
            tempfile::Builder::new().prefix("aiq-connect-pg-").tempdir_in("/tmp").map_err(explain("a folder"))?;
        account.own(made.path()).map_err(explain("a folder of its own"))?;
        // From here on the watchdog removes it, because it outlives a killed test.
        let folder = made.keep();
        let watchdog = Watchdog::watch(&folder.join("data/postmaster.pid"), &folder).map_err(explain("a watchdog"))?;
        let port = port::free().ok_or_else(|| Unavailable("no port of loopback is free".to_owned()))?;
        let server = Self { bin, account, folder, port, process: Mutex::new(None), _watchdog: watchdog };
        server.initialise()?;
        server.start_again()?;
        server.superuser(
            "postgres",
            &format!("ALTER ROLE {SUPERUSER} PASSWORD '{PASSWORD}'; CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"),
        );
        Ok(server)
    }

    /// A fresh, empty database that belongs to [`ROLE`].
    ///
    /// # Panics
    ///
    /// When the server refuses, with what it said.
    pub fn database(&self) -> Database<'_> {
        Database::create(self)
    }

    /// The folder of its Unix socket.
    pub fn socket_folder(&self) -> &Path {
        &self.folder
    }

    /// Its port, on `127.0.0.1` and in the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs SQL as the superuser in one database; what it returns, unaligned and without headings.
    ///
    /// # Panics
    ///
    /// When the server refuses, with what it said.
    pub fn superuser(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", SUPERUSER, "-d", database, "-c", sql]);
        psql.arg("-h").arg(&self.folder).arg("-p").arg(self.port.to_string());
        match psql.stdin(Stdio::null()).output() {
            Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).trim_end().to_owned(),
            Ok(done) => panic!("PostgreSQL refused `{sql}`: {}", String::from_utf8_lossy(&done.stderr)),
            Err(error) => panic!("cannot run psql: {error}"),
        }
    }

    /// Starts the stopped server again, on the same port, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// What the server wrote when it did not start.
    pub fn start_again(&self) -> Result<(), Unavailable> {
        let mut process = self.process();
        if process.is_some() {
            return Ok(());
        }
        let log = File::options().append(true).create(true).open(self.log()).map_err(explain("its log"))?;
        let errors = log.try_clone().map_err(explain("its log"))?;
        let mut postgres = self.account.command(&self.bin.join("postgres"));
        postgres.arg("-D").arg(self.data()).arg("-k").arg(&self.folder).arg("-p").arg(self.port.to_string());
        for setting in SETTINGS {
            postgres.args(["-c", setting]);
        }
        let started = postgres.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        *process = Some(started.map_err(explain("postgres"))?);
        drop(process);
        self.wait_until_ready()
    }

    /// Stops it in an orderly way, ending every session ("fast").
    pub fn stop(&self) {
        self.end(Signal::SIGINT);
    }

    /// Ends it as a crash would ("immediate"): no farewell to anybody, recovery at the next start.
    pub fn crash(&self) {
        self.end(Signal::SIGQUIT);
    }

    /// [`stop`](Self::stop), then [`start_again`](Self::start_again).
    ///
    /// # Errors
    ///
    /// What the server wrote when it did not start.
    pub fn restart(&self) -> Result<(), Unavailable> {
        self.stop();
        self.start_again()
    }

    /// Stops every process of the server in its tracks: connections stay open and nothing answers.
    pub fn freeze(&self) {
        self.signal_all(Signal::SIGSTOP);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal_all(Signal::SIGCONT);
    }

    /// What the server has written.
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    fn initialise(&self) -> Result<(), Unavailable> {
        let mut initdb = self.account.command(&self.bin.join("initdb"));
        initdb.arg("-D").arg(self.data()).args(["-U", SUPERUSER, "-E", "UTF8", "--locale=C", "--no-sync"]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256", "--no-instructions"]);
        // A password at initialisation, or initdb warns about scram; the real one is set over the socket.
        let done = initdb.stdin(Stdio::null()).output().map_err(explain("initdb"))?;
        if !done.status.success() && !self.data().join("PG_VERSION").is_file() {
            return Err(Unavailable(format!("initdb failed: {}", String::from_utf8_lossy(&done.stderr))));
        }
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), Unavailable> {
        let end = Instant::now() + PATIENCE;
        loop {
            // The server writes its state as the eighth line of its pid file.
            let pid_file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if pid_file.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            let ended = match self.process().as_mut().map(Child::try_wait) {
                Some(Ok(None)) => false,
                Some(_) | None => true,
            };
            if ended || Instant::now() > end {
                return Err(Unavailable(format!("PostgreSQL did not start: {}", self.log_text())));
            }
            sleep(GLANCE);
        }
    }

    fn end(&self, signal: Signal) {
        let Some(mut process) = self.process().take() else { return };
        if let Some(pid) = pid(&process) {
            // Gone already is as good.
            let _ = kill(pid, signal);
        }
        let _ = process.wait();
    }

    fn signal_all(&self, signal: Signal) {
        let Some(postmaster) = self.process().as_ref().and_then(pid) else { return };
        let parts = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
        let children = parts.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw);
        for process in std::iter::once(postmaster).chain(children) {
            // A session that ended in between.
            let _ = kill(process, signal);
        }
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.thaw();
        self.crash();
    }
}

/// Nothing here outlives the test, so nothing waits for a disk; everything else is as it comes.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "shared_buffers=32MB",
    "max_connections=300",
];

fn pid(process: &Child) -> Option<Pid> {
    i32::try_from(process.id()).ok().map(Pid::from_raw)
}

/// An I/O error of one thing, as a sentence.
pub(crate) fn explain(what: &str) -> impl FnOnce(std::io::Error) -> Unavailable {
    move |error| Unavailable(format!("cannot start a private PostgreSQL: {what}: {error}"))
}
