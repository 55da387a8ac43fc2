//! What every race begins with: a provider, one database, and several processes of the service on it. Alice is connected,
//! a job of hers runs, and her token has lapsed.

mod connections;
mod database;
mod door;
mod process;

use std::{path::PathBuf, thread};

use aiq_connect::{
    domain::{Grant, GrantKey, Principal},
    timing::{LEASE, LEASE_GRACE},
};
use axum::http::Method;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub use self::{
    database::{Database, Kind},
    process::Process,
};
use crate::support::{
    browser::{Answer, Bodies, Browser},
    issuer::{AUDIENCE, Issuer},
    logs,
    provider::{Consent, Provider},
    service::{PUBLIC, WORKER_KEY, path_of},
    until,
};

const CONFIGURATION: &str = "
functions:
  data_sources:
    _type: data_source_registry
    sources:
      - {id: incidents, name: Team Incidents, tools: [incidents]}
function_groups:
  incidents:
    _type: per_user_mcp_client
    server: {transport: streamable-http, url: PROVIDER/mcp}
aiq_connect:
  outbound: {allow_loopback: true}
";

/// What every process seals with.
const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A race.
pub struct Race {
    pub provider: Provider,
    pub processes: Vec<Process>,
    pub database: Database,
    issuer: Issuer,
    job: String,
    folder: TempDir,
}

impl Race {
    /// With so many processes.
    pub async fn begin(kind: Kind, processes: usize) -> Self {
        Self::on(Database::new(kind), processes).await
    }

    /// The same on a database server that nobody else uses, for races in which it goes away.
    pub async fn on_a_database_of_its_own(kind: Kind, processes: usize) -> Self {
        Self::on(Database::on_a_server_of_its_own(kind), processes).await
    }

    async fn on(database: Database, processes: usize) -> Self {
        let mut race = Self::before_on(database, processes).await;
        race.connect(&race.alice(0), 0).await;
        race.register_job().await;
        race.lapse().await;
        race
    }

    /// Nobody is connected yet.
    pub async fn before(kind: Kind, processes: usize) -> Self {
        Self::before_on(Database::new(kind), processes).await
    }

    async fn before_on(database: Database, processes: usize) -> Self {
        let (provider, issuer) = (Provider::start().await, Issuer::start().await);
        let folder = tempfile::tempdir().unwrap();
        let configuration = CONFIGURATION.replace("PROVIDER", &provider.origin);
        std::fs::write(folder.path().join("aiq.yml"), configuration).unwrap();
        for (kind, secret) in [("worker_key", WORKER_KEY), ("encryption_key", KEY)] {
            logs::note_secret(kind, secret);
        }
        let mut race = Self { provider, processes: Vec::new(), database, issuer, job: String::new(), folder };
        race.add_processes(processes).await;
        race
    }

    /// Starts more processes, all at the same time.
    pub async fn add_processes(&mut self, more: usize) {
        let first = self.processes.len();
        for _ in 0..more {
            let process = self.started();
            self.processes.push(process);
        }
        join_all(self.processes[first..].iter_mut().map(Process::is_ready)).await;
        if self.database.is_pooled() {
            let noticed = "a pooler in transaction mode stands before the database";
            assert!(self.processes.iter().all(|process| process.logged(noticed).is_some()));
        }
    }

    fn started(&self) -> Process {
        let variables = [
            ("AIQ_PUBLIC_URL", PUBLIC.to_owned()),
            ("AIQ_CONNECT_WORKER_KEY", WORKER_KEY.to_owned()),
            ("AIQ_CONNECT_DATABASE_URL", self.database.url()),
            ("AIQ_TOKEN_ENCRYPTION_KEY", KEY.to_owned()),
            ("AIQ_JWT_ISSUER", self.issuer.name.clone()),
            ("AIQ_JWT_AUDIENCE", AUDIENCE.to_owned()),
        ];
        Process::start(&self.folder.path().join("aiq.yml"), &variables, log(self.processes.len()))
    }

    /// Alice's browser, at one process.
    pub fn alice(&self, process: usize) -> Browser {
        self.person("alice", process)
    }

    /// Somebody's browser, at one process.
    pub fn person(&self, name: &str, process: usize) -> Browser {
        let door = door::to(self.processes[process].people());
        Browser::new(door, Bodies::default()).with_cookie("idToken", &self.issuer.token(name))
    }

    /// The same browser, cookies and all, at another process.
    pub fn move_to(&self, browser: &Browser, process: usize) -> Browser {
        browser.at(door::to(self.processes[process].people()))
    }

