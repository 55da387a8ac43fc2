//! The service as it runs, but for its sockets: configured by a file, stored in a folder of its own, with the real
//! routers. Its public address is another than where it listens, as behind a reverse proxy.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use aiq_connect::{
    app,
    clock::Chance,
    config,
    domain::{Grant, GrantKey, NewSession, Principal, Profile},
    storage::Opened,
    vault::{KeyFile, MasterKey, Sealer, Secret, Vault},
};
use axum::{Router, http::Method};
use chrono::TimeDelta;
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    browser::{Answer, Bodies, Browser, SESSION},
    clock::Ahead,
    kept::{Everything, Kept, Place, Standstill},
    logs, openid,
    provider::{Consent, Provider},
    research::Research,
};

/// What browsers see.
pub const PUBLIC: &str = "https://connect.example";
/// What workers prove themselves with.
pub const WORKER_KEY: &str = "worker-key-0123456789-worker-key";
/// What tokens are sealed with, unless a test says otherwise.
pub const ENCRYPTION_KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
/// The issuer of the people whom tests sign in.
pub const PEOPLE: &str = "https://people.example";

const SOURCES: &str = "
functions:
  data_sources:
    _type: data_source_registry
    sources:
      - {id: incidents, name: Team Incidents, description: Incidents that belong to you., tools: [incidents]}
      - {id: tickets, name: Tickets, tools: [tickets], per_user_auth: {required: false, mcp_server_id: tickets}}
      - {id: handbook, name: Company handbook}
function_groups:
  incidents:
    _type: per_user_mcp_client
    server: {transport: streamable-http, url: PROVIDER/mcp}
  tickets:
    _type: per_user_mcp_client
    server: {transport: streamable-http, url: PROVIDER/tickets/mcp}
";

/// What is configured beside the sources.
#[derive(Default)]
pub struct Wishes {
    /// Lines of `aiq_connect:`, indented by two.
    pub settings: String,
    /// Where jobs are forwarded to.
    pub upstream: Option<String>,
    /// Variables.
    pub variables: Vec<(&'static str, String)>,
    /// Whether our own sign-in is left out.
    pub no_sign_in: bool,
    /// Where it is stored.
    pub kept: Kept,
}

/// The service.
pub struct Service {
    pub people: Router,
    pub workers: Router,
    /// Another process's view of the same database.
    pub store: Arc<dyn Everything>,
    /// Every body that was answered to people.
    pub bodies: Bodies,
    /// Host and port of the provider.
    provider: String,
    yaml: String,
    variables: Vec<(&'static str, String)>,
    folder: Arc<TempDir>,
    kept: Arc<Kept>,
    /// What this service takes for the time.
    pub clock: Ahead,
}

impl Service {
    pub async fn start(provider: &Provider) -> Self {
        Self::with(provider, Wishes::default()).await
    }

    pub async fn with(provider: &Provider, wishes: Wishes) -> Self {
        let upstream = wishes.upstream.map(|url| format!("  upstream: {{kind: nat, url: \"{url}\"}}\n"));
        let sign_in = format!(
            "  sign_in: {{issuer: \"{}\", client_id: {}, client_secret: {}}}\n",
            provider.origin,
            openid::CLIENT_ID,
            openid::CLIENT_SECRET,
        );
        let yaml = format!(
            "{}aiq_connect:\n  outbound: {{allow_loopback: true}}\n{}{}{}",
            SOURCES.replace("PROVIDER", &provider.origin),
            if wishes.no_sign_in { "" } else { &sign_in },
            upstream.unwrap_or_default(),
            wishes.settings,
        );
        let host = provider.origin.strip_prefix("http://").unwrap().to_owned();
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::on(folder, Arc::new(wishes.kept), yaml, wishes.variables, host).await
    }

    /// Stored there.
    pub async fn at(provider: &Provider, place: Place) -> Self {
        Self::with(provider, Wishes { kept: place(), ..Wishes::default() }).await
    }

    /// With a research service behind the gate.
    pub async fn with_research(provider: &Provider) -> (Self, Research) {
        Self::with_research_at(provider, Kept::in_a_file).await
    }

    /// The same, stored there.
    pub async fn with_research_at(provider: &Provider, place: Place) -> (Self, Research) {
        let research = Research::start().await;
        let wishes = Wishes { kept: place(), upstream: Some(research.origin.clone()), ..Wishes::default() };
        (Self::with(provider, wishes).await, research)
    }

