//! What we are measured beside, and the worker's own client: programs that measure themselves and print one JSON object.

use std::{
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::support::service::WORKER_KEY;

/// Where they are.
pub struct Others {
    pub python: PathBuf,
    pub scripts: PathBuf,
    pub redis: String,
}

/// What a program found.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Found {
    pub p50_us: f64,
    pub p99_us: f64,
    pub per_second_at_16: f64,
}

impl Others {
    /// NAT's own token storage on Redis.
    pub fn redis_storage(&self, count: usize) -> Found {
        run(self.script("redis_storage.py").arg(&self.redis).arg(count.to_string()), "")
    }

    /// The worker package's client, asking us for these jobs.
    pub fn broker_client(&self, service: SocketAddr, count: usize, jobs: &[String]) -> Found {
        let mut client = self.script("broker_client.py");
        client.env("AIQ_CONNECT_WORKER_URL", format!("http://{service}")).env("AIQ_CONNECT_WORKER_KEY", WORKER_KEY);
        run(client.arg(count.to_string()), &jobs.join("\n"))
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.scripts.join(name));
        command
    }
}

/// Runs it to its end, with this on its standard input.
fn run(command: &mut Command, input: &str) -> Found {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
