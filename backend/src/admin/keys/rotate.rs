use std::{io::Write, path::Path};

use serde::Serialize;

use super::{Bench, in_words};
use crate::{
    admin::{AdminError, Ended},
    config::Environment,
    domain::{KeyUse, SealedTable},
    sealing::{self, Passed},
};

/// How often everything is walked over: rows that somebody changed meanwhile are seen again.
const MOST_WALKS: usize = 20;

/// What was done, for machines.
#[derive(Serialize)]
struct Done {
    active: String,
    resealed: u64,
    unopenable: u64,
    /// What needs other keys still.
    left: Vec<Left>,
}

#[derive(Serialize)]
struct Left {
    table: String,
    key: String,
    rows: u64,
    until: Option<chrono::DateTime<chrono::Utc>>,
}

/// Seals with the active key whatever another one sealed. Traffic goes on; twice, or again after it was interrupted, is
/// fine.
///
/// # Errors
///
/// The active key is not held here, or the database does not answer.
pub async fn rotate(
    named: Option<&Path>,
    json: bool,
    environment: &dyn Environment,
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let bench = Bench::open(named, environment).await?;
    let (mut resealed, mut unopenable) = (0, 0);
    let mut broken = None;
    for _ in 0..MOST_WALKS {
        // Somebody may have activated another one.
        let sealer = sealing::sealer(bench.store.as_ref(), &bench.vault).await?;
        let mut walk = Passed::default();
        for table in SealedTable::ALL {
            let mut progress = |passed: Passed| {
                if !json && broken.is_none() {
                    broken = writeln!(out, "{}: {} sealed anew", table.as_str(), passed.resealed).err();
                }
            };
            let passed = sealing::reseal(bench.store.as_ref(), &bench.vault, &sealer, table, &mut progress).await?;
            resealed += passed.resealed;
            walk.overtaken += passed.overtaken;
            walk.unopenable += passed.unopenable;
            walk.resealed += passed.resealed;
        }
        unopenable = walk.unopenable;
        if walk.overtaken + walk.resealed == 0 {
            break;
        }
    }
    if let Some(error) = broken {
        return Err(error.into());
    }
    tell(&bench, json, (resealed, unopenable), out).await
}

async fn tell(
    bench: &Bench,
    json: bool,
    (resealed, unopenable): (u64, u64),
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let active = bench.store.active_key().await?.map(|id| id.to_string()).unwrap_or_default();
    let left: Vec<KeyUse> = bench.store.count_by_key().await?.into_iter().filter(|used| used.key != active).collect();
    let ended = if unopenable == 0 { Ended::Well } else { Ended::WithWarnings };
    if json {
        let one = |used: &KeyUse| {
            let KeyUse { table, key, rows, until } = used.clone();
            Left { table, key, rows, until }
        };
        let left = left.iter().map(one).collect();
        serde_json::to_writer_pretty(&mut *out, &Done { active, resealed, unopenable, left })
            .map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(ended);
    }
    writeln!(out, "{resealed} rows were sealed anew with key {active}")?;
    let (jobs, rows): (Vec<KeyUse>, Vec<KeyUse>) = left.into_iter().partition(|used| used.table == "jobs");
    for used in &rows {
        writeln!(
            out,
            "{} sealed with key {} cannot be opened here: with that key in place, run this again; if it is lost, they \
             show as disconnected, and connecting anew replaces them",
            in_words(std::slice::from_ref(used)),
            used.key
        )?;
    }
    for used in &jobs {
        let until = used.until.map(|until| format!(", the last of them until {until}")).unwrap_or_default();
        writeln!(out, "{} were begun with key {} and need it{until}", in_words(std::slice::from_ref(used)), used.key)?;
    }
    if rows.is_empty() && jobs.is_empty() {
        writeln!(out, "Nothing needs an earlier key any more: `aiq-connect keys remove ID` takes one away.")?;
    }
    Ok(ended)
}