    /// Another process on the same folder, beside this one.
    pub async fn another_process(&self) -> Self {
        let (folder, kept) = (Arc::clone(&self.folder), Arc::clone(&self.kept));
        Self::on(folder, kept, self.yaml.clone(), self.variables.clone(), self.provider.clone()).await
    }

    /// Another process on the same folder that is configured otherwise by these variables.
    pub async fn with_other_variables(&self, variables: &[(&'static str, String)]) -> Self {
        let mut all = self.variables.clone();
        all.extend(variables.iter().cloned());
        let (folder, kept) = (Arc::clone(&self.folder), Arc::clone(&self.kept));
        Self::on(folder, kept, self.yaml.clone(), all, self.provider.clone()).await
    }

    /// Where everything is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a verb of the command line finds: the configuration file and the variables.
    pub fn surroundings(&self) -> (PathBuf, BTreeMap<&'static str, String>) {
        (self.folder.path().join("aiq.yml"), environment(self.folder.path(), &self.kept, &self.variables))
    }

    /// Yet another one, that has to be served and can be stopped: for people at the first address, for workers at the
    /// second.
    pub async fn unserved_process(&self, addresses: [SocketAddr; 2]) -> app::Service {
        let mut config = configuration(self.folder.path(), &self.kept, &self.yaml, &self.variables);
        [config.bind, config.worker.bind] = addresses;
        app::Service::assemble(config).await.unwrap()
    }

    async fn on(
        folder: Arc<TempDir>,
        kept: Arc<Kept>,
        yaml: String,
        variables: Vec<(&'static str, String)>,
        provider: String,
    ) -> Self {
        logs::keep();
        let config = configuration(folder.path(), &kept, &yaml, &variables);
        let database = config.database.clone();
        let clock = Ahead::default();
        let assembled = app::Service::assemble_at(config, Arc::new(clock.clone())).await.unwrap();
        let (people, workers) = assembled.routers();
        let store = everything(Opened::open(&database, None).await.unwrap());
        Self { people, workers, store, bodies: Bodies::default(), provider, yaml, variables, folder, kept, clock }
    }

    /// A browser in which nobody is signed in.
    pub fn browser(&self) -> Browser {
        Browser::new(self.people.clone(), Bodies::clone(&self.bodies))
    }

    /// A browser in which this person is signed in.
    pub async fn sign_in(&self, name: &str) -> Browser {
        let cookie = format!("{}{}", random(), &random()[..11]);
        let session = NewSession {
            cookie_hash: Secret::new(&cookie).sha256_hex(),
            principal: principal(name),
            profile: Profile { name: name.to_owned(), email: Some(format!("{name}@example.com")) },
            lifetime: TimeDelta::hours(240),
        };
        self.store.open_session(&session).await.unwrap();
        self.browser().with_cookie(SESSION, &cookie)
    }

    /// The same browser at this process.
    pub fn same_person(&self, browser: &Browser) -> Browser {
        browser.at(self.people.clone())
    }

    /// The whole way of a person who connects a source.
    pub async fn connect(&self, provider: &Provider, browser: &Browser, source: &str) -> Answer {
        let launched = browser.follow(&format!("/v1/auth/mcp/{source}/connect")).await;
        let back = provider.walk(&launched.location(), Consent::Given).await;
        let answer = browser.arrive(&path_of(&back)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    pub async fn grant(&self, name: &str, server: &str) -> Option<Grant> {
        self.store.find_grant(&grant_key(name, server)).await.unwrap()
    }

    /// The listing, with the provider at a host that is the same in every run.
    pub async fn listing(&self, browser: &Browser) -> Value {
        let answer = browser.get("/v1/data_sources").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body.replace(&self.provider, "login.example")).unwrap()
    }

    /// What the listing says of one source.
    pub async fn listed(&self, browser: &Browser, source: &str) -> Value {
        let listing = self.listing(browser).await;
        let found = listing.as_array().unwrap().iter().find(|entry| entry["id"] == source);
        found.unwrap_or_else(|| panic!("{source} is not in {listing}")).clone()
    }

    /// Makes everything that is stored this much older. Jobs of ours stay ours: as if they had been written then.
    pub async fn age(&self, by: TimeDelta) {
        let sealer = self.sealer();
        self.store.age_signing(by, Some(&move |job, times| sealer.job_mac(job, times))).await.unwrap();
    }

    /// What seals with the first of the configured keys.
    pub fn sealer(&self) -> Sealer {
        let environment = environment(self.folder.path(), &self.kept, &self.variables);
        let keys = match environment["AIQ_TOKEN_ENCRYPTION_KEY"].as_str() {
            "" => KeyFile(PathBuf::from(&environment["AIQ_CONNECT_KEY_FILE"])).read().unwrap(),
            text => MasterKey::all_from_text(&Secret::new(text)).unwrap(),
        };
        Vault::holding(&keys, None, Chance::from_system()).sealer(keys[0].id()).unwrap()
    }

    /// Submits a job for these sources, and names it.
    pub async fn submit(&self, browser: &Browser, sources: &[&str]) -> String {
        let body = json!({"input": "What is open?", "data_sources": sources});
        let answer = browser.post("/v1/jobs/async/submit", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["job_id"].as_str().unwrap().to_owned()
    }

    /// A worker's question, with the right key.
    pub async fn resolve(&self, question: Value) -> Answer {
        let key = format!("Bearer {WORKER_KEY}");
        self.worker_asks("/v1/worker/tokens/resolve", &[("authorization", &key)], question).await
    }

    /// A worker's request, as it is.
    pub async fn worker_asks(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let worker = Browser::new(self.workers.clone(), Bodies::default());
        worker.send(Method::POST, path, headers, Some(body)).await
    }

    /// One statement by somebody who can write to the database, and how many rows it changed.
    pub async fn sql(&self, statement: &'static str, parameters: &[&str]) -> u64 {
        self.kept.change(self.folder.path(), statement, parameters).await
    }

    /// Every place where it stores something, for [`super::at_rest::found`].
    pub fn at_rest(&self) -> Vec<PathBuf> {
        self.kept.at_rest(self.folder.path())
    }

    /// The one value of bytes that a statement finds.
    pub async fn bytes(&self, statement: &'static str) -> Vec<u8> {
        self.kept.value(self.folder.path(), statement).await
    }

    /// Puts bytes where a statement has `$1`; there is one such row.
    pub async fn put(&self, statement: &'static str, bytes: &[u8]) {
        assert_eq!(self.kept.put(self.folder.path(), statement, bytes).await, 1, "{statement}");
    }

    /// One statement that may be refused.
    pub async fn try_sql(&self, statement: &'static str) -> Result<u64, sqlx::Error> {
        self.kept.try_change(self.folder.path(), statement).await
    }

    /// Keeps everybody else from changing grants until it is dropped.
    pub async fn nobody_else_writes(&self) -> Standstill {
        self.kept.stand_still(self.folder.path()).await
    }

    /// How many rows a table has.
    pub async fn count(&self, statement: &'static str) -> i64 {
        self.kept.value(self.folder.path(), statement).await
    }
}

fn configuration(folder: &Path, kept: &Kept, yaml: &str, variables: &[(&'static str, String)]) -> config::Config {
    let file = folder.join("aiq.yml");
    std::fs::write(&file, yaml).unwrap();
    for (kind, secret) in [
        ("worker_key", WORKER_KEY),
        ("sign_in_client_secret", openid::CLIENT_SECRET),
        ("encryption_key", ENCRYPTION_KEY),
    ] {
        logs::note_secret(kind, secret);
    }
    config::load(&file, &environment(folder, kept, variables)).unwrap()
}

fn environment(folder: &Path, kept: &Kept, variables: &[(&'static str, String)]) -> BTreeMap<&'static str, String> {
    let mut environment = BTreeMap::from([
        ("AIQ_PUBLIC_URL", PUBLIC.to_owned()),
        ("AIQ_CONNECT_WORKER_KEY", format!("{WORKER_KEY},another-worker-key-0123456789")),
        ("AIQ_CONNECT_DATABASE_URL", kept.url(folder)),
        ("AIQ_TOKEN_ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
    ]);
    environment.extend(variables.iter().cloned());
    environment
}

fn everything(opened: Opened) -> Arc<dyn Everything> {
    match opened {
        Opened::Sqlite(store) => Arc::new(store),
        Opened::Postgres(store) => Arc::new(store),
    }
}

pub fn principal(name: &str) -> Principal {
    Principal { issuer: PEOPLE.to_owned(), kind: "jwt".to_owned(), sub: name.to_owned() }
}

pub fn grant_key(name: &str, server: &str) -> GrantKey {
    GrantKey { principal: principal(name).id(), server: server.into() }
}

/// Path and query: what arrives here of an address.
pub fn path_of(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// 32 hexadecimal digits.
pub fn random() -> String {
    aiq_connect::clock::Chance::from_system().uuid().simple().to_string()
}

/// This machine's time, for what other parties sign.
pub fn now() -> std::time::SystemTime {
    use aiq_connect::clock::Clock;
    aiq_connect::clock::SystemClock.now().into()
}
