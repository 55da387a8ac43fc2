//! `aiq-connect grants list`, `show`, `revoke` and `quarantine`. None of them tells a token.

use std::{io::Write, path::Path};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    AdminError, Ended, audit,
    desk::Desk,
    words::{self, plain},
};
use crate::{
    config::Environment,
    connections::forget,
    domain::{AuditEvent, AuditFilter, AuditKind, GrantId, Sealed},
    storage::{GrantFilter, KeptGrant},
};

/// Which grants are wanted, and how.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GrantsWish {
    /// Only of this person: their id, subject, name or address.
    #[arg(long)]
    person: Option<String>,
    /// Only of this source, or of the server of this name.
    #[arg(long)]
    source: Option<String>,
    /// Only connected, expired, error or quarantined ones.
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// At most that many, the newest.
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What a stored grant is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Status {
    /// It works, or renews itself.
    Connected,
    /// Its token ended and cannot renew itself.
    Expired,
    /// It has a fault.
    Error,
    /// It is kept and used for nothing.
    Quarantined,
}

impl Status {
    fn of(kept: &KeptGrant) -> Self {
        let grant = &kept.grant;
        match (kept.quarantined_at, grant.fault) {
            (Some(_), _) => Self::Quarantined,
            (None, Some(_)) => Self::Error,
            (None, None) if grant.has_lapsed(kept.now) && !grant.is_renewable() => Self::Expired,
            (None, None) => Self::Connected,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Expired => "expired",
            Self::Error => "error",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Lists grants, newest first.
///
/// # Errors
///
/// The configuration or the database cannot be used, or nobody is called so.
pub async fn grants_list(
    named: Option<&Path>,
    wish: &GrantsWish,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let person = match &wish.person {
        Some(name) => Some(desk.principal(name).await?),
        None => None,
    };
    let filter = GrantFilter {
        person: person.as_ref().map(|id| id.as_str().to_owned()),
        server: wish.source.as_ref().map(|source| desk.server(source)),
        id: None,
        limit: wish.limit,
    };
    let all = desk.store.grants_kept(&filter).await?;
    // Somebody may be called like another one's id.
    let hers = all.iter().filter(|kept| person.as_ref().is_none_or(|id| kept.person.id == *id));
    for kept in hers.filter(|kept| wish.status.is_none_or(|status| Status::of(kept) == status)) {
        if wish.json {
            writeln!(out, "{}", as_json(kept))?;
        } else {
            let (grant, person) = (&kept.grant, &kept.person);
            let line = format!(
                "{} {} server {} of {}, since {}",
                grant.id.0,
                Status::of(kept).as_str(),
                grant.key.server,
                person.email.as_deref().unwrap_or(&person.name),
                words::time(grant.connected_at)
            );
            writeln!(out, "{}", plain(&line))?;
        }
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// Tells everything about one grant, and what the audit trail holds of it.
///
/// # Errors
///
/// The configuration or the database cannot be used, or there is no such grant.
pub async fn grants_show(
    named: Option<&Path>,
    id: Uuid,
    json: bool,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let kept = one(&desk, id).await?;
    let filter = AuditFilter { grant: Some(id.to_string()), limit: 1_000, ..AuditFilter::default() };
    let records = desk.store.audit_matching(&filter).await?;
    let known = as_json(&kept);
    if json {
        writeln!(out, "{known}")?;
    } else if let Value::Object(known) = known {
        for (name, value) in known {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            writeln!(out, "{name:<16} {}", plain(&text))?;
        }
        writeln!(out, "\nAudit")?;
        audit::tell(&desk, &records, false, out).await?;
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// Forgets a grant as if its person had disconnected it, and queues its tokens for their provider.
///
/// # Errors
///
/// The configuration or the database cannot be used, or there is no such grant, or it was not confirmed.
pub async fn grants_revoke(
    named: Option<&Path>,
    id: Uuid,
    confirm: &mut dyn FnMut(&str) -> bool,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let kept = one(&desk, id).await?;
    let what = format!("Revoke grant {id}, server {} of {}?", kept.grant.key.server, words::person(&kept.person));
    if !confirm(&what) {
        return Err(AdminError::NotConfirmed);
    }
    let none = chrono::TimeDelta::zero();
    let (store, key) = (&*desk.store, &kept.grant.key);
    let gone = forget(store, &desk.vault, &desk.audit, &desk.chance, key, Some(kept.grant.id), none).await?;
    let gone = gone.ok_or(AdminError::NoGrant(id))?;
    desk.audit.record(AuditEvent::new(AuditKind::Disconnected).of(&gone.grant).with("by", &desk.by));
    match gone.end {
        Ok(_) => writeln!(out, "forgotten; a running service has the provider end its tokens")?,
        Err(why) => writeln!(out, "forgotten; the provider cannot be told: {why}")?,
    }
    desk.close().await;
    Ok(Ended::Well)
}

/// Keeps a grant from being used, or lets it be used again.
///
/// # Errors
///
/// The configuration or the database cannot be used, or there is no such grant.
pub async fn grants_quarantine(
    named: Option<&Path>,
    id: Uuid,
    release: bool,
    environment: &dyn Environment,
    out: &mut dyn Write,
) -> Result<Ended, AdminError> {
    let desk = Desk::of(named, environment).await?;
    let kept = one(&desk, id).await?;
    let changed = desk.store.set_quarantine(kept.grant.id, !release).await?;
    if changed {
        let kind = if release { AuditKind::Released } else { AuditKind::Quarantined };
        desk.audit.record(AuditEvent::new(kind).of(&kept.grant).with("by", &desk.by));
    }
    match (release, changed) {
        (false, true) => writeln!(
            out,
            "in quarantine: nothing is served from it, and its person reads `disconnected`, until they connect anew or \
             it is released; workers may hold its last token for up to a minute"
        )?,
        (true, true) => writeln!(out, "released: it is used again")?,
        (false, false) => writeln!(out, "it was in quarantine already")?,
        (true, false) => writeln!(out, "it was not in quarantine")?,
    }
    desk.close().await;
    Ok(Ended::Well)
}

async fn one(desk: &Desk, id: Uuid) -> Result<KeptGrant, AdminError> {
    let filter = GrantFilter { id: Some(GrantId(id)), limit: 1, ..GrantFilter::default() };
    desk.store.grants_kept(&filter).await?.pop().ok_or(AdminError::NoGrant(id))
}

fn as_json(kept: &KeptGrant) -> Value {
    let KeptGrant { grant, person, quarantined_at, lease, .. } = kept;
    json!({
        "id": grant.id.0,
        "status": Status::of(kept).as_str(),
        "server": grant.key.server.as_str(),
        "person": person.name,
        "email": person.email,
        "sub": person.sub,
        "person_issuer": person.issuer,
        "principal": person.id.as_str(),
        "issuer": grant.issuer,
        "client_id": grant.client_id,
        "resource": grant.resource,
        "redirect_uri": grant.redirect_uri,
        "scopes": grant.scopes,
        "account": grant.account_label,
        "version": grant.version.0,
        "renewable": grant.is_renewable(),
        "connected_at": words::time(grant.connected_at),
        "issued_at": words::time(grant.issued_at),
        "expires_at": grant.expires_at.map(words::time),
        "fault": grant.fault.map(aiq_connect_shared::FaultCode::as_str),
        "fault_reference": grant.fault_reference,
        "in_doubt_since": grant.in_doubt_since.map(words::time),
        "leased_by": lease.as_ref().map(|(owner, _)| owner.as_str()),
        "leased_until": lease.as_ref().map(|(_, until)| words::time(*until)),
        "quarantined_at": quarantined_at.map(words::time),
        "sealed_with": key_of(&grant.access_token),
    })
}

/// Which key a sealed value names: format, eight bytes, the rest.
fn key_of(Sealed(bytes): &Sealed) -> Option<String> {
    bytes.get(1..9).map(crate::domain::hex)
}
