//! Where grants are stored: `AIQ_CONNECT_DATABASE_URL` or `aiq_connect.database.url`, else the PostgreSQL that NAT keeps its
//! jobs in, else a SQLite file of our own. URLs are spelt as `SQLAlchemy` spells them.

use std::path::{Path, PathBuf};

use super::{
    pg_address::PgAddress,
    pg_url,
    reader::{Entry, Reading, Text},
};

/// The keys of `aiq_connect.database`.
pub(super) const KEYS: &[&str] = &["url", "pooler"];

const DEFAULT: &str = "aiq-connect.db";

/// The database.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of our own.
    Sqlite {
        /// Relative paths begin at the working directory.
        path: PathBuf,
    },
    /// A PostgreSQL, which may be AIQ's and NAT's too: our tables are in a schema of their own.
    Postgres {
        /// Where it is.
        address: Box<PgAddress>,
        /// What stands before it.
        pooler: Pooler,
    },
}

/// What stands between us and PostgreSQL, and whether a session is ours for longer than a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pooler {
    /// It is found out at every start.
    #[default]
    Auto,
    /// Nothing, or a pooler in session mode.
    None,
    /// A pooler in transaction mode.
    Transaction,
}

/// Why it is this database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseBecause {
    /// Our own setting names it.
    Named,
    /// `NAT_JOB_STORE_DB_URL` does.
    JobStore,
    /// Nothing does.
    Default,
    /// `NAT_JOB_STORE_DB_URL` names what cannot be shared.
    JobStoreCannotBeShared,
}

/// What is known of the database.
pub(super) struct Read {
    pub(super) database: Database,
    pub(super) because: DatabaseBecause,
    /// For `LISTEN`, which a pooler may not pass on.
    pub(super) listen: Option<PgAddress>,
}

/// `None` only when a problem was reported.
pub(super) fn read<'e>(reading: &'e Reading<'e>, block: Option<&Entry<'e>>) -> Option<Read> {
    let section = block.and_then(|block| block.section("database"));
    if let Some(section) = &section {
        section.only(KEYS);
    }
    let written = reading.variable("AIQ_CONNECT_DATABASE_POOLER").or_else(|| section.as_ref()?.filled("pooler"));
    let pooler = written.map_or(Some(Pooler::Auto), |text| pooler(&text));
    let job_store = reading.variable("NAT_JOB_STORE_DB_URL");
    let of_postgres = |text: &Text<'_>| {
        let address = pg_url::parse(&text.value, reading.environment);
        address.map_err(|message| text.complain(message)).ok()
    };
    let (database, because) =
        match reading.variable("AIQ_CONNECT_DATABASE_URL").or_else(|| section.as_ref()?.filled("url")) {
            Some(text) if pg_url::is_postgres(&text.value) => {
                (Database::Postgres { address: Box::new(of_postgres(&text)?), pooler: pooler? }, DatabaseBecause::Named)
            }
            Some(text) => {
                let path = sqlite(&text.value).map_err(|message| text.complain(message)).ok()?;
                if job_store.as_ref().is_some_and(|theirs| is_file(&theirs.value, &path)) {
                    text.complain(
                        "is the file that NAT_JOB_STORE_DB_URL names too; AIQ Connect needs a file of its own, \
                         such as `sqlite:///aiq-connect.db`",
                    );
                }
                (Database::Sqlite { path }, DatabaseBecause::Named)
            }
            None => match &job_store {
                Some(text) if pg_url::is_postgres(&text.value) => (
                    Database::Postgres { address: Box::new(of_postgres(text)?), pooler: pooler? },
                    DatabaseBecause::JobStore,
                ),
                Some(text) => {
                    let path = PathBuf::from(DEFAULT);
                    if is_file(&text.value, &path) {
                        text.complain(format!(
                            "names `{DEFAULT}`, where AIQ Connect stores without a setting of its own; set \
                             AIQ_CONNECT_DATABASE_URL to another file"
                        ));
                    }
                    (Database::Sqlite { path }, DatabaseBecause::JobStoreCannotBeShared)
                }
                None => (Database::Sqlite { path: PathBuf::from(DEFAULT) }, DatabaseBecause::Default),
            },
        };
    // Elsewhere AIQ's URL is none of our business.
    let listen = reading.variable("AIQ_LISTEN_DB_URL").filter(|text| pg_url::is_postgres(&text.value));
    let listen = listen.filter(|_| matches!(database, Database::Postgres { .. }));
    let listen = listen.and_then(|text| of_postgres(&text));
    Some(Read { database, because, listen })
}

