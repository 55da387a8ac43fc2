use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{PostgresStore, milliseconds, now, read::column};
use crate::{
    domain::{AuditFilter, AuditRecord, AuditState, JobId, PrincipalId, ServerId},
    storage::{
        AuditStore, StoreError,
        row::{impossible, time},
        row_keeping::AuditRow,
    },
};

macro_rules! columns {
    () => {
        "chain, number, recorded_at, kind, principal, server, grant_id, version, job, reference, detail, \
         swept_before_at, follows_chain, follows_number, previous_at, previous_mac, mac"
    };
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn audit_state(&self) -> Result<AuditState, StoreError> {
        const STATE: &str = concat!(
            "SELECT ",
            now!(),
            " AS now, (SELECT MIN(recorded_at) FROM aiq_connect.audit) AS oldest, \
             (SELECT MAX(swept_before_at) FROM aiq_connect.audit WHERE swept_before_at IS NOT NULL) AS swept_before"
        );
        const NEWEST: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM aiq_connect.audit ORDER BY recorded_at DESC, number DESC, chain LIMIT 1"
        );
        let newest = self.row(sqlx::query(NEWEST)).await?;
        let state = self.row(sqlx::query(STATE)).await?;
        let state = state.ok_or_else(|| impossible("answer", "no time".to_owned()))?;
        let optional = |name| -> Result<_, StoreError> {
            column::<Option<i64>>(&state, name)?.map(|at| time("audit time", at)).transpose()
        };
        Ok(AuditState {
            now: time("clock", column(&state, "now")?)?,
            newest: newest.as_ref().map(record).transpose()?,
            oldest: optional("oldest")?,
            swept_before: optional("swept_before")?,
        })
    }

    async fn append_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError> {
        const APPEND: &str = concat!(
            "INSERT INTO aiq_connect.audit (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
             ON CONFLICT (chain, number) DO NOTHING"
        );
        let mut work = self.begin().await?;
        for record in records {
            let append = sqlx::query(APPEND)
                .bind(&record.chain)
                .bind(record.number)
                .bind(record.recorded_at.timestamp_millis())
                .bind(&record.kind)
                .bind(&record.principal)
                .bind(&record.server)
                .bind(&record.grant)
                .bind(record.version)
                .bind(&record.job)
                .bind(&record.reference)
                .bind(&record.detail)
                .bind(record.swept_before.map(|at| at.timestamp_millis()))
                .bind(record.follows.as_ref().map(|(chain, _)| chain))
                .bind(record.follows.as_ref().map(|(_, number)| number))
                .bind(record.previous.as_ref().map(|(at, _)| at.timestamp_millis()))
                .bind(record.previous.as_ref().map(|(_, mac)| mac))
                .bind(&record.mac);
            work.change(append).await?;
        }
        work.keep().await
    }

    async fn audit_matching(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        const MATCHING: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM aiq_connect.audit WHERE ($1::text IS NULL OR principal = $1) AND ($2::text IS NULL OR server = $2) \
             AND ($3::text IS NULL OR grant_id = $3) AND ($4::text IS NULL OR job = $4) \
             AND ($5::text IS NULL OR kind = $5) AND ($6::bigint IS NULL OR recorded_at >= (SELECT ",
            now!(),
            ") - $6) ORDER BY recorded_at DESC, chain DESC, number DESC LIMIT $7"
        );
        let matching = sqlx::query(MATCHING)
            .bind(filter.principal.as_ref().map(PrincipalId::as_str))
            .bind(filter.server.as_ref().map(ServerId::as_str))
            .bind(&filter.grant)
            .bind(filter.job.as_ref().map(JobId::as_str))
            .bind(&filter.kind)
            .bind(filter.newer_than.map(milliseconds))
            .bind(i64::from(filter.limit));
        self.rows(matching).await?.iter().rev().map(record).collect()
    }

    async fn audit_page(&self, (chain, number): (&str, i64), limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        const PAGE: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM aiq_connect.audit WHERE (chain, number) > ($1, $2) ORDER BY chain, number LIMIT $3"
        );
        let page = sqlx::query(PAGE).bind(chain).bind(number).bind(i64::from(limit));
        self.rows(page).await?.iter().map(record).collect()
    }

    async fn sweep_audit(&self, limit: u32) -> Result<u64, StoreError> {
        // Of several replicas each takes other records.
        const SWEEP: &str = "DELETE FROM aiq_connect.audit WHERE (chain, number) IN (\
             SELECT chain, number FROM aiq_connect.audit WHERE recorded_at < \
             (SELECT MAX(swept_before_at) FROM aiq_connect.audit WHERE swept_before_at IS NOT NULL) \
             ORDER BY recorded_at LIMIT $1 FOR UPDATE SKIP LOCKED)";
        self.change(sqlx::query(SWEEP).bind(i64::from(limit))).await
    }
}

fn record(row: &PgRow) -> Result<AuditRecord, StoreError> {
    AuditRow {
        chain: column(row, "chain")?,
        number: column(row, "number")?,
        recorded_at: column(row, "recorded_at")?,
        kind: column(row, "kind")?,
        principal: column(row, "principal")?,
        server: column(row, "server")?,
        grant: column(row, "grant_id")?,
        version: column(row, "version")?,
        job: column(row, "job")?,
        reference: column(row, "reference")?,
        detail: column(row, "detail")?,
        swept_before_at: column(row, "swept_before_at")?,
        follows_chain: column(row, "follows_chain")?,
        follows_number: column(row, "follows_number")?,
        previous_at: column(row, "previous_at")?,
        previous_mac: column(row, "previous_mac")?,
        mac: column(row, "mac")?,
    }
    .try_into()
}
