//! `aiq-connect migrate`

use std::{io::Write, path::Path};

use super::{AdminError, Ended, configured};
use crate::{
    config::Environment,
    storage::{Opened, Place},
};

/// Brings the schema up to date and says from which number to which. Running it twice is no error.
pub async fn migrate(
    named: Option<&Path>,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let (_, config) = configured(named, environment)?;
    let before = Opened::schema(&config.database, true).await?;
    Opened::open(&config.database, None).await?.close().await;
    let after = Opened::schema(&config.database, false).await?;
    let place = Place(&config.database);
    match (before.found, after.found) {
        _ if before.is_complete && before.found > before.needed => {
            writeln!(out, "the database {place} has schema {}, of a newer version; nothing to do", before.found)?;
        }
        _ if before.is_complete => {
            writeln!(out, "the database {place} has schema {} already; nothing to do", before.found)?;
        }
        (0, now) => writeln!(out, "made the database {place} with schema {now}")?,
        (then, now) => writeln!(out, "brought the database {place} from schema {then} to schema {now}")?,
    }
    Ok(Ended::Well)
}
