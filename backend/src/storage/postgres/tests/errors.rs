//! What an error of the database means for whoever asked.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Error};

use super::{Database, OnServer};
use crate::storage::{
    PostgresStore, StoreError,
    postgres::{errors::store_error, work::retried},
};

/// The error that the server makes of a code, as it reaches the driver.
async fn refusal(store: &PostgresStore, code: &str) -> Error {
    let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'made for a test' USING ERRCODE = '{code}'; END $$");
    sqlx::raw_sql(AssertSqlSafe(raise)).execute(&mut *store.pool.lend().await.unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn what_passes_by_itself_is_told_from_what_does_not() {
    let store = OnServer::new().await.open().await;
    for (code, passes) in [
        // Connections, resources, and an operator who intervenes.
        ("08000", true),
        ("08003", true),
        ("08006", true),
        ("53100", true),
        ("53200", true),
        ("53300", true),
        ("57014", true),
        ("57P01", true),
        ("57P02", true),
        ("57P03", true),
        ("58030", true),
        // Other transactions in the way, and a server that follows another one.
        ("40001", true),
        ("40P01", true),
        ("55P03", true),
        ("25006", true),
        ("25P03", true),
        // Whoever we are to the database changes without us.
        ("28P01", true),
        ("3D000", true),
        ("42501", true),
        // Rules of the schema, values that it cannot hold, and a schema that is not ours.
        ("23502", false),
        ("23503", false),
        ("23505", false),
        ("23514", false),
        ("23P01", false),
        ("22021", false),
        ("22003", false),
        ("22P02", false),
        ("22P05", false),
        ("3F000", false),
        ("42P01", false),
        ("42703", false),
        ("42883", false),
        ("XX001", false),
        ("XX002", false),
    ] {
        let error = store_error(refusal(&store, code).await);
        assert_eq!(matches!(error, StoreError::Unavailable(_)), passes, "{code}: {error:?}");
    }
}

#[tokio::test]
async fn a_transaction_that_was_ended_for_another_one_is_tried_again_some_times() {
    let store = OnServer::new().await.open().await;
    // What the database says first, how often, and how many tries that takes; 4 are the most.
    for (code, says, tries) in
        [("40P01", 3, 4), ("40001", 1, 2), ("40P01", 9, 4), ("55P03", 9, 1), ("23505", 9, 1), ("40001", 0, 1)]
    {
        let tried = AtomicU32::new(0);
        let (store, tried) = (&store, &tried);
        let done = retried(|| async move {
            if tried.fetch_add(1, Ordering::Relaxed) < says {
                Err(store_error(refusal(store, code).await))
            } else {
                Ok(())
            }
        });
        assert_eq!(done.await.is_ok(), says < tries, "{code}, {says} times");
        assert_eq!(tried.load(Ordering::Relaxed), tries, "{code}, {says} times");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_refuses_the_role_does_not_answer() {
    let database = OnServer::new().await;
    let port = database.private().server().port();
    let over_tcp = || database.options().host("127.0.0.1").port(port);
    for (what, options) in [
        ("nobody listens", database.options().port(1)),
        ("a wrong password", over_tcp().password("wrong")),
        ("no such database", database.options().database("nowhere")),
        ("no such role", database.options().username("nobody")),
    ] {
        let opened = PostgresStore::open(options, false).await;
        assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{what}: {opened:?}");
    }
}