fn pooler(text: &Text<'_>) -> Option<Pooler> {
    match text.value.to_ascii_lowercase().as_str() {
        "auto" => Some(Pooler::Auto),
        "none" => Some(Pooler::None),
        "transaction" => Some(Pooler::Transaction),
        _ => {
            text.complain("must be `auto`, `transaction` or `none`");
            None
        }
    }
}

/// Whether a URL names this SQLite file.
fn is_file(url: &str, path: &Path) -> bool {
    let same = |theirs: &Path| {
        let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
        whole(theirs) == whole(path)
    };
    sqlite(url).is_ok_and(|theirs| same(&theirs))
}

/// Reads a URL of SQLite. Messages never show it: it may hold a password.
fn sqlite(url: &str) -> Result<PathBuf, String> {
    let (scheme, rest) = url.split_once(':').ok_or("is not a database URL; write `sqlite:///aiq-connect.db`")?;
    // `sqlite+aiosqlite`: the driver is Python's concern.
    if scheme.to_ascii_lowercase().split('+').next() != Some("sqlite") {
        return Err("names a database that is not supported; write `sqlite:///aiq-connect.db`, or \
                    `postgresql://user:password@host/database`"
            .to_owned());
    }
    // SQLAlchemy: the third slash ends the (empty) host, what follows is the path.
    let path = match rest.strip_prefix("//") {
        Some(after_host) => after_host.strip_prefix('/').ok_or(
            "has two slashes, and what follows them is a host; write three for a relative path \
             (`sqlite:///aiq-connect.db`) and four for an absolute one (`sqlite:////var/lib/aiq-connect.db`)",
        )?,
        None => rest,
    };
    if path.is_empty() || path.contains(":memory:") {
        return Err("must name a file: a database in memory would lose every connection at a restart".to_owned());
    }
    if path.contains('?') {
        return Err("must not have parameters after `?`; the file's settings are ours".to_owned());
    }
    Ok(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::sqlite;

    #[test]
    fn three_slashes_are_relative_and_four_are_absolute() {
        for (url, path) in [
            ("sqlite:aiq.db", "aiq.db"),
            ("sqlite:/var/aiq.db", "/var/aiq.db"),
            ("sqlite:///aiq.db", "aiq.db"),
            ("sqlite:///./data/aiq.db", "./data/aiq.db"),
            ("sqlite:////var/aiq.db", "/var/aiq.db"),
            ("sqlite+aiosqlite:////var/aiq.db", "/var/aiq.db"),
            ("SQLite+pysqlite:///a b.db", "a b.db"),
        ] {
            assert_eq!(sqlite(url), Ok(path.into()), "{url}");
        }
    }

    #[test]
    fn what_is_no_file_of_our_own_is_refused_without_being_shown() {
        for (url, word) in [
            ("sqlite://aiq.db", "three"),
            ("sqlite://", "three"),
            ("sqlite:///", "memory"),
            ("sqlite:", "memory"),
            ("sqlite:///:memory:", "memory"),
            ("sqlite:///aiq.db?mode=ro", "parameters"),
            ("mysql://me:hunter2@db/aiq", "not supported"),
            ("hunter2", "not a database URL"),
        ] {
            let message = sqlite(url).unwrap_err();
            assert!(message.contains(word) && !message.contains("hunter2"), "{url}: {message}");
        }
    }
}
