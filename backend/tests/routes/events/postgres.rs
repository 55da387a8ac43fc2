//! The same on PostgreSQL, which tells of changes itself, where what it tells arrives.

use std::time::{Duration, Instant};

use aiq_connect::{
    domain::{NewSession, Profile},
    storage::{PostgresStore, SessionStore},
    vault::Secret,
};
use aiq_connect_test_postgres::{Database, Pooler, Server};
use chrono::TimeDelta;
use serde_json::json;

use super::{EVENTS, changed};
use crate::support::{
    browser::{Browser, SESSION},
    event_stream::EventStream,
    provider::Provider,
    service::{Service, Wishes, principal, random},
    until,
};

/// Two replicas on one database, and Alice at both.
struct Bench {
    _provider: Provider,
    here: Browser,
    there: Browser,
}

impl Bench {
    /// `url` is where replicas find the database, and `direct` where this test does.
    async fn new(url: String, direct: &str, more: Vec<(&'static str, String)>) -> Self {
        let provider = Provider::start().await;
        let variables = [vec![("AIQ_CONNECT_DATABASE_URL", url)], more].concat();
        let service = Service::with(&provider, Wishes { variables, ..Wishes::default() }).await;
        let other = service.another_process().await;
        let store = PostgresStore::open(direct.parse().unwrap(), false).await.unwrap();
        let cookie = format!("{}{}", random(), &random()[..11]);
        let session = NewSession {
            cookie_hash: Secret::new(&cookie).sha256_hex(),
            principal: principal("alice"),
            profile: Profile { name: "Alice".to_owned(), email: None },
            lifetime: TimeDelta::hours(1),
        };
        store.open_session(&session).await.unwrap();
        store.close().await;
        let here = service.browser().with_cookie(SESSION, &cookie);
        let there = other.same_person(&here);
        for browser in [&here, &there] {
            until("every source's sign-in is known", || async {
                let listing = browser.get("/v1/data_sources").await.json();
                let hosts = listing.as_array().unwrap().iter().filter(|source| !source["per_user_auth"].is_null());
                hosts.map(|source| &source["per_user_auth"]["provider_host"]).all(|host| !host.is_null())
            })
            .await;
        }
        Self { _provider: provider, here, there }
    }

    async fn stream(&self) -> EventStream {
        let mut stream = EventStream::open_at(&self.here, EVENTS, &[]).await;
        changed(&mut stream).await;
        stream
    }

    /// Changes something at the other replica; how long it takes until that is heard here.
    async fn change(&self, stream: &mut EventStream) -> Duration {
        let answer = self.there.post("/v1/auth/mcp/tickets/connect", json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let done = Instant::now();
        assert_eq!(changed(stream).await.sources, ["tickets"]);
        let took = done.elapsed();
        // Many changes at once would be one.
        tokio::time::sleep(Duration::from_millis(150)).await;
        took
    }

    /// Of many, by length.
    async fn changes(&self, count: usize) -> Vec<Duration> {
        let (mut stream, mut took) = (self.stream().await, Vec::new());
        for _ in 0..count {
            took.push(self.change(&mut stream).await);
        }
        took.sort();
        took
    }
}

/// Waits until both replicas hear the database.
async fn both_listen(database: &Database<'_>) {
    const LISTENING: &str = "SELECT count(*) FROM pg_stat_activity \
                             WHERE datname = current_database() AND query = 'LISTEN \"aiq_connect\"' AND state = 'idle'";
    until("both replicas listen", || async { database.superuser(LISTENING) == "2" }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_replica_changes_is_told_by_the_database_and_heard_at_once() {
    let database = Server::shared().database();
    let bench = Bench::new(database.tcp_url(), &database.tcp_url(), Vec::new()).await;
    both_listen(&database).await;
    let took = bench.changes(20).await;
    report(&format!("told by the database: {took:?}"));
    // Looking twice a second would need 250 ms for half of them.
    assert!(took[10] < Duration::from_millis(150), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_pooler_it_is_looked_for_and_heard_within_a_second_and_past_it_at_once() {
    let database = Server::shared().database();
    let pooler = Pooler::start(database.server(), 4).unwrap();
    let through = database.url_at(pooler.port());
    let bench = Bench::new(through.clone(), &database.tcp_url(), Vec::new()).await;
    let took = bench.changes(10).await;
    report(&format!("through a pooler: {took:?}"));
    assert!(took[5] > Duration::from_millis(20), "somebody tells after all: {took:?}");
    assert!(took[9] < Duration::from_secs(1), "{took:?}");

    let past = vec![("AIQ_LISTEN_DB_URL", database.tcp_url())];
    let bench = Bench::new(through, &database.tcp_url(), past).await;
    both_listen(&database).await;
    let took = bench.changes(20).await;
    report(&format!("past the pooler: {took:?}"));
    assert!(took[10] < Duration::from_millis(150), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_outlives_a_restart_of_the_database() {
    let server = Server::start().unwrap();
    let database = server.database();
    let bench = Bench::new(database.tcp_url(), &database.tcp_url(), Vec::new()).await;
    let mut stream = bench.stream().await;
    server.stop();
    assert_eq!(stream.within(Duration::from_secs(2)).await, [], "it stays open and says nothing");
    server.start_again().unwrap();
    until("the database is back", || async { bench.there.get("/v1/data_sources").await.status == 200 }).await;
    let took = bench.change(&mut stream).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// For the page of benchmarks; shown with `--nocapture`.
#[expect(clippy::print_stderr, reason = "a measurement for whoever asks for it")]
fn report(line: &str) {
    eprintln!("{line}");
}
