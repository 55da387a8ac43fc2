//! From an event to a record: all of it, and the record before, under one tag.

use crate::{
    domain::{AuditEvent, AuditRecord},
    vault::{Sealer, Vault, VaultError},
};

/// Everything of an event but its place in a chain and its tag.
pub(super) fn bare(event: AuditEvent, chain: &str) -> AuditRecord {
    AuditRecord {
        chain: chain.to_owned(),
        number: 0,
        recorded_at: chrono::DateTime::UNIX_EPOCH,
        kind: event.kind.as_str().to_owned(),
        principal: event.principal.map(|id| id.0),
        server: event.server.map(|id| id.0),
        grant: event.grant.map(|id| id.0.to_string()),
        version: event.version.map(|version| version.0),
        job: event.job.map(|id| id.0),
        reference: event.reference,
        detail: serde_json::json!(event.details).to_string(),
        swept_before: event.swept_before,
        follows: None,
        previous: None,
        mac: Vec::new(),
    }
}

/// Tags a record.
pub(super) fn tag(sealer: &Sealer, record: &mut AuditRecord) {
    let parts = parts(record);
    record.mac = sealer.audit_mac(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

/// Whether a record is as this service wrote it.
pub(super) fn is_ours(vault: &Vault, record: &AuditRecord) -> Result<(), VaultError> {
    let parts = parts(record);
    vault.verify_audit(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>(), &record.mac)
}

/// What a tag covers: every column, in this order. What is not there differs from what is empty.
fn parts(record: &AuditRecord) -> Vec<Vec<u8>> {
    let AuditRecord {
        chain,
        number,
        recorded_at,
        kind,
        principal,
        server,
        grant,
        version,
        job,
        reference,
        detail,
        swept_before,
        follows,
        previous,
        mac: _,
    } = record;
    let text = |text: &Option<String>| optional(text.as_ref().map(|text| text.as_bytes().to_vec()));
    let number_of = |number: Option<i64>| optional(number.map(|number| number.to_be_bytes().to_vec()));
    vec![
        chain.as_bytes().to_vec(),
        number.to_be_bytes().to_vec(),
        recorded_at.timestamp_millis().to_be_bytes().to_vec(),
        kind.as_bytes().to_vec(),
        text(principal),
        text(server),
        text(grant),
        number_of(*version),
        text(job),
        text(reference),
        detail.as_bytes().to_vec(),
        number_of(swept_before.map(|at| at.timestamp_millis())),
        text(&follows.as_ref().map(|(chain, _)| chain.clone())),
        number_of(follows.as_ref().map(|(_, number)| *number)),
        number_of(previous.as_ref().map(|(at, _)| at.timestamp_millis())),
        optional(previous.as_ref().map(|(_, mac)| mac.clone())),
    ]
}

fn optional(bytes: Option<Vec<u8>>) -> Vec<u8> {
    match bytes {
        None => vec![0],
        Some(bytes) => [&[1], bytes.as_slice()].concat(),
    }
}
