//! The service as it is deployed, in a process of its own on real sockets, and everything it needs.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

/// One process; it ends with the value.
pub struct Served {
    process: Child,
    /// Where people are served.
    pub people: SocketAddr,
    /// Where workers are served.
    pub workers: SocketAddr,
}

impl Served {
    /// Starts it on free ports and waits until it says that it is ready.
    pub fn start(config: &Path, variables: &[(&str, String)]) -> Self {
        let [people, workers] = [free(), free()];
        let mut process = Command::new(env!("CARGO_BIN_EXE_aiq-connect"))
            .args(["serve", "--config"])
            .arg(config)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("AIQ_CONNECT_BIND", people.to_string())
            .env("AIQ_CONNECT_WORKER_BIND", workers.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = said.next().unwrap().unwrap();
        assert!(first.starts_with("ready "), "{first}");
        Self { process, people, workers }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Errors say that it is gone already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
