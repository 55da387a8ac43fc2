use std::{io::Write, path::Path};

use serde::Serialize;

use super::in_words;
use crate::{
    admin::{AdminError, Ended, desk::Desk},
    config::Environment,
    domain::{AuditEvent, AuditKind, KeyUse, SealedTable},
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
    let desk = Desk::of(named, environment).await?;
    let active = sealing::sealer(desk.store.as_ref(), &desk.vault).await?.key_id();
    desk.audit.record(AuditEvent::key(AuditKind::RotationBegan, active, &desk.by));
    let mut done = Passed::default();
    let walked = walk_until_done(&desk, json, &mut done, out).await;
    let ended = AuditEvent::key(AuditKind::RotationEnded, active, &desk.by)
        .with("resealed", done.resealed.to_string())
        .with("unopenable", done.unopenable.to_string());
    desk.audit.record(if walked.is_ok() { ended } else { ended.with("why", "interrupted") });
    let ended = match walked {
        Ok(()) => tell(&desk, json, done, out).await,
        Err(error) => Err(error),
    };
    desk.close().await;
    ended
}

/// Walks over everything until nothing is left to do. `done` is right after an error too.
async fn walk_until_done(
    desk: &Desk,
    json: bool,
    done: &mut Passed,
    out: &mut (dyn Write + Send),
) -> Result<(), AdminError> {
    let mut broken = None;
    for _ in 0..MOST_WALKS {
        // Somebody may have activated another one.
        let sealer = sealing::sealer(desk.store.as_ref(), &desk.vault).await?;
        let mut walk = Passed::default();
        for table in SealedTable::ALL {
            let mut progress = |passed: Passed| {
                if !json && broken.is_none() {
                    broken = writeln!(out, "{}: {} sealed anew", table.as_str(), passed.resealed).err();
                }
            };
            let passed =
                sealing::reseal(desk.store.as_ref(), &desk.vault, &desk.audit, &sealer, table, &mut progress).await?;
            done.resealed += passed.resealed;
            walk.overtaken += passed.overtaken;
            walk.unopenable += passed.unopenable;
            walk.resealed += passed.resealed;
        }
        done.unopenable = walk.unopenable;
        if walk.overtaken + walk.resealed == 0 {
            break;
        }
    }
    broken.map_or(Ok(()), |error| Err(error.into()))
}

async fn tell(
    desk: &Desk,
    json: bool,
    Passed { resealed, unopenable, .. }: Passed,
    out: &mut (dyn Write + Send),
) -> Result<Ended, AdminError> {
    let active = desk.store.active_key().await?.map(|id| id.to_string()).unwrap_or_default();
    let left: Vec<KeyUse> = desk.store.count_by_key().await?.into_iter().filter(|used| used.key != active).collect();
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
