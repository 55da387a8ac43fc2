//! `aiq-connect migrate`

use std::{io::Write, path::Path};

use super::{AdminError, Ended, configured};
use crate::{
    config::{Database, Environment},
    storage::SqliteStore,
};

/// Brings the schema up to date and says from which number to which. Running it twice is no error.
pub async fn migrate(
    named: Option<&Path>,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let (_, config) = configured(named, environment)?;
    let Database::Sqlite { path } = config.database;
    let failed = |cause| AdminError::Database { path: path.clone(), cause };
    let before = SqliteStore::schema(&path).await.map_err(failed)?;
    SqliteStore::open(&path).await.map_err(failed)?.close().await;
    let after = SqliteStore::schema(&path).await.map_err(failed)?;
    let file = path.display();
    match (before.found, after.found) {
        (0, now) => writeln!(out, "made the database {file} with schema {now}")?,
        (then, now) if then == now => writeln!(out, "the database {file} has schema {now} already; nothing to do")?,
        (then, now) => writeln!(out, "brought the database {file} from schema {then} to schema {now}")?,
    }
    Ok(Ended::Well)
}
