mod changes;
mod errors;
mod opening;
mod plans;
mod pooled;
mod races;

use std::{
    collections::BTreeSet,
    fs,
    sync::{Mutex, PoisonError},
};

use aiq_connect_test_postgres::{Database as Private, ROLE, Server};
use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row, postgres::PgConnectOptions};

use super::{PostgresStore, open::MIGRATIONS};
use crate::storage::{
    Ageing,
    contract::{self, Database, contract_cases},
};

/// Databases on the private server of this process that no case uses. To make one takes longer than most cases.
static IDLE: Mutex<Vec<Private<'static>>> = Mutex::new(Vec::new());

/// A database without our schema, until it is opened, and a connection to it that is not a store's.
struct OnServer(Option<Private<'static>>, tokio::sync::Mutex<PgConnection>);

impl OnServer {
    async fn new() -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let private = idle.unwrap_or_else(|| Server::shared().database());
        let mut connection = options(&private).connect().await.unwrap();
        sqlx::raw_sql("DROP SCHEMA IF EXISTS aiq_connect CASCADE").execute(&mut connection).await.unwrap();
        Self(Some(private), connection.into())
    }

    fn private(&self) -> &Private<'static> {
        self.0.as_ref().unwrap()
    }

    fn options(&self) -> PgConnectOptions {
        options(self.private())
    }

    /// Runs statements past all rules of ours.
    async fn run(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.1.lock().await).await.unwrap();
    }
}

/// Over the socket, as the role that owns the database.
fn options(private: &Private<'static>) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass().username(ROLE).database(private.name());
    options.host(&private.server().socket_folder().display().to_string()).port(private.server().port())
}

impl Drop for OnServer {
    fn drop(&mut self) {
        // One that a case failed on is left to nobody.
        if !std::thread::panicking() {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.0.take());
        }
    }
}

impl Database for OnServer {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        PostgresStore::open(self.options(), false).await.unwrap()
    }

    async fn tamper(&self, table: &str, what: &str) {
        self.run(&format!("UPDATE aiq_connect.{table} SET {what}")).await;
    }

    async fn write(&self, statement: &str) {
        self.run(&statement.replace("{}", "aiq_connect.")).await;
    }

    async fn close(&self, store: &PostgresStore) {
        store.close().await;
    }
}

macro_rules! postgres_tests {
    ($($about:ident :: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                contract::$about::$case(&OnServer::new().await).await;
            }
        )*
    };
}
contract_cases!(postgres_tests);

#[test]
fn every_migration_in_the_folder_is_run_and_has_a_twin() {
    let files = |folder: &str| -> BTreeSet<String> {
        let folder = format!("{}/../migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let in_code: BTreeSet<_> = MIGRATIONS.iter().map(|(number, name, ..)| format!("{number:04}_{name}.sql")).collect();
    assert_eq!(files("postgres"), in_code);
    assert_eq!(files("postgres"), files("sqlite"));
}

#[tokio::test]
async fn ageing_moves_every_stored_time() {
    let database = OnServer::new().await;
    let store = database.open().await;
    let columns = sqlx::query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'aiq_connect' \
         AND table_name NOT LIKE '\\_%' AND (column_name LIKE '%\\_at' OR column_name LIKE '%\\_until' \
         OR column_name LIKE '%\\_since')",
    );
    let columns: Vec<(String, String)> = columns
        .fetch_all(&mut *store.pool.lend().await.unwrap())
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert!(columns.len() > 10, "{columns:?}");
    database.run(ONE_ROW_EACH).await;
    store.age(TimeDelta::milliseconds(1_000)).await.unwrap();
    for (table, column) in columns {
        let time: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT {column} FROM aiq_connect.{table}")))
            .fetch_one(&mut *store.pool.lend().await.unwrap())
            .await
            .unwrap();
        assert_eq!(time, Some(4_000), "{table}.{column}");
    }
}

#[tokio::test]
async fn a_row_that_somebody_kept_is_not_put_back() {
    let database = OnServer::new().await;
    let store = database.open().await;
    database.run(ONE_ROW_EACH).await;
    database.run("UPDATE aiq_connect.grants SET version = 2; CREATE TABLE aiq_connect.kept AS SELECT * FROM aiq_connect.grants",
    )
    .await;
    let refused = async |sql: &'static str| {
        let error = sqlx::raw_sql(sql).execute(&mut *store.pool.lend().await.unwrap()).await.unwrap_err().to_string();
        assert!(error.contains("put back"), "{sql}: {error}");
    };
    refused("UPDATE aiq_connect.grants SET version = 1").await;
    refused("UPDATE aiq_connect.grants SET id = 'h'").await;
    refused("UPDATE aiq_connect.grants g SET version = k.version - 1 FROM aiq_connect.kept k WHERE k.id = g.id").await;
    database.run("DELETE FROM aiq_connect.grants").await;
    refused("INSERT INTO aiq_connect.grants SELECT * FROM aiq_connect.kept").await;
    database
        .run("UPDATE aiq_connect.kept SET id = 'new'; INSERT INTO aiq_connect.grants SELECT * FROM aiq_connect.kept")
        .await;
}

