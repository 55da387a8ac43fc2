//! The one database that all processes of a race share, and what a test does to it behind their backs.

use std::path::PathBuf;

use aiq_connect::{
    clock::Chance,
    domain::{Grant, GrantKey},
    storage::{Ageing, GrantStore, JobMac, PostgresStore, RevocationStore, SqliteStore},
    vault::{MasterKey, Sealer, Secret, Vault},
};
use aiq_connect_test_postgres::{self as private, Pooler, Server};
use chrono::TimeDelta;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::Process;
use crate::support::until;

/// Which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    /// PostgreSQL behind a pooler that lends its two connections for a transaction each.
    Pooled,
}

/// A database, empty at first, and our own view of it.
pub struct Database {
    place: Place,
    store: OnceCell<Store>,
}

enum Place {
    Sqlite(TempDir),
    Postgres(private::Database<'static>, Door),
}

/// Where the processes find PostgreSQL. We find it on its socket.
#[derive(Clone, Copy)]
enum Door {
    Socket,
    Pooler,
}

enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// As long as this lives, nobody else can change a flow or a grant.
pub enum Standstill<'a> {
    Sqlite(SqliteConnection),
    Postgres(PgConnection, &'a private::Database<'static>),
}

/// As long as this lives, the database is not there.
pub enum Outage<'a> {
    Sqlite(Standstill<'a>),
    Postgres(&'a Server),
}

/// As long as this lives, the server says nothing.
pub struct Frozen<'a>(&'a Server);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.thaw();
    }
}

impl Database {
    pub fn new(kind: Kind) -> Self {
        Self::at(match kind {
            Kind::Sqlite => Place::Sqlite(tempfile::tempdir().unwrap()),
            Kind::Postgres => Place::Postgres(Server::shared().database(), Door::Socket),
            Kind::Pooled => Place::Postgres(Server::shared().database(), Door::Pooler),
        })
    }

    /// One that can go away without taking others with it.
    pub fn on_a_server_of_its_own(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::new(kind),
            // It ends with this process, as the shared one does.
            Kind::Postgres => {
                Self::at(Place::Postgres(Box::leak(Box::new(Server::start().unwrap())).database(), Door::Socket))
            }
            Kind::Pooled => panic!("the pooler stands before the shared server"),
        }
    }

    fn at(place: Place) -> Self {
        Self { place, store: OnceCell::new() }
    }

    /// As it is configured.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Sqlite(folder) => format!("sqlite:///{}", file(folder).display()),
            Place::Postgres(database, Door::Socket) => database.url(),
            Place::Postgres(database, Door::Pooler) => database.url_at(Pooler::shared().port()),
        }
    }

    /// Whether processes find it behind a pooler.
    pub fn is_pooled(&self) -> bool {
        matches!(self.place, Place::Postgres(_, Door::Pooler))
    }

    /// Makes everything in it this much older, with jobs that are ours all the same.
    pub async fn age(&self, by: TimeDelta) {
        let sealer = sealer();
        let mac: &JobMac = &move |job, times| sealer.job_mac(job, times);
        match self.store().await {
            Store::Sqlite(store) => store.age_signing(by, Some(mac)).await.unwrap(),
            Store::Postgres(store) => store.age_signing(by, Some(mac)).await.unwrap(),
        }
    }

    pub async fn grant(&self, key: &GrantKey) -> Option<Grant> {
        match self.store().await {
            Store::Sqlite(store) => store.find_grant(key).await.unwrap(),
            Store::Postgres(store) => store.find_grant(key).await.unwrap(),
        }
    }

    /// How many entries the queue of revocations has.
    pub async fn queued(&self) -> u64 {
        match self.store().await {
            Store::Sqlite(store) => store.count_revocations().await.unwrap(),
            Store::Postgres(store) => store.count_revocations().await.unwrap(),
        }
    }

    /// Stops the server in its tracks: its connections stay open, and nothing answers.
    pub fn freeze(&self) -> Frozen<'_> {
        let Place::Postgres(database, _) = &self.place else { panic!("a file does not freeze") };
        database.server().freeze();
        Frozen(database.server())
    }

    async fn store(&self) -> &Store {
        let open = || async {
            match &self.place {
                Place::Sqlite(folder) => Store::Sqlite(SqliteStore::open(file(folder)).await.unwrap()),
                Place::Postgres(database, _) => {
                    Store::Postgres(PostgresStore::open(options(database), false).await.unwrap())
                }
            }
        };
        self.store.get_or_init(open).await
    }

    /// Leaves the lease of a process that died before it did anything.
    pub async fn leave_a_lease(&self) {
        match &self.place {
            Place::Sqlite(folder) => {
                let leave = "UPDATE grants SET lease_owner = 'somebody who died', \
                             lease_until = CAST(unixepoch('subsec') * 1000 AS INTEGER) + 30000";
                let mut connection = connect(folder).await;
                sqlx::query(leave).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Place::Postgres(database, _) => {
                database.superuser(
                    "UPDATE aiq_connect.grants SET lease_owner = 'somebody who died', \
                     lease_until = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 30000",
                );
            }
        }
    }

    /// Goes away, until it is told to come back.
    pub async fn go_away(&self) -> Outage<'_> {
        match &self.place {
            // A file does not go away; but whoever keeps its lock keeps everybody else from it.
            Place::Sqlite(_) => Outage::Sqlite(self.stand_still().await),
            Place::Postgres(database, _) => {
                database.server().stop();
                Outage::Postgres(database.server())
            }
        }
    }

    /// Stops everybody else from changing flows and grants.
    pub async fn stand_still(&self) -> Standstill<'_> {
        match &self.place {
            Place::Sqlite(folder) => {
                let mut connection = connect(folder).await;
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Standstill::Sqlite(connection)
            }
            Place::Postgres(database, _) => {
                let mut connection = options(database).connect().await.unwrap();
                sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
                for lock in
                    ["SELECT 1 FROM aiq_connect.flows FOR UPDATE", "SELECT 1 FROM aiq_connect.grants FOR UPDATE"]
                {
                    sqlx::query(lock).execute(&mut connection).await.unwrap();
                }
                Standstill::Postgres(connection, database)
            }
        }
    }
}

