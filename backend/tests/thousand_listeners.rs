//! A thousand people listen at one process: it is one task and one question to the database for all of them, and no
//! thread for any. The service is a process of its own here, so that its threads and its memory can be told from ours.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use aiq_connect::{
    domain::{NewSession, Principal, Profile},
    storage::{SessionStore, SqliteStore},
    vault::Secret,
};
use chrono::TimeDelta;
use sqlx::{Connection, SqliteConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

const LISTENERS: usize = 1_000;
/// How much memory a listener may take, in KiB, in a build that is not optimised.
const KIB_EACH: usize = 200;
const PATIENCE: Duration = Duration::from_mins(2);
const YAML: &str = "\
functions: {data_sources: {_type: data_source_registry, sources: [{id: incidents, name: Incidents, tools: [incidents]}]}}
function_groups: {incidents: {_type: per_user_mcp_client, server: {url: 'http://127.0.0.1:1/mcp'}}}
aiq_connect:
  outbound: {allow_loopback: true}
  sign_in: {issuer: 'http://127.0.0.1:1', client_id: x, client_secret: y}
";

/// The service as a process, ended with the test.
struct Service {
    process: Child,
    address: SocketAddr,
}

impl Service {
    fn start(folder: &Path) -> Self {
        let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (file, address) = (folder.join("aiq.yml"), free());
        std::fs::write(&file, YAML).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        command.current_dir(folder).env_clear().args(["serve", "--config"]).arg(file);
        command.env("AIQ_CONNECT_BIND", address.to_string()).env("AIQ_CONNECT_WORKER_BIND", free().to_string());
        command.env("AIQ_CONNECT_WORKER_KEY", "worker-key-0123456789");
        command.env("AIQ_PUBLIC_URL", "https://connect.example").env("AIQ_TOKEN_ENCRYPTION_KEY", "5a".repeat(32));
        command.env("AIQ_CONNECT_DATABASE_URL", format!("sqlite:///{}/aiq-connect.db", folder.display()));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ready "), "{line}");
        Self { process, address }
    }

    /// A number of `/proc/PID/status`.
    fn status(&self, name: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// What it has used of processors until now (proc(5): fields 14 and 15, in hundredths of a second).
    fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // An error says that it ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn cookie(at: usize) -> String {
    format!("{at:043}")
}

/// Opens a stream and says whenever it tells a change.
async fn listen(address: SocketAddr, at: usize, heard: mpsc::UnboundedSender<(usize, Instant)>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /v1/auth/mcp/events HTTP/1.1\r\nhost: x\r\ncookie: __Host-aiq-connect-session={}\r\n\r\n",
        cookie(at)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut piece).await.unwrap();
        if length == 0 {
            return;
        }
        text += std::str::from_utf8(&piece[..length]).unwrap();
        while let Some((_, rest)) = text.split_once("event: changed\n") {
            text = rest.to_owned();
            heard.send((at, Instant::now())).unwrap();
        }
    }
}

/// Waits until nothing was heard for a while: everybody is there, and knows everything.
async fn settled(heard: &mut mpsc::UnboundedReceiver<(usize, Instant)>) {
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(3), heard.recv()).await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_listeners_cost_no_thread_and_all_hear_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path());
    let file = folder.path().join("aiq-connect.db");
    let store = SqliteStore::open(&file).await.unwrap();
    for at in 0..LISTENERS {
        let session = NewSession {
            cookie_hash: Secret::new(cookie(at)).sha256_hex(),
            principal: Principal { issuer: "http://127.0.0.1:1".into(), kind: "jwt".into(), sub: format!("{at}") },
            profile: Profile { name: format!("{at}"), email: None },
            lifetime: TimeDelta::hours(1),
        };
        store.open_session(&session).await.unwrap();
    }
    let (threads, memory) = (service.status("Threads"), service.status("VmRSS"));

    let (tell, mut heard) = mpsc::unbounded_channel();
    for at in 0..LISTENERS {
        tokio::spawn(listen(service.address, at, tell.clone()));
    }
    // Who has nothing hears of everything at once.
    heard_by_all(&mut heard).await;
    settled(&mut heard).await;
    let files = std::fs::read_dir(format!("/proc/{}/fd", service.process.id())).unwrap().count();
    assert!(files >= LISTENERS, "{files} files are open at the service");
    let (more_threads, more_memory) =
        (service.status("Threads").saturating_sub(threads), service.status("VmRSS").saturating_sub(memory));
    assert!(more_threads <= 8, "{more_threads} more threads than the {threads} without listeners");

    // Another process's changes, each for all of them in one transaction.
    let mut outside = SqliteConnection::connect(&file.display().to_string()).await.unwrap();
    let (mut took, mut needed) = (Vec::new(), Vec::new());
    for statement in CHANGES {
        let before = service.cpu_time();
        sqlx::query(statement).execute(&mut outside).await.unwrap();
        took.push(heard_by_all(&mut heard).await);
        needed.push(service.cpu_time().saturating_sub(before));
        settled(&mut heard).await;
    }
    report(&format!(
        "{LISTENERS} listeners: {more_threads} more threads than {threads}, {more_memory} KiB more memory than {memory} KiB; \
         changes to all of them were heard by the last after {took:?}, and \
         took {needed:?} of processors"
    ));
    // How long it took says more of who else wants the processors: docs/benchmarks.md tells it. What it needs is a fact.
    assert!(more_memory < LISTENERS * KIB_EACH, "{more_memory} KiB more memory than {memory} KiB without listeners");
}

const CHANGES: [&str; 3] = [
    "INSERT INTO flows (id, principal, source, server, intent, phase, announced_at, expires_at) \
     SELECT substr(id, 1, 8) || '-0000-4000-8000-' || substr(id, 9, 12), id, 'incidents', 'incidents', 'reconnect', \
            'pending', 1, 9999999999999 FROM principals",
    "UPDATE flows SET expires_at = expires_at - 1000",
    "UPDATE flows SET phase = 'cancelled'",
];

/// How long it takes from now until each of them heard of a change.
async fn heard_by_all(heard: &mut mpsc::UnboundedReceiver<(usize, Instant)>) -> Duration {
    let (written, mut all) = (Instant::now(), std::collections::BTreeSet::new());
    let mut last = written;
    while all.len() < LISTENERS {
        let next = tokio::time::timeout(PATIENCE, heard.recv()).await;
        let Ok(Some((at, when))) = next else { panic!("{} of {LISTENERS} heard of it", all.len()) };
        all.insert(at);
        last = last.max(when);
    }
    last.duration_since(written)
}

/// For the page of benchmarks; shown with `--nocapture`.
#[expect(clippy::print_stderr, reason = "a measurement for whoever asks for it")]
fn report(line: &str) {
    eprintln!("{line}");
}
