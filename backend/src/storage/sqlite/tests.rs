use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::PathBuf};

use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, sqlite::SqliteConnectOptions};

use super::{SqliteStore, open::MIGRATIONS};
use crate::{
    domain::{NewSession, Principal, Profile},
    storage::{
        Ageing, SessionStore, StoreError,
        contract::{self, Database, contract_cases},
    },
};

/// A file in a folder that goes with it.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("aiq-connect.db")
    }
}

impl Database for File {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path()).await.unwrap()
    }

    async fn tamper(&self, table: &str, what: &str) {
        run(&self.open().await, &format!("UPDATE {table} SET {what}")).await;
    }

    async fn write(&self, statement: &str) {
        run(&self.open().await, &statement.replace("{}", "")).await;
    }

    async fn close(&self, store: &SqliteStore) {
        store.close().await;
    }
}

macro_rules! sqlite_tests {
    ($($about:ident :: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                contract::$about::$case(&File::new()).await;
            }
        )*
    };
}
contract_cases!(sqlite_tests);

fn alice() -> Principal {
    Principal { issuer: "https://people.example".into(), kind: "jwt".into(), sub: "alice".into() }
}

/// Runs statements past all rules of ours.
async fn run(store: &SqliteStore, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&store.writer).await.unwrap();
}

async fn sign_in(store: &SqliteStore) {
    let session = NewSession {
        cookie_hash: "hers".into(),
        principal: alice(),
        profile: Profile { name: "Alice".into(), email: None },
        lifetime: TimeDelta::hours(1),
    };
    store.open_session(&session).await.unwrap();
}

#[tokio::test]
async fn the_file_and_its_log_are_for_their_owner_alone() {
    let file = File::new();
    let store = file.open().await;
    sign_in(&store).await;
    let names: Vec<_> = fs::read_dir(file.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(names.iter().any(|name| name.to_string_lossy().ends_with("-wal")), "{names:?}");
    for name in names {
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600, "{}", name.display());
    }
}

#[tokio::test]
async fn a_file_in_a_missing_folder_is_an_error_and_not_a_new_folder() {
    let file = File::new();
    let opened = SqliteStore::open(file.0.path().join("missing").join("x.db")).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "{opened:?}");
}

/// A file with a step that this build does not know.
async fn with_step(number: i64) -> File {
    let file = File::new();
    let store = file.open().await;
    run(&store, &format!("INSERT INTO _sqlx_migrations SELECT {number}, 'later', 0, TRUE, x'00', 0")).await;
    store.close().await;
    file
}

#[tokio::test]
async fn a_file_that_a_newer_version_wrote_is_opened_because_versions_only_add() {
    let file = with_step(999).await;
    sign_in(&file.open().await).await;
    let schema = SqliteStore::schema(file.path()).await.unwrap();
    assert_eq!((schema.found, schema.is_complete), (999, true));
}

#[tokio::test]
async fn a_file_that_needs_a_later_major_version_is_refused() {
    let error = SqliteStore::open(with_step(1000).await.path()).await.unwrap_err();
    assert!(error.to_string().contains("newer AIQ Connect"), "{error}");
}

