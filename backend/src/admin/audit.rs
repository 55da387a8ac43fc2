//! `aiq-connect audit show` and `aiq-connect audit verify`

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::Path,
};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    AdminError, Ended,
    desk::Desk,
    words::{self, plain},
};
use crate::{
    audit,
    config::Environment,
    domain::{AuditFilter, AuditKind, AuditRecord},
};

/// Which records are wanted, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AuditWish {
    /// Only of this person: their id, subject, name or address.
    #[arg(long)]
    person: Option<String>,
    /// Only of this source, or of the server of this name.
    #[arg(long)]
    source: Option<String>,
    /// Only of this grant.
    #[arg(long, value_name = "ID")]
    grant: Option<String>,
    /// Only of this job.
    #[arg(long, value_name = "ID")]
    job: Option<String>,
    /// Only of this kind; `docs/audit.md` lists them.
    #[arg(long, value_parser = kind)]
    kind: Option<AuditKind>,
    /// Only of the last 30m, 12h or 7d.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<TimeDelta>,
    /// The newest that many.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Tells what happened, the newest last.
///
/// # Errors
///
/// The configuration or the database cannot be used, or nobody is called so.
pub async fn audit_show(
    named: Option<&Path>,
    wish: &AuditWish,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let principal = match &wish.person {
        Some(name) => Some(desk.principal(name).await?),
        None => None,
    };
    let filter = AuditFilter {
        principal,
        server: wish.source.as_ref().map(|source| desk.server(source)),
        grant: wish.grant.clone(),
        job: wish.job.as_deref().map(Into::into),
        kind: wish.kind.map(|kind| kind.as_str().to_owned()),
        newer_than: wish.since,
        limit: wish.limit,
    };
    let records = desk.store.audit_matching(&filter).await?;
    tell(&desk, &records, wish.json, out).await?;
    if records.is_empty() && !wish.json {
        writeln!(out, "No record fits.")?;
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// Writes records, oldest first.
pub(super) async fn tell(
    desk: &Desk,
    records: &[AuditRecord],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), AdminError> {
    let mut names: HashMap<String, String> = HashMap::new();
    for record in records {
        if json {
            writeln!(out, "{}", as_json(record))?;
            continue;
        }
        if let Some(id) = &record.principal
            && !names.contains_key(id)
        {
            let person = desk.store.people(Some(id), 1).await?.pop().filter(|person| person.id.as_str() == id);
            let name = match person {
                Some(person) => plain(&person.email.unwrap_or(person.name)),
                None => format!("somebody not remembered ({id})"),
            };
            names.insert(id.clone(), name);
        }
        let name = record.principal.as_ref().and_then(|id| names.get(id)).map(String::as_str);
        writeln!(out, "{}", as_line(record, name))?;
    }
    Ok(())
}

fn as_line(record: &AuditRecord, name: Option<&str>) -> String {
    let known = AuditKind::ALL.iter().find(|kind| kind.as_str() == record.kind);
    let sentence = known.map_or(record.kind.as_str(), |kind| kind.sentence());
    let mut parts = vec![words::time(record.recorded_at), format!("{sentence}:")];
    parts.extend(name.map(str::to_owned));
    parts.extend(record.server.as_ref().map(|server| format!("server {server}")));
    parts.extend(record.grant.as_ref().map(|grant| format!("grant {grant}")));
    parts.extend(record.version.map(|version| format!("version {version}")));
    parts.extend(record.job.as_ref().map(|job| format!("job {job}")));
    parts.extend(record.reference.as_ref().map(|reference| format!("reference {reference}")));
    parts.extend(record.swept_before.map(|at| format!("before {}", words::time(at))));
    parts.extend(details(record).into_iter().map(|(name, value)| format!("{name}={value}")));
    plain(&parts.join(" "))
}

fn details(record: &AuditRecord) -> BTreeMap<String, String> {
    serde_json::from_str(&record.detail).unwrap_or_default()
}

fn as_json(record: &AuditRecord) -> Value {
    json!({
        "at": words::time(record.recorded_at),
        "kind": record.kind,
        "principal": record.principal,
        "server": record.server,
        "grant": record.grant,
        "version": record.version,
        "job": record.job,
        "reference": record.reference,
        "swept_before": record.swept_before.map(words::time),
        "detail": details(record),
        "chain": record.chain,
        "number": record.number,
    })
}

/// Reads the whole trail and says whether it is as it was written.
///
/// # Errors
///
/// The configuration or the database cannot be used.
pub async fn audit_verify(
    named: Option<&Path>,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let found = audit::verify(&*desk.store, &desk.vault).await?;
    desk.close().await;
    for finding in &found.findings {
        writeln!(out, "{finding}")?;
    }
    if found.wrong > found.findings.len() as u64 {
        writeln!(out, "… and {} more", found.wrong - found.findings.len() as u64)?;
    }
    let swept = found.swept_before.map(|at| format!("; older than {} went by retention", words::time(at)));
    let counts = format!("{} records in {} chains{}", found.records, found.chains, swept.unwrap_or_default());
    if found.wrong == 0 {
        writeln!(out, "{counts}. All are as they were written, and none is missing.")?;
        return Ok(Ended::Well);
    }
    writeln!(out, "{counts}. Something is wrong in {} places.", found.wrong)?;
    Ok(Ended::WithWarnings)
}

fn kind(word: &str) -> Result<AuditKind, String> {
    let known = AuditKind::ALL.iter().copied().find(|kind| kind.as_str() == word);
    known.ok_or_else(|| {
        let words: Vec<_> = AuditKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "a number and m, h or d, such as `12h`".to_owned();
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    match unit {
        "m" => Ok(TimeDelta::minutes(number.into())),
        "h" => Ok(TimeDelta::hours(number.into())),
        "d" => Ok(TimeDelta::days(number.into())),
        _ => Err(wrong()),
    }
}
