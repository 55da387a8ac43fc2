//! A listing costs one statement, however many sources there are. Alone in its process, because it watches the
//! driver's log, and that is the whole process's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use aiq_connect::{
    clock::Chance,
    domain::{
        FlowId, GrantId, GrantKey, GrantTokens, JobId, JobOrigin, NewFlow, NewGrant, NewJobReference, NewSession,
        Principal, Profile, Sealed, StartedFlow,
    },
    storage::{PostgresStore, SessionStore, SqliteStore, Store},
};
use aiq_connect_shared::Intent;
use aiq_connect_test_postgres::{ROLE, Server};
use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

/// How often each reading statement ran, by its beginning. In SQLite writes have a connection, and so a log, of their own.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeMap<String, usize>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            event.record(&mut self.clone());
        }
    }
}

impl Visit for Statements {
    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "summary" && (value.starts_with("SELECT") || value.starts_with("WITH")) {
            *self.0.lock().unwrap().entry(value.to_owned()).or_default() += 1;
        }
    }
}

impl Statements {
    /// What ran since the last call. The driver logs a little after it answers, in order: so a last statement that
    /// nothing else sends marks the end.
    async fn so_far(&self, store: &impl SessionStore) -> Vec<usize> {
        store.find_session("mark").await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(seen) = self.until_the_mark() {
                return seen;
            }
            assert!(Instant::now() < deadline, "the driver logs statements");
            tokio::task::yield_now().await;
        }
    }

    fn until_the_mark(&self) -> Option<Vec<usize>> {
        let mut seen = self.0.lock().unwrap();
        let mark = seen.keys().find(|summary| summary.contains("p.id, p.issuer")).cloned()?;
        seen.remove(&mark);
        Some(std::mem::take(&mut *seen).into_values().collect())
    }
}

async fn connect(store: &impl Store, key: &GrantKey) {
    let id = FlowId(Chance::from_system().uuid());
    let flow = NewFlow {
        id,
        principal: key.principal.clone(),
        source: "source".into(),
        server: key.server.clone(),
        intent: Intent::Reconnect,
    };
    let state_hash = id.0.to_string();
    let started = StartedFlow {
        state_hash: state_hash.clone(),
        browser_hash: String::new(),
        issuer: String::new(),
        iss_promised: false,
        client_id: String::new(),
        resource: String::new(),
        redirect_uri: String::new(),
        scopes: Vec::new(),
        verifier: Sealed(Vec::new()),
        return_to: Some("/connections#source-a".into()),
    };
    let grant = NewGrant {
        id: GrantId(Chance::from_system().uuid()),
        key: key.clone(),
        flow: id,
        issuer: String::new(),
        client_id: String::new(),
        resource: String::new(),
        redirect_uri: String::new(),
        account_label: None,
        tokens: GrantTokens {
            access_token: Sealed(Vec::new()),
            refresh_token: None,
            expires_in: None,
            scopes: Vec::new(),
        },
    };
    assert!(store.announce(&flow).await.unwrap());
    assert!(store.start(id, &key.principal, &started).await.unwrap());
    assert!(store.consume(id, &state_hash).await.unwrap());
    assert!(store.complete(&grant).await.unwrap());
    let again = NewFlow { id: FlowId(Chance::from_system().uuid()), ..flow };
    assert!(store.announce(&again).await.unwrap());
}

#[tokio::test]
async fn a_listing_and_a_workers_question_are_one_statement_each() {
    let statements = Statements::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(statements.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    asks_once(&statements, &SqliteStore::open(folder.path().join("x.db")).await.unwrap()).await;

    let database = Server::shared().database();
    let socket = database.server().socket_folder().display().to_string();
    let options = PgConnectOptions::new_without_pgpass().host(&socket).port(database.server().port());
    let options = options.username(ROLE).database(database.name());
    asks_once(&statements, &PostgresStore::open(options, false).await.unwrap()).await;
}

async fn asks_once(statements: &Statements, store: &impl Store) {
    let alice = Principal { issuer: "https://people".into(), kind: "jwt".into(), sub: "alice".into() };
    let session = NewSession {
        cookie_hash: "hers".into(),
        principal: alice.clone(),
        profile: Profile { name: "Alice".into(), email: None },
        lifetime: TimeDelta::hours(1),
    };
    store.open_session(&session).await.unwrap();
    let job = NewJobReference {
        id: JobId("one".into()),
        principal: alice.id(),
        servers: vec!["server 1".into()],
        origin: JobOrigin::Gate,
        lifetime: TimeDelta::hours(1),
    };
    store.insert_job(&job, &|_, _| Vec::new()).await.unwrap();

    let mut connected = 0;
    for sources in [0, 1, 30] {
        while connected < sources {
            connected += 1;
            connect(store, &GrantKey { principal: alice.id(), server: format!("server {connected}").as_str().into() })
                .await;
        }
        statements.so_far(store).await;
        let all = store.connections_of(&alice.id()).await.unwrap();
        assert_eq!((all.grants.len(), all.open_flows.len()), (sources, sources));
        assert_eq!(statements.so_far(store).await, [1], "a listing of {sources} sources");

        let both = store.find_job_and_grant(&job.id, &"server 1".into()).await.unwrap().unwrap();
        assert_eq!(both.grant.is_some(), sources > 0);
        assert_eq!(statements.so_far(store).await, [1], "a worker's question");
    }
}
