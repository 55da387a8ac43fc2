//! Races whose order is forced: a transaction from outside holds one of them half-way until the other had its chance.

use std::time::{Duration, Instant};

use aiq_connect_shared::SkipReason;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::{Database, OnServer};
use crate::{
    domain::{WaitRules, WaitStanding},
    storage::{
        Ageing, FlowStore, GrantStore, PostgresStore, WaitStore,
        contract::{
            self,
            fixtures::{connected, disconnect, exchanging, key, new_grant, person},
            waits::{RULES, job, open, wait},
        },
    },
};

/// A connection with a transaction that is not ours.
async fn outside(database: &OnServer, statement: &'static str) -> PgConnection {
    let mut connection = database.options().connect().await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
    connection
}

/// Waits until this many sessions wait for a lock, or a fact says that one does not.
async fn blocked(store: &PostgresStore, sessions: i64, or: impl Fn() -> bool) {
    const COUNT: &str =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(10);
    while !or()
        && sqlx::query_scalar::<_, i64>(COUNT).fetch_one(&mut *store.pool.lend().await.unwrap()).await.unwrap()
            < sessions
    {
        assert!(Instant::now() < deadline, "{sessions} sessions wait for a lock");
        tokio::task::yield_now().await;
    }
}

/// Something running beside the test.
fn beside<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(future)
}

#[tokio::test]
async fn a_disconnect_waits_for_a_callback_half_way_and_takes_away_what_it_stored() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "wiki");
    connected(&store, &key).await;
    let new = new_grant(&key, exchanging(&store, &key).await);

    let outside = outside(&database, "SELECT 1 FROM aiq_connect.grants FOR UPDATE").await;
    let (callback, gone) = {
        let (first, second, new, key) = (store.clone(), store.clone(), new.clone(), key.clone());
        let callback = beside(async move { first.complete(&new).await.unwrap() });
        blocked(&store, 1, || false).await;
        let gone = beside(async move { disconnect(&second, &key).await });
        blocked(&store, 2, || gone.is_finished()).await;
        (callback, gone)
    };
    outside.close().await.unwrap();
    assert!(callback.await.unwrap(), "it was first");
    assert_eq!(gone.await.unwrap().map(|gone| gone.id), Some(new.id));
    assert_eq!(store.find_grant(&key).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_commits_late_is_not_skipped_by_who_read_a_later_one() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let job = job(&store, "one", &person(&store, "alice").await).await;
    open(&store, &job, "incidents", "revoked").await;
    let mut seen = store.told_after(&job, 0).await.unwrap();

    // The event of this wait has its id, and the wait itself cannot be written yet.
    let outside = outside(
        &database,
        "INSERT INTO aiq_connect.job_waits (job, server, reason, state, opened_at, ended_at) \
         VALUES ('one', 'wiki', 'revoked', 'restored', 0, 0)",
    )
    .await;
    let (first, second, one, two) = (store.clone(), store.clone(), job.clone(), job.clone());
    let opens = beside(async move { first.open_wait(&wait(&one, "wiki", "revoked"), RULES).await.unwrap() });
    blocked(&store, 1, || false).await;
    let skips = beside(async move { second.skip_wait(&two, &"incidents".into()).await.unwrap() });
    blocked(&store, 2, || skips.is_finished()).await;

    let cursor = |seen: &[crate::domain::ToldEvent]| seen.last().map_or(0, |event| event.id);
    let meanwhile = store.told_after(&job, cursor(&seen)).await.unwrap();
    seen.extend(meanwhile);
    outside.close().await.unwrap();
    assert!(opens.await.unwrap().is_news && skips.await.unwrap());
    let then = store.told_after(&job, cursor(&seen)).await.unwrap();
    seen.extend(then);
    assert_eq!(seen, store.told_after(&job, 0).await.unwrap());
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn the_last_place_goes_to_one_of_two_jobs_that_ask_at_once() {
    const ONE: WaitRules = WaitRules { most: 1, ..RULES };
    let database = OnServer::new().await;
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (one, two) = (job(&store, "one", &alice).await, job(&store, "two", &alice).await);

    let outside = outside(
        &database,
        "INSERT INTO aiq_connect.job_waits (job, server, reason, state, opened_at, ended_at) \
         VALUES ('one', 'wiki', 'revoked', 'restored', 0, 0)",
    )
    .await;
    let (first, second) = (store.clone(), store.clone());
    let first = beside(async move { first.open_wait(&wait(&one, "wiki", "revoked"), ONE).await.unwrap().standing });
    blocked(&store, 1, || false).await;
    let second = beside(async move { second.open_wait(&wait(&two, "wiki", "revoked"), ONE).await.unwrap().standing });
    blocked(&store, 2, || second.is_finished()).await;
    outside.close().await.unwrap();
    assert!(matches!(first.await.unwrap(), WaitStanding::Waiting { .. }));
    assert_eq!(second.await.unwrap(), WaitStanding::Over(SkipReason::TooManyWaiting));
}

#[tokio::test]
async fn a_sweep_leaves_a_job_that_somebody_holds_to_the_next_and_waits_for_nobody() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    for id in ["held", "free"] {
        open(&store, &job(&store, id, &alice).await, "wiki", "revoked").await;
    }
    store.age(RULES.length).await.unwrap();
    let outside = outside(&database, "SELECT 1 FROM aiq_connect.jobs WHERE id = 'held' FOR NO KEY UPDATE").await;
    let jobs =
        async || -> Vec<_> { store.end_overdue_waits().await.unwrap().into_iter().map(|wait| wait.job.0).collect() };
    assert_eq!(jobs().await, ["free"]);
    outside.close().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut next = jobs().await;
    // The server notices a moment later that the other session is gone.
    while next.is_empty() && Instant::now() < deadline {
        next = jobs().await;
    }
    assert_eq!(next, ["held"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_at_once_waits_in_one_order_and_never_in_a_circle() {
    let database = OnServer::new().await;
    contract::races::whatever_happens_to_one_person_at_once_none_of_it_fails(&database).await;
    let log = database.private().server().log_text();
    assert!(!log.contains("deadlock detected"), "{log}");
}
