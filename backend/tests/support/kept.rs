//! Where a service under test stores: a file, a server, or a server behind a pooler.

use std::path::Path;

use aiq_connect::storage::{Ageing, Store};
use aiq_connect_test_postgres::{Database, Pooler, Server};
use sqlx::{
    AssertSqlSafe, Connection, Decode, PgConnection, Postgres, Sqlite, SqliteConnection, Type,
    postgres::PgConnectOptions,
};

use super::at_rest;

/// A store whose rows can be made older.
pub trait Everything: Store + Ageing {}

impl<T: Store + Ageing> Everything for T {}

/// Where.
#[derive(Default)]
pub enum Kept {
    /// A file in the service's own folder.
    #[default]
    File,
    /// A database of its own on the server of this test process.
    Server(Database<'static>),
    /// The same behind a pooler in transaction mode that has two connections for it.
    Pooled(Database<'static>),
    /// Wherever this URL leads.
    At(String),
}

/// Makes where a test's service stores, each time anew.
pub type Place = fn() -> Kept;

/// As long as it lives, nobody else can change a grant.
#[expect(dead_code, reason = "its drop is what counts")]
pub enum Standstill {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Kept {
    pub fn in_a_file() -> Self {
        Self::File
    }

    pub fn on_a_server() -> Self {
        Self::Server(Server::shared().database())
    }

    pub fn behind_a_pooler() -> Self {
        Self::Pooled(Server::shared().database())
    }

    /// What the service is told.
    pub fn url(&self, folder: &Path) -> String {
        match self {
            Self::File => format!("sqlite:///{}", file(folder)),
            Self::Server(database) => database.url(),
            Self::Pooled(database) => database.url_at(Pooler::shared().port()),
            Self::At(url) => url.clone(),
        }
    }

    /// One statement by somebody else who can write, with `?`, or `?1` and `?2`, for its parameters: how many rows it changed.
    pub async fn change(&self, folder: &Path, statement: &'static str, parameters: &[&str]) -> u64 {
        let Some(mut session) = self.session().await else {
            let mut outside = SqliteConnection::connect(&file(folder)).await.unwrap();
            let query = parameters.iter().fold(sqlx::query(statement), |query, parameter| query.bind(*parameter));
            return query.execute(&mut outside).await.unwrap().rows_affected();
        };
        let numbered = if statement.contains("?1") {
            statement.replace('?', "$")
        } else {
            (1..=parameters.len()).fold(statement.to_owned(), |text, n| text.replacen('?', &format!("${n}"), 1))
        };
        let query = sqlx::query(AssertSqlSafe(numbered));
        let query = parameters.iter().fold(query, |query, parameter| query.bind(*parameter));
        query.execute(&mut session).await.unwrap().rows_affected()
    }

    /// Every place where it stores something, for [`at_rest::found`].
    pub fn at_rest(&self, folder: &Path) -> Vec<std::path::PathBuf> {
        match self {
            Self::File => at_rest::of_a_file(folder),
            Self::Server(database) | Self::Pooled(database) => at_rest::of_a_server(database, folder),
            Self::At(url) => panic!("nobody knows where {url} stores"),
        }
    }

    /// Puts bytes where a statement has `$1`: how many rows it changed.
    pub async fn put(&self, folder: &Path, statement: &'static str, bytes: &[u8]) -> u64 {
        let Some(mut session) = self.session().await else {
            let mut outside = SqliteConnection::connect(&file(folder)).await.unwrap();
            return sqlx::query(statement).bind(bytes).execute(&mut outside).await.unwrap().rows_affected();
        };
        sqlx::query(statement).bind(bytes).execute(&mut session).await.unwrap().rows_affected()
    }

    /// One statement without parameters, which may be refused.
    pub async fn try_change(&self, folder: &Path, statement: &'static str) -> Result<u64, sqlx::Error> {
        let Some(mut session) = self.session().await else {
            let mut outside = SqliteConnection::connect(&file(folder)).await.unwrap();
            return Ok(sqlx::query(statement).execute(&mut outside).await?.rows_affected());
        };
        Ok(sqlx::query(statement).execute(&mut session).await?.rows_affected())
    }

    /// Keeps everybody else from changing a grant.
    pub async fn stand_still(&self, folder: &Path) -> Standstill {
        let Some(mut session) = self.session().await else {
            let mut outside = SqliteConnection::connect(&file(folder)).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut outside).await.unwrap();
            return Standstill::File(outside);
        };
        sqlx::raw_sql("BEGIN; SELECT 1 FROM grants FOR UPDATE").execute(&mut session).await.unwrap();
        Standstill::Server(session)
    }

    /// The one value that a statement finds.
    pub async fn value<T>(&self, folder: &Path, statement: &'static str) -> T
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        let Some(mut session) = self.session().await else {
            let mut outside = SqliteConnection::connect(&file(folder)).await.unwrap();
            return sqlx::query_scalar(statement).fetch_one(&mut outside).await.unwrap();
        };
        sqlx::query_scalar(statement).fetch_one(&mut session).await.unwrap()
    }

    async fn session(&self) -> Option<PgConnection> {
        let options: PgConnectOptions = match self {
            Self::File => return None,
            // The driver takes no URL without a host.
            Self::Server(database) | Self::Pooled(database) => database.tcp_url().parse().unwrap(),
            Self::At(url) => url.parse().unwrap(),
        };
        Some(PgConnection::connect_with(&options.options([("search_path", "aiq_connect")])).await.unwrap())
    }
}

fn file(folder: &Path) -> String {
    folder.join("aiq-connect.db").display().to_string()
}