    /// The whole way of a person who connects.
    pub async fn connect(&self, browser: &Browser, process: usize) {
        self.connect_by(browser, process, "/v1/auth/mcp/incidents/connect").await;
    }

    /// The same from this address, which may say what is wanted.
    pub async fn connect_by(&self, browser: &Browser, process: usize, way: &str) {
        let browser = self.move_to(browser, process);
        let launched = browser.follow(way).await;
        let back = self.provider.walk(&launched.location(), Consent::Given).await;
        let answer = browser.arrive(&path_of(&back)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    pub async fn disconnect(&self, process: usize) -> Answer {
        let answer = self.alice(process).post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    async fn register_job(&mut self) {
        let body = json!({"subject_token": self.issuer.token("alice")});
        let answer = at_worker_door(&self.processes[0], "/v1/worker/jobs", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["job_id"].as_str().unwrap().clone_into(&mut self.job);
    }

    /// A worker asks one process for the token, and may have to wait.
    pub fn ask(&self, process: usize) -> JoinHandle<Answer> {
        let question = json!({"job_id": self.job, "mcp_server_id": "incidents"});
        let address = self.processes[process].workers();
        tokio::spawn(async move { ask(address, "/v1/worker/tokens/resolve", question).await })
    }

    /// Waits until so many workers' questions were read and are not answered.
    pub async fn everybody_waits(&self, workers: usize) {
        let ports: Vec<_> = self.processes.iter().map(|process| process.workers().port()).collect();
        until("every question was read", || async { connections::read_by(&ports) >= workers }).await;
    }

    /// Waits until so many browsers' first requests were read.
    pub async fn everybody_is_here(&self, browsers: usize) {
        let ports: Vec<_> = self.processes.iter().map(|process| process.people().port()).collect();
        until("every request was read", || async { connections::read_by(&ports) >= browsers }).await;
    }

    /// Waits for a token that the provider takes.
    pub async fn token(&self, asked: JoinHandle<Answer>) -> String {
        let answer = asked.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert!(self.provider.takes(&token), "the token that was answered is dead");
        token
    }

    /// Lets the access token lapse.
    pub async fn lapse(&self) {
        self.database.age(TimeDelta::hours(2)).await;
    }

    /// Lets a lease that is held now end, and the time after it in which nobody takes it over.
    pub async fn outlive_the_lease(&self) {
        self.database.age(LEASE + LEASE_GRACE + TimeDelta::seconds(1)).await;
    }

    /// How many refreshes the provider was asked for.
    pub fn refreshes(&self) -> usize {
        self.provider.seen("/token").iter().filter(|seen| seen.form["grant_type"] == "refresh_token").count()
    }

    /// Every token that the provider was asked to revoke.
    pub fn revoked(&self) -> Vec<String> {
        self.provider.seen("/revoke").into_iter().map(|mut seen| seen.form.remove("token").unwrap()).collect()
    }

    /// The first line with these words in the log of any process.
    pub fn said_by_anybody(&self, words: &str) -> Option<String> {
        self.processes.iter().find_map(|process| process.logged(words))
    }

    /// What is stored.
    pub async fn grant(&self) -> Option<Grant> {
        let alice = Principal { issuer: self.issuer.name.clone(), kind: "jwt".to_owned(), sub: "alice".to_owned() };
        self.database.grant(&GrantKey { principal: alice.id(), server: "incidents".into() }).await
    }

    /// Nothing was lost: the grant renews itself once more, with one request, and every process serves what came.
    pub async fn goes_on(&self, process: usize) {
        self.lapse().await;
        let before = self.refreshes();
        let token = self.token(self.ask(process)).await;
        assert_eq!(self.refreshes(), before + 1);
        assert_eq!(self.token(self.ask(process)).await, token);
        let grant = self.grant().await.unwrap();
        assert_eq!((grant.fault, grant.in_doubt_since), (None, None));
    }
}

async fn at_worker_door(process: &Process, path: &str, body: serde_json::Value) -> Answer {
    ask(process.workers(), path, body).await
}

async fn ask(address: std::net::SocketAddr, path: &str, body: serde_json::Value) -> Answer {
    let key = format!("Bearer {WORKER_KEY}");
    let worker = Browser::new(door::to(address), Bodies::default());
    worker.send(Method::POST, path, &[("authorization", &key)], Some(body)).await
}

/// Where `cargo xtask test` looks for secrets that were logged. Named after the test, to be found when that fails.
fn log(number: usize) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("races/logs");
    std::fs::create_dir_all(&folder).unwrap();
    let test = thread::current().name().unwrap_or("a-race").replace("::", ".");
    folder.join(format!("{test}.{number}.log"))
}
