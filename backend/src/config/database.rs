//! Where grants are stored: `AIQ_CONNECT_DATABASE_URL` or `aiq_connect.database.url`, spelt as `SQLAlchemy`
//! spells it.

use std::path::PathBuf;

use super::reader::{Entry, Reading};

/// The keys of `aiq_connect.database`.
pub(super) const KEYS: &[&str] = &["url"];

const DEFAULT: &str = "aiq-connect.db";

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file of our own.
    Sqlite {
        /// Relative paths begin at the working directory.
        path: PathBuf,
    },
}

pub(super) fn read<'e>(reading: &'e Reading<'e>, block: Option<&Entry<'e>>) -> Option<Database> {
    let section = block.and_then(|block| block.section("database"));
    if let Some(section) = &section {
        section.only(KEYS);
    }
    let written = reading.variable("AIQ_CONNECT_DATABASE_URL").or_else(|| section.as_ref()?.filled("url"));
    let Some(text) = written else { return Some(Database::Sqlite { path: PathBuf::from(DEFAULT) }) };
    match parse(&text.value) {
        Ok(database) => Some(database),
        Err(message) => {
            text.complain(message);
            None
        }
    }
}

/// Reads the URL. Messages never show it: it may hold a password.
fn parse(url: &str) -> Result<Database, String> {
    let (scheme, rest) = url.split_once(':').ok_or("is not a database URL; write `sqlite:///aiq-connect.db`")?;
    let scheme = scheme.to_ascii_lowercase();
    // `sqlite+aiosqlite`: the driver is Python's concern.
    match scheme.split('+').next().unwrap_or_default() {
        "sqlite" => sqlite(rest),
        "postgres" | "postgresql" => Err("PostgreSQL is not supported by this version yet; use \
            `sqlite:////absolute/path.db`, or remove it to store in `aiq-connect.db`"
            .to_owned()),
        _ => Err("names a database that is not supported; write `sqlite:///aiq-connect.db`".to_owned()),
    }
}

fn sqlite(rest: &str) -> Result<Database, String> {
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
    Ok(Database::Sqlite { path: PathBuf::from(path) })
}

#[cfg(test)]
mod tests {
    use super::{Database, parse};

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
            assert_eq!(parse(url), Ok(Database::Sqlite { path: path.into() }), "{url}");
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
            ("postgresql+psycopg://me:hunter2@db/aiq", "PostgreSQL is not supported"),
            ("mysql://me:hunter2@db/aiq", "not supported"),
            ("hunter2", "not a database URL"),
        ] {
            let message = parse(url).unwrap_err();
            assert!(message.contains(word) && !message.contains("hunter2"), "{url}: {message}");
        }
    }
}
