//! Finding out that a `PgBouncer` in transaction mode is there.

use aiq_connect_test_postgres::{Database as Private, Pooler as PrivatePooler, Server};

use super::PostgresStore;
use crate::{
    config::{PgAddress, Pooler, parse_pg_url},
    storage::StoreError,
};

/// A database on the private server of this process, reached through its pooler.
struct Pooled(Private<'static>);

impl Pooled {
    fn new() -> Self {
        Self(Server::shared().database())
    }

    fn address(&self) -> PgAddress {
        address(&self.0.url_at(PrivatePooler::shared().port()))
    }
}

fn address(url: &str) -> PgAddress {
    parse_pg_url(url, &std::collections::BTreeMap::<&str, &str>::new()).unwrap()
}

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_found_out() {
    let pooled = Pooled::new();
    for _ in 0..5 {
        assert!(PostgresStore::reach(&pooled.address(), Pooler::Auto).await.unwrap().is_pooled);
    }
}

#[tokio::test]
async fn a_pooler_with_a_single_connection_is_found_out() {
    let (database, pooler) = (Server::shared().database(), PrivatePooler::start(Server::shared(), 1).unwrap());
    let address = address(&database.url_at(pooler.port()));
    assert!(PostgresStore::reach(&address, Pooler::Auto).await.unwrap().is_pooled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_pooler_is_found_out() {
    let pooled = Pooled::new();
    let store = PostgresStore::reach(&pooled.address(), Pooler::Transaction).await.unwrap().migrated().await.unwrap();
    let busy = tokio::spawn(async move {
        loop {
            store.row(sqlx::query("SELECT 1")).await.unwrap();
        }
    });
    for _ in 0..10 {
        assert!(PostgresStore::reach(&pooled.address(), Pooler::Auto).await.unwrap().is_pooled);
    }
    busy.abort();
}

#[tokio::test]
async fn nothing_in_between_is_found_out_too_and_so_is_what_somebody_said() {
    let database = Server::shared().database();
    for url in [database.url(), database.tcp_url()] {
        assert!(!PostgresStore::reach(&address(&url), Pooler::Auto).await.unwrap().is_pooled, "{url}");
    }
    assert!(PostgresStore::reach(&address(&database.url()), Pooler::Transaction).await.unwrap().is_pooled);
}

/// Shows that the care is needed: this is what happens to prepared statements there.
#[tokio::test]
async fn without_care_a_pooler_breaks_statements() {
    let pooled = Pooled::new();
    let careless = PostgresStore::reach(&pooled.address(), Pooler::None).await.unwrap();
    let mut refused = None;
    for _ in 0..50 {
        let (one, two) = tokio::join!(
            careless.row(sqlx::query("SELECT $1::int + 1").bind(1)),
            careless.row(sqlx::query("SELECT $1::text || 'x'").bind("x")),
        );
        refused = refused.or(one.err()).or(two.err());
    }
    assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{refused:?}");
}
