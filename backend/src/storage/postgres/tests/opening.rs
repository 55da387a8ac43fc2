//! Bringing the schema up to date: by several at once, with few rights, and never backwards.

use std::error::Error;

use super::{Database, OnServer};
use crate::storage::{PostgresStore, Schema, SessionStore, StoreError, postgres::open::MIGRATIONS};

fn needed() -> i64 {
    MIGRATIONS.iter().map(|(number, ..)| *number).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_together_bring_the_schema_up_to_date_once() {
    let database = OnServer::new().await;
    let before = PostgresStore::connect(database.options(), false).await.unwrap();
    assert_eq!(before.schema().await.unwrap(), Schema { found: 0, needed: needed(), is_complete: false });
    let replicas: Vec<_> = (0..6).map(|_| tokio::spawn(PostgresStore::open(database.options(), false))).collect();
    for replica in replicas {
        replica.await.unwrap().unwrap().close().await;
    }
    let store = database.open().await;
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM aiq_connect._sqlx_migrations ORDER BY version")
        .fetch_all(&mut *store.pool.lend().await.unwrap())
        .await
        .unwrap();
    assert_eq!(applied, MIGRATIONS.iter().map(|(number, ..)| *number).collect::<Vec<_>>());
    assert_eq!(store.schema().await.unwrap(), Schema { found: needed(), needed: needed(), is_complete: true });
}

#[tokio::test]
async fn everything_of_ours_is_in_the_schema_and_nothing_else_is_touched() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let elsewhere: Vec<String> = sqlx::query_scalar(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname NOT IN ('aiq_connect', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'",
    )
    .fetch_all(&mut *store.pool.lend().await.unwrap())
    .await
    .unwrap();
    assert_eq!(elsewhere, Vec::<String>::new());
}

#[tokio::test]
async fn a_role_that_owns_the_schema_and_may_create_none_opens_it() {
    let database = OnServer::new().await;
    let private = database.private();
    let role = format!("owner_of_{}", private.name());
    private.superuser(&format!("CREATE ROLE {role} LOGIN; CREATE SCHEMA aiq_connect AUTHORIZATION {role}"));
    let store = PostgresStore::open(database.options().username(&role), false).await.unwrap();
    assert_eq!(store.find_session("nobody").await.unwrap(), None);
    store.close().await;

    // The next start may even be of a role that reads and writes rows, and changes no table.
    let user = format!("user_of_{}", private.name());
    private.superuser(&format!(
        "CREATE ROLE {user} LOGIN; GRANT USAGE ON SCHEMA aiq_connect TO {user}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA aiq_connect TO {user}"
    ));
    let store = PostgresStore::open(database.options().username(&user), false).await.unwrap();
    assert_eq!(store.find_session("nobody").await.unwrap(), None);
    store.close().await;
    private.superuser(&format!("DROP OWNED BY {user}; DROP OWNED BY {role}; DROP ROLE {user}; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_role_that_may_create_no_schema_is_told_so() {
    let database = OnServer::new().await;
    let private = database.private();
    let role = format!("guest_of_{}", private.name());
    private.superuser(&format!("CREATE ROLE {role} LOGIN"));
    let error = PostgresStore::open(database.options().username(&role), false).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains("permission denied for database"), "{error:?}");
    private.superuser(&format!("DROP ROLE {role}"));
}

#[tokio::test]
async fn a_schema_of_a_later_major_version_or_changed_by_hand_is_refused() {
    for (change, expected) in [
        ("UPDATE aiq_connect._sqlx_migrations SET version = 1000 WHERE version = 1", "newer AIQ Connect"),
        ("UPDATE aiq_connect._sqlx_migrations SET checksum = '\\x00'", "schema"),
        ("DROP TABLE aiq_connect._sqlx_migrations", "schema"),
    ] {
        let database = OnServer::new().await;
        database.open().await.close().await;
        database.run(change).await;
        let opened = PostgresStore::open(database.options(), false).await;
        let Err(error @ StoreError::Impossible { .. }) = opened else { panic!("{change}: {opened:?}") };
        assert!(error.to_string().contains(expected), "{change}: {error}");
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let database = OnServer::new().await;
    // In the way of a table that is made late.
    let private = database.private();
    private.superuser("CREATE SCHEMA aiq_connect AUTHORIZATION aiq_connect; CREATE TABLE aiq_connect.sessions (x INT)");
    let opened = PostgresStore::open(database.options(), false).await;
    assert!(matches!(opened, Err(StoreError::Impossible { what: "schema", .. })), "{opened:?}");
    let tables = private.superuser("SELECT tablename FROM pg_tables WHERE schemaname = 'aiq_connect'");
    assert_eq!(tables, "sessions");
    private.superuser("DROP SCHEMA aiq_connect CASCADE");
}