/// A row in every table, with 5,000 for every time.
const ONE_ROW_EACH: &str = "
    INSERT INTO aiq_connect.principals VALUES ('p', 'i', 'k', 's', 'n', NULL, 5000);
    INSERT INTO aiq_connect.grants VALUES ('g', 'p', 's', 1, 'i', 'c', 'r', 'u', '[]', '\\x00', NULL, 5000, 5000, 'revoked',
                                           'f', 5000, 'o', 5000, 5000, NULL, 5000, 5000, 0, NULL, 5000, 0, 5000, 5000);
    INSERT INTO aiq_connect.issuer_rests VALUES ('i', 1, 5000);
    INSERT INTO aiq_connect.audit VALUES ('c', 1, 5000, 'k', NULL, NULL, NULL, NULL, NULL, NULL, '{}', 5000, NULL, NULL, 5000,
                                          '\\x00', '\\x00');
    INSERT INTO aiq_connect.revocations VALUES ('r', 'p', 's', 'g', 'i', 'c', 'u', '\\x00', NULL, 0, 5000, 5000, 5000);
    INSERT INTO aiq_connect.flows (id, principal, source, server, intent, phase, announced_at, expires_at)
        VALUES ('f', 'p', 's', 's', 'reconnect', 'pending', 5000, 5000);
    INSERT INTO aiq_connect.registrations VALUES ('i', 'u', 'c', NULL, 'none', 5000);
    INSERT INTO aiq_connect.registering VALUES ('i', 'u', 'h', 1, 5000, NULL);
    INSERT INTO aiq_connect.jobs VALUES ('j', 'p', '[]', 'gate', 1, 5000, 5000, 5000, '\\x00');
    INSERT INTO aiq_connect.job_events OVERRIDING SYSTEM VALUE VALUES (1, 'j', 's', 'required', 'revoked', 5000, 5000);
    INSERT INTO aiq_connect.job_waits VALUES ('j', 's', 'revoked', 'skipped', 1, 5000, 5000, 5000);
    INSERT INTO aiq_connect.sign_ins VALUES ('s', 'b', 'n', '\\x00', '/', 5000);
    INSERT INTO aiq_connect.sessions VALUES ('c', 'p', 5000, 5000);
    INSERT INTO aiq_connect.keys VALUES ('0123456789abcdef', 'retired', 5000, 5000, 5000);
    INSERT INTO aiq_connect.replicas VALUES ('r', '[]', 5000);
    INSERT INTO aiq_connect.ended_grants VALUES ('over', 5000);";

#[tokio::test]
async fn the_table_of_audit_records_refuses_whatever_would_change_or_remove_one() {
    let database = OnServer::new().await;
    let store = database.open().await;
    database.run(
        "INSERT INTO aiq_connect.audit VALUES ('c', 1, 5000, 'k', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, \
         NULL, NULL, NULL, '\\x00')",
    )
    .await;
    let refused = [
        "UPDATE aiq_connect.audit SET kind = 'another'",
        "UPDATE aiq_connect.audit SET recorded_at = recorded_at - 1",
        "DELETE FROM aiq_connect.audit",
        "TRUNCATE aiq_connect.audit",
        "INSERT INTO aiq_connect.audit (chain, number, recorded_at, kind, detail, mac) VALUES ('c', 1, 1, 'x', '{}', '') \
         ON CONFLICT (chain, number) DO UPDATE SET kind = excluded.kind",
    ];
    for sql in refused {
        let error = sqlx::raw_sql(sql).execute(&mut *store.pool.lend().await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("audit records"), "{sql}: {error}");
    }
}
