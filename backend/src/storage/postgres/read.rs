//! Columns by name, and the rows in `row.rs` made of them.

use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

use super::errors::store_error;
use crate::{
    domain::{Flow, Grant, JobReference, Principal, Registration},
    storage::{
        StoreError,
        row::{FlowRow, GrantRow, JobRow, PrincipalRow, RegistrationRow},
    },
};

/// The columns of `grants g` that a [`Grant`] is made of. A server that refuses three people within ten minutes is
/// itself to blame.
macro_rules! grant_columns {
    () => {
        "g.id AS grant_id, g.principal AS grant_principal, g.server AS grant_server, g.version AS grant_version, \
         g.issuer AS grant_issuer, g.client_id AS grant_client_id, g.resource AS grant_resource, \
         g.redirect_uri AS grant_redirect_uri, g.scopes AS grant_scopes, g.access_token AS grant_access_token, \
         g.refresh_token AS grant_refresh_token, g.issued_at AS grant_issued_at, g.expires_at AS grant_expires_at, \
         g.fault AS grant_fault, g.fault_reference AS grant_fault_reference, \
         g.in_doubt_since AS grant_in_doubt_since, g.retry_at AS grant_retry_at, g.forced_at AS grant_forced_at, \
         g.rejected_until AS grant_rejected_until, g.fault_detail AS grant_fault_detail, \
         CASE WHEN g.fault = 'rejected_by_server' THEN (SELECT COUNT(DISTINCT other.principal) >= 3 \
              FROM aiq_connect.grants other WHERE other.server = g.server AND other.fault = 'rejected_by_server' \
              AND other.faulted_at BETWEEN g.faulted_at - 600000 AND g.faulted_at + 600000) \
              ELSE false END AS grant_is_rejected_widely, g.account_label AS grant_account_label, \
         g.connected_at AS grant_connected_at"
    };
}

/// The columns of `flows f` that a [`Flow`] is made of, as of `clock.now`.
macro_rules! flow_columns {
    () => {
        "f.id AS flow_id, f.principal AS flow_principal, f.source AS flow_source, f.server AS flow_server, \
         f.intent AS flow_intent, f.phase AS flow_phase, f.code AS flow_code, f.expires_at AS flow_expires_at, \
         f.expires_at <= clock.now AS flow_is_past_end, f.state_hash AS flow_state_hash, \
         f.browser_hash AS flow_browser_hash, f.issuer AS flow_issuer, f.iss_promised AS flow_iss_promised, \
         f.client_id AS flow_client_id, f.resource AS flow_resource, f.redirect_uri AS flow_redirect_uri, \
         f.scopes AS flow_scopes, f.verifier AS flow_verifier, f.return_to AS flow_return_to"
    };
}

/// The columns of `jobs j JOIN principals p` that a [`JobReference`] is made of, as of `clock.now`.
macro_rules! job_columns {
    () => {
        "j.id AS job_id, p.id, p.issuer, p.kind, p.sub, j.servers AS job_servers, j.origin AS job_origin, \
         j.lifetime_ms AS job_lifetime_ms, j.created_at AS job_created_at, j.ends_at AS job_ends_at, (j.ended_at IS NULL AND j.ends_at > clock.now) AS job_is_alive, j.mac AS job_mac"
    };
}

/// Begins a statement that reads the clock once, however many rows it returns.
macro_rules! with_clock {
    () => {
        concat!("WITH clock(now) AS MATERIALIZED (SELECT ", $crate::storage::postgres::now!(), ") ")
    };
}

pub(super) use {flow_columns, grant_columns, job_columns, with_clock};

/// One column.
pub(super) fn column<'r, T>(row: &'r PgRow, name: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(name).map_err(store_error)
}

/// Reads [`grant_columns`].
pub(super) fn grant(row: &PgRow) -> Result<Grant, StoreError> {
    grant_row(row)?.try_into()
}

