//! What this database tells by itself, and through what it does not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aiq_connect_shared::Intent;
use aiq_connect_test_postgres::{Pooler, Server};

use super::{OnServer, PostgresStore};
use crate::{
    clock::Chance,
    domain::{FlowId, NewFlow, NewSession, Principal, PrincipalId, Profile},
    storage::{ChangeStore, FlowStore, Hearing, SessionStore, Wire, contract::Database},
};

async fn alice(store: &PostgresStore) -> PrincipalId {
    let principal = Principal { issuer: "https://people.example".into(), kind: "jwt".into(), sub: "alice".into() };
    let id = principal.id();
    let session = NewSession {
        cookie_hash: "hers".into(),
        principal,
        profile: Profile { name: "Alice".into(), email: None },
        lifetime: chrono::TimeDelta::hours(1),
    };
    store.open_session(&session).await.unwrap();
    id
}

async fn announce(store: &PostgresStore, person: &PrincipalId) {
    let flow = NewFlow {
        id: FlowId(Chance::from_system().uuid()),
        principal: person.clone(),
        source: "incidents".into(),
        server: "incidents".into(),
        intent: Intent::Reconnect,
    };
    assert!(store.announce(&flow).await.unwrap());
}

async fn open(store: &PostgresStore) -> Box<dyn Wire> {
    match store.hear().await.unwrap() {
        Hearing::Open(wire) => wire,
        Hearing::Deaf => panic!("it is deaf"),
        Hearing::Never => panic!("it never tells"),
    }
}

async fn next(wire: &mut dyn Wire) -> PrincipalId {
    tokio::time::timeout(Duration::from_secs(5), wire.next()).await.expect("something is told").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_told_once_it_can_be_seen_and_one_that_is_undone_never() {
    let database = OnServer::new().await;
    let (store, other) = (database.open().await, database.open().await);
    let alice = alice(&store).await;
    let mut wire = open(&store).await;
    let mut undone = other.begin().await.unwrap();
    undone.change(sqlx::query("UPDATE aiq_connect.sessions SET expires_at = expires_at")).await.unwrap();
    undone.change(sqlx::query("DELETE FROM aiq_connect.sessions")).await.unwrap();
    undone.undo().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(300), wire.next()).await.is_err());
    let began = Instant::now();
    announce(&other, &alice).await;
    assert_eq!(next(&mut *wire).await, alice);
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    assert_eq!(store.serials(std::slice::from_ref(&alice)).await.unwrap()[&alice], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_cut_says_so() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let mut wire = open(&store).await;
    database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
    )
    .await;
    let told = tokio::time::timeout(Duration::from_secs(5), wire.next()).await.expect("the end is noticed");
    assert!(told.is_err(), "{told:?}");
    open(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_pooler_nothing_arrives_and_past_it_everything_does() {
    let server = Server::shared();
    let database = server.database();
    let pooler = Pooler::start(server, 3).unwrap();
    let through = || database.url_at(pooler.port()).parse().unwrap();
    let store = PostgresStore::open(through(), true).await.unwrap();
    let alice = alice(&store).await;
    assert!(matches!(store.hear().await.unwrap(), Hearing::Deaf));

    // The address that was meant to lead past it does not. Nobody who shares its connections is disturbed by the attempt.
    assert!(matches!(
        PostgresStore { heard_at: Some(Arc::new(through())), ..store.clone() }.hear().await.unwrap(),
        Hearing::Deaf
    ));
    for _ in 0..30 {
        announce(&store, &alice).await;
    }

    let past = PostgresStore { heard_at: Some(Arc::new(database.tcp_url().parse().unwrap())), ..store.clone() };
    let mut wire = open(&past).await;
    announce(&store, &alice).await;
    assert_eq!(next(&mut *wire).await, alice);
    assert_eq!(store.serials(std::slice::from_ref(&alice)).await.unwrap()[&alice], 31);
    drop(wire);
    store.close().await;
}

/// The person's row is locked by whoever makes or forgets a grant, while others raise their serial for the first time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_serial_while_a_person_is_locked() {
    let database = OnServer::new().await;
    let (store, other) = (database.open().await, database.open().await);
    let alice = alice(&store).await;
    let mut work = store.begin().await.unwrap();
    let lock = sqlx::query("SELECT 1 FROM aiq_connect.principals FOR UPDATE");
    assert!(work.row(lock).await.unwrap().is_some());
    tokio::time::timeout(Duration::from_secs(3), other.close_session("hers")).await.expect("it goes on").unwrap();
    let change = sqlx::query("UPDATE aiq_connect.principals SET name = 'A'");
    assert_eq!(work.change(change).await.unwrap(), 1);
    work.keep().await.unwrap();
    assert_eq!(store.serials(std::slice::from_ref(&alice)).await.unwrap()[&alice], 1);
    database.run("DELETE FROM aiq_connect.principals").await;
    assert!(store.serials(&[alice]).await.unwrap().is_empty(), "nothing is kept of somebody who is forgotten");
}