#[tokio::test]
async fn a_file_whose_first_step_is_another_one_is_refused() {
    let file = File::new();
    let store = file.open().await;
    run(&store, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await;
    store.close().await;
    let error = SqliteStore::open(file.path()).await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("step 1 is not"), "{error:?}");
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_alone() {
    let file = File::new();
    let mut theirs = SqliteConnectOptions::new().filename(file.path()).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE job_info (id TEXT)").execute(&mut theirs).await.unwrap();
    theirs.close().await.unwrap();
    let before = fs::read(file.path()).unwrap();

    let error = SqliteStore::open(file.path()).await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("a file of its own"), "{error:?}");
    assert_eq!(fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_for_good() {
    let file = File::new();
    fs::write(file.path(), "functions:\n  data_sources: {}\n".repeat(100)).unwrap();
    let opened = SqliteStore::open(file.path()).await;
    assert!(matches!(opened, Err(StoreError::Impossible { what: "file", .. })), "{opened:?}");
}

#[test]
fn every_migration_in_the_folder_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite");
    let in_folder: BTreeSet<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let in_code: BTreeSet<_> = MIGRATIONS.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
    assert_eq!(in_folder, in_code);
}

#[tokio::test]
async fn ageing_moves_every_stored_time() {
    let file = File::new();
    let store = file.open().await;
    let columns = sqlx::query(
        "SELECT t.name AS tbl, c.name AS col FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\' \
         AND (c.name LIKE '%\\_at' ESCAPE '\\' OR c.name LIKE '%\\_until' ESCAPE '\\' \
              OR c.name LIKE '%\\_since' ESCAPE '\\')",
    );
    let columns: Vec<(String, String)> =
        columns.fetch_all(&store.readers).await.unwrap().iter().map(|row| (row.get("tbl"), row.get("col"))).collect();
    assert!(columns.len() > 10, "{columns:?}");
    run(&store, ONE_ROW_EACH).await;
    store.age(TimeDelta::milliseconds(1_000)).await.unwrap();
    for (table, column) in columns {
        let time: Option<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT {column} FROM {table}")))
            .fetch_one(&store.readers)
            .await
            .unwrap();
        assert_eq!(time, Some(4_000), "{table}.{column}");
    }
}

/// A row in every table, with 5,000 for every time.
const ONE_ROW_EACH: &str = "
    INSERT INTO principals VALUES ('p', 'i', 'k', 's', 'n', NULL, 5000);
    INSERT INTO grants VALUES ('g', 'p', 's', 1, 'i', 'c', 'r', 'u', '[]', x'00', NULL, 5000, 5000, 'revoked', 'f', 5000,
                               'o', 5000, 5000, NULL, 5000, 5000, 0, NULL, 5000, 0, 5000, 5000);
    INSERT INTO issuer_rests VALUES ('i', 1, 5000);
    INSERT INTO audit VALUES ('c', 1, 5000, 'k', NULL, NULL, NULL, NULL, NULL, NULL, '{}', 5000, NULL, NULL, 5000, x'00', x'00');
    INSERT INTO revocations VALUES ('r', 'p', 's', 'g', 'i', 'c', 'u', x'00', NULL, 0, 5000, 5000, 5000);
    INSERT INTO flows (id, principal, source, server, intent, phase, announced_at, expires_at)
        VALUES ('f', 'p', 's', 's', 'reconnect', 'pending', 5000, 5000);
    INSERT INTO registrations VALUES ('i', 'u', 'c', NULL, 'none', 5000);
    INSERT INTO registering VALUES ('i', 'u', 'h', 1, 5000, NULL);
    INSERT INTO jobs VALUES ('j', 'p', '[]', 'gate', 1, 5000, 5000, 5000, x'00');
    INSERT INTO job_events VALUES (1, 'j', 's', 'required', 'revoked', 5000, 5000);
    INSERT INTO job_waits VALUES ('j', 's', 'revoked', 'skipped', 1, 5000, 5000, 5000);
    INSERT INTO sign_ins VALUES ('s', 'b', 'n', x'00', '/', 5000);
    INSERT INTO sessions VALUES ('c', 'p', 5000, 5000);
    INSERT INTO keys VALUES ('0123456789abcdef', 'retired', 5000, 5000, 5000);
    INSERT INTO replicas VALUES ('r', '[]', 5000);
    INSERT INTO ended_grants VALUES ('over', 5000);";

#[tokio::test]
async fn the_table_of_audit_records_refuses_whatever_would_change_or_remove_one() {
    let file = File::new();
    let store = file.open().await;
    run(&store, ONE_AUDIT_RECORD).await;
    let refused = [
        "UPDATE audit SET kind = 'another'",
        "UPDATE audit SET recorded_at = recorded_at - 1",
        "DELETE FROM audit",
        "INSERT INTO audit VALUES ('c', 1, 5000, 'k2', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, x'00') \
         ON CONFLICT (chain, number) DO UPDATE SET kind = excluded.kind",
        "INSERT OR REPLACE INTO audit VALUES ('c', 1, 5000, 'k2', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, x'00')",
    ];
    for sql in refused {
        let done = sqlx::raw_sql(sql).execute(&store.writer).await;
        let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM audit").fetch_all(&store.readers).await.unwrap();
        assert_eq!(kinds, ["k"], "{sql}: {done:?}");
    }
}

const ONE_AUDIT_RECORD: &str = "INSERT INTO audit VALUES ('c', 1, 5000, 'k', NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, x'00')";