/// The same, not yet understood.
pub(super) fn grant_row(row: &PgRow) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        id: column(row, "grant_id")?,
        principal: column(row, "grant_principal")?,
        server: column(row, "grant_server")?,
        version: column(row, "grant_version")?,
        issuer: column(row, "grant_issuer")?,
        client_id: column(row, "grant_client_id")?,
        resource: column(row, "grant_resource")?,
        redirect_uri: column(row, "grant_redirect_uri")?,
        scopes: column(row, "grant_scopes")?,
        access_token: column(row, "grant_access_token")?,
        refresh_token: column(row, "grant_refresh_token")?,
        issued_at: column(row, "grant_issued_at")?,
        expires_at: column(row, "grant_expires_at")?,
        fault: column(row, "grant_fault")?,
        fault_reference: column(row, "grant_fault_reference")?,
        in_doubt_since: column(row, "grant_in_doubt_since")?,
        retry_at: column(row, "grant_retry_at")?,
        forced_at: column(row, "grant_forced_at")?,
        rejected_until: column(row, "grant_rejected_until")?,
        is_rejected_widely: column(row, "grant_is_rejected_widely")?,
        fault_detail: column(row, "grant_fault_detail")?,
        account_label: column(row, "grant_account_label")?,
        connected_at: column(row, "grant_connected_at")?,
    })
}

/// Reads [`flow_columns`].
pub(super) fn flow(row: &PgRow) -> Result<Flow, StoreError> {
    FlowRow {
        id: column(row, "flow_id")?,
        principal: column(row, "flow_principal")?,
        source: column(row, "flow_source")?,
        server: column(row, "flow_server")?,
        intent: column(row, "flow_intent")?,
        phase: column(row, "flow_phase")?,
        code: column(row, "flow_code")?,
        expires_at: column(row, "flow_expires_at")?,
        is_past_end: i64::from(column::<bool>(row, "flow_is_past_end")?),
        state_hash: column(row, "flow_state_hash")?,
        browser_hash: column(row, "flow_browser_hash")?,
        issuer: column(row, "flow_issuer")?,
        iss_promised: column::<Option<bool>>(row, "flow_iss_promised")?.map(i64::from),
        client_id: column(row, "flow_client_id")?,
        resource: column(row, "flow_resource")?,
        redirect_uri: column(row, "flow_redirect_uri")?,
        scopes: column(row, "flow_scopes")?,
        verifier: column(row, "flow_verifier")?,
        return_to: column(row, "flow_return_to")?,
    }
    .try_into()
}

/// Reads [`job_columns`].
pub(super) fn job(row: &PgRow) -> Result<JobReference, StoreError> {
    JobRow {
        id: column(row, "job_id")?,
        owner: principal_row(row)?,
        servers: column(row, "job_servers")?,
        origin: column(row, "job_origin")?,
        lifetime_ms: column(row, "job_lifetime_ms")?,
        created_at: column(row, "job_created_at")?,
        ends_at: column(row, "job_ends_at")?,
        is_alive: i64::from(column::<bool>(row, "job_is_alive")?),
        mac: column(row, "job_mac")?,
    }
    .try_into()
}

/// Reads `id`, `issuer`, `kind` and `sub` of `principals`.
pub(super) fn principal(row: &PgRow) -> Result<Principal, StoreError> {
    principal_row(row)?.try_into()
}

fn principal_row(row: &PgRow) -> Result<PrincipalRow, StoreError> {
    Ok(PrincipalRow {
        id: column(row, "id")?,
        issuer: column(row, "issuer")?,
        kind: column(row, "kind")?,
        sub: column(row, "sub")?,
    })
}

/// Reads a row of `registrations`.
pub(super) fn registration(row: &PgRow) -> Result<Registration, StoreError> {
    RegistrationRow {
        issuer: column(row, "issuer")?,
        redirect_uri: column(row, "redirect_uri")?,
        client_id: column(row, "client_id")?,
        client_secret: column(row, "client_secret")?,
        auth: column(row, "auth")?,
    }
    .try_into()
}