/// Sessions that wait for a lock of somebody else.
const WAITING: &str = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

impl Standstill<'_> {
    /// Waits until this process tries in vain to store what it was given.
    pub async fn holds_up(&self, process: &Process) {
        match self {
            Self::Sqlite(_) => process.says("a refreshed token waits for the database").await,
            Self::Postgres(..) => self.holds_up_so_many(1).await,
        }
    }

    /// Waits until so many try in vain to write. A file does not tell.
    pub async fn holds_up_so_many(&self, sessions: usize) {
        if let Self::Postgres(_, database) = self {
            until("everybody waits for the row", || async { waiting(database) >= sessions }).await;
        }
    }

    /// Lets everybody go on.
    pub async fn end(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection, _) => connection.close().await.unwrap(),
        }
    }

    /// Ends it after the death of whoever was held up. A server would still do what it was told before.
    pub async fn end_after_a_death(self) {
        if let Self::Postgres(_, database) = &self {
            database.superuser(&format!("SELECT pg_terminate_backend(pid) {WAITING}"));
            until("the sessions of the dead are over", || async { waiting(database) == 0 }).await;
        }
        self.end().await;
    }
}

fn waiting(database: &private::Database<'_>) -> usize {
    database.superuser(&format!("SELECT count(*) {WAITING}")).parse().unwrap()
}

impl Outage<'_> {
    /// Comes back.
    pub async fn end(self) {
        match self {
            Self::Sqlite(standstill) => standstill.end().await,
            Self::Postgres(server) => server.start_again().unwrap(),
        }
    }
}

/// What the processes seal with.
fn sealer() -> Sealer {
    let keys = MasterKey::all_from_text(&Secret::new(super::KEY)).unwrap();
    Vault::holding(&keys, None, Chance::from_system()).sealer(keys[0].id()).unwrap()
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("aiq-connect.db")
}

async fn connect(folder: &TempDir) -> SqliteConnection {
    SqliteConnection::connect(&file(folder).display().to_string()).await.unwrap()
}

/// Over the socket: on the network, even on this machine's own, proving to know the password takes long.
fn options(database: &private::Database<'_>) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass().username(private::ROLE).database(database.name());
    options.socket(database.server().socket_folder()).port(database.server().port())
}
