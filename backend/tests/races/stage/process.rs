//! One process of the service: `aiq-connect serve`, as anybody starts it.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use aiq_connect::timing;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::support::until;

/// A running process, or the remains of one.
pub struct Process {
    child: Child,
    /// Kills it when this test is gone, however it went: a shell that reads from a pipe which only we can close. (A signal
    /// at the parent's death would come when the thread ends that started it.)
    guard: Option<Child>,
    log: PathBuf,
    /// Where people ask, and where workers do. Known when it is ready.
    people: Option<SocketAddr>,
    workers: Option<SocketAddr>,
}

impl Process {
    /// Starts one. It is not ready yet.
    pub fn start(configuration: &Path, variables: &[(&str, String)], log: PathBuf) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        command.env_clear().args(["serve", "--config"]).arg(configuration);
        command.env("AIQ_CONNECT_LOG", "info,aiq_connect=trace").envs(variables.iter().cloned());
        // Free ports, told in the log.
        command.env("AIQ_CONNECT_BIND", "127.0.0.1:0").env("AIQ_CONNECT_WORKER_BIND", "127.0.0.1:0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let child = command.spawn().unwrap();
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", "read -r _; kill -s KILL \"$1\"", "guard"]).arg(child.id().to_string());
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child, guard: Some(guard.spawn().unwrap()), log, people: None, workers: None }
    }

    /// Waits until it listens, longer than a start may wait for its database. If it does not, its log says why.
    pub async fn is_ready(&mut self) {
        const LISTENS: &str = "listening address=";
        let deadline = Instant::now() + timing::DATABASE_START * 2;
        while self.logged(LISTENS).is_none() && self.child.try_wait().unwrap().is_none() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let line = self.logged(LISTENS);
        let line = line.unwrap_or_else(|| panic!("it does not listen: {}", fs::read_to_string(&self.log).unwrap()));
        let address = |name: &str| -> SocketAddr {
            let (_, rest) = line.split_once(name).unwrap();
            rest.split_whitespace().next().unwrap().parse().unwrap()
        };
        (self.people, self.workers) = (Some(address(" address=")), Some(address(" workers=")));
    }

    pub fn people(&self) -> SocketAddr {
        self.people.unwrap()
    }

    pub fn workers(&self) -> SocketAddr {
        self.workers.unwrap()
    }

    /// The first line of its log with these words.
    pub fn logged(&self, words: &str) -> Option<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        // A line that is not written to its end is not read yet.
        log.split_inclusive('\n').find(|line| line.contains(words) && line.ends_with('\n')).map(str::to_owned)
    }

    /// Waits until it has logged these words.
    pub async fn says(&self, words: &str) {
        until(&format!("a process says `{words}`"), || async { self.logged(words).is_some() }).await;
    }

    /// Asks it to end, as an operator does.
    pub fn tell_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Waits until it has ended by itself, and well.
    pub async fn has_stopped(&mut self) {
        let state = format!("/proc/{}/stat", self.child.id());
        let is_over = || std::fs::read_to_string(&state).unwrap().rsplit(')').next().unwrap().starts_with(" Z");
        until("a process stops", || async { is_over() }).await;
        assert!(self.bury().success());
    }

    /// Ends it as a power cut would: nothing is said, finished or given back.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.bury();
    }

    /// Makes it stand still: its connections stay open, and nothing moves.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on as if nothing had been.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// The guard first: as long as nobody took notice of the death, the process id is nobody else's.
    fn bury(&mut self) -> ExitStatus {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            guard.wait().unwrap();
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.guard.is_some() {
            self.kill();
        }
    }
}
