//! The verbs of the command line, one file each. They take the environment and where to write, and touch nothing else
//! of the process.

mod audit;
mod check;
mod desk;
mod grants;
pub mod keys;
mod migrate;
mod people;
mod report;
mod serve;
mod words;

use std::path::{Path, PathBuf};

use crate::{
    config::{self, Config, ConfigError, Environment},
    storage::{OpenError, StoreError},
};

pub use self::{
    audit::{AuditWish, audit_show, audit_verify},
    check::{Wish as CheckWish, check},
    grants::{GrantsWish, grants_list, grants_quarantine, grants_revoke, grants_show},
    migrate::migrate,
    people::{Whom, people_forget, people_list},
    serve::serve,
};

/// How a verb ended. Errors are told on standard error, and end the process with 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// 0.
    Well,
    /// 1: it works, and something deserves a look.
    WithWarnings,
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The service does not start, or broke.
    #[error(transparent)]
    Serve(#[from] crate::app::ServeError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// `serve --no-migrate`, and there is something to migrate.
    #[error(
        "the database {place} has schema {found}, and this version needs {needed}: run `aiq-connect migrate`, or start \
         without --no-migrate"
    )]
    OlderSchema {
        /// Which database.
        place: String,
        /// 0: there is no database yet.
        found: i64,
        /// What this build was made for.
        needed: i64,
    },
    /// The keys cannot be read.
    #[error("the encryption keys cannot be used: {error}{cause}", error = .0, cause = why(.0))]
    Keys(#[from] crate::sealing::VaultFailed),
    /// A key or a key file cannot be used.
    #[error("{error}{cause}", error = .0, cause = why(.0))]
    Key(#[from] crate::vault::KeyError),
    /// The database does not answer, or lacks something.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for would do harm; the sentence says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// A name that nobody has.
    #[error(
        "nobody who is remembered has the id, subject, name or address `{0}`; `aiq-connect people list` tells who is"
    )]
    Nobody(String),
    /// A name that several people have.
    #[error("several people are called `{name}`; name one by their id:{people}")]
    SameName {
        /// The name.
        name: String,
        /// Who they are, a line each.
        people: String,
    },
    /// No such grant.
    #[error("there is no grant {0}; `aiq-connect grants list` tells which there are")]
    NoGrant(uuid::Uuid),
    /// The question was not answered with yes.
    #[error("nothing was changed: answer `yes`, or give --yes where nobody can answer")]
    NotConfirmed,
    /// Signals cannot be listened for, or nothing can be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn why(error: &dyn std::error::Error) -> String {
    error.source().map(|cause| format!(": {cause}")).unwrap_or_default()
}

/// The file that is meant, and what stands in it.
fn configured(named: Option<&Path>, environment: &dyn Environment) -> Result<(PathBuf, Config), ConfigError> {
    let path = config::locate(named, environment)?;
    let config = config::load(&path, environment)?;
    Ok((path, config))
}
