//! `aiq-connect people list` and `forget`.

use std::{io::Write, path::Path};

use serde_json::json;

use super::{AdminError, Ended, desk::Desk, words};
use crate::{
    config::Environment,
    connections::forget,
    domain::{AuditEvent, AuditKind, PrincipalId},
    storage::{GrantFilter, StoreError},
};

/// More than anybody has.
const ALL: u32 = 100_000;

/// Who is meant.
#[derive(Clone, Debug, clap::Args)]
pub struct Whom {
    /// Their id, as the audit trail and the log name it.
    #[arg(required_unless_present_all = ["issuer", "sub"], conflicts_with_all = ["issuer", "sub"])]
    id: Option<String>,
    /// Their OpenID issuer, together with --sub.
    #[arg(long, requires = "sub")]
    issuer: Option<String>,
    /// Their subject there.
    #[arg(long, requires = "issuer")]
    sub: Option<String>,
}

/// Lists people, those who came last first.
///
/// # Errors
///
/// The configuration or the database cannot be used.
pub async fn people_list(
    named: Option<&Path>,
    name: Option<&str>,
    json: bool,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    for person in desk.store.people(name, ALL).await? {
        let (grants, jobs, since) = (person.grants, person.jobs, words::time(person.first_seen_at));
        if json {
            let line = json!({
                "id": person.id.as_str(), "issuer": person.issuer, "sub": person.sub, "name": person.name,
                "email": person.email, "first_seen_at": since, "grants": grants, "jobs": jobs,
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}, since {since}, {grants} grants, {jobs} jobs", words::person(&person))?;
        }
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// Removes everything of one person. What was done to their grants stays in the audit trail, under an id that no name
/// goes with any more. Doing it twice is no error.
///
/// # Errors
///
/// The configuration or the database cannot be used, or it was not confirmed.
pub async fn people_forget(
    named: Option<&Path>,
    whom: &Whom,
    confirm: &mut dyn FnMut(&str) -> bool,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let Some((id, called)) = found(&desk, whom).await? else {
        writeln!(out, "nobody of that name is remembered; nothing to do")?;
        desk.close().await;
        return Ok(Ended::Well);
    };
    if !confirm(&format!("Forget {called}, with all grants, jobs and sessions?")) {
        return Err(AdminError::NotConfirmed);
    }
    let (mut grants, mut untold) = (0_u64, 0_u64);
    let gone = loop {
        let filter = GrantFilter { person: Some(id.as_str().to_owned()), limit: ALL, ..GrantFilter::default() };
        let kept = desk.store.grants_kept(&filter).await?;
        for key in kept.into_iter().map(|kept| kept.grant.key).filter(|key| key.principal == id) {
            let none = chrono::TimeDelta::zero();
            let gone = forget(&*desk.store, &desk.vault, &desk.audit, &desk.chance, &key, None, none).await?;
            if let Some(gone) = gone {
                grants += 1;
                untold += u64::from(gone.end.is_err());
                desk.audit.record(AuditEvent::new(AuditKind::Disconnected).of(&gone.grant).with("by", &desk.by));
            }
        }
        match desk.store.forget_person(&id).await {
            Ok(gone) => break gone,
            // They connected again meanwhile.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    };
    if gone.person {
        let event = AuditEvent::new(AuditKind::PersonForgotten).by(&id).with("by", &desk.by);
        desk.audit.record(event.with("grants", grants.to_string()).with("jobs", gone.jobs.to_string()));
        writeln!(
            out,
            "forgotten: {grants} grants, {} sign-ins at providers, {} sessions, {} jobs; audit records stay under the id {}",
            gone.flows,
            gone.sessions,
            gone.jobs,
            id.as_str()
        )?;
        if grants > untold {
            writeln!(out, "a running service has the providers end the tokens")?;
        }
        if untold > 0 {
            writeln!(
                out,
                "the tokens of {untold} grants cannot be opened or sealed with the keys that are configured, so their providers cannot be told"
            )?;
        }
    } else {
        writeln!(out, "nobody of that id is remembered; nothing to do")?;
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// By exactly this id, or exactly this issuer and subject: a name could be anybody's.
async fn found(desk: &Desk, whom: &Whom) -> Result<Option<(PrincipalId, String)>, AdminError> {
    let name = whom.id.as_deref().or(whom.sub.as_deref()).unwrap_or_default();
    let people = desk.store.people(Some(name), ALL).await?;
    let is_meant = |person: &crate::storage::Person| match (&whom.id, &whom.issuer, &whom.sub) {
        (Some(id), ..) => person.id.as_str() == id,
        (None, Some(issuer), Some(sub)) => person.issuer == *issuer && person.sub == *sub,
        _ => false,
    };
    let meant = people.into_iter().find(is_meant);
    Ok(meant.map(|person| (person.id.clone(), words::person(&person))))
}
