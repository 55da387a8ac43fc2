use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::{SqliteStore, milliseconds, now, read::column, store_error};
use crate::{
    domain::{AuditFilter, AuditRecord, AuditState, JobId, PrincipalId, ServerId},
    storage::{AuditStore, StoreError, row::time, row_keeping::AuditRow},
};

macro_rules! columns {
    () => {
        "chain, number, recorded_at, kind, principal, server, grant_id, version, job, reference, detail, \
         swept_before_at, follows_chain, follows_number, previous_at, previous_mac, mac"
    };
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit_state(&self) -> Result<AuditState, StoreError> {
        const STATE: &str = concat!(
            "SELECT ",
            now!(),
            " AS now, (SELECT MIN(recorded_at) FROM audit) AS oldest, \
             (SELECT MAX(swept_before_at) FROM audit WHERE swept_before_at IS NOT NULL) AS swept_before"
        );
        const NEWEST: &str =
            concat!("SELECT ", columns!(), " FROM audit ORDER BY recorded_at DESC, number DESC, chain LIMIT 1");
        let state = sqlx::query(STATE).fetch_one(&self.readers).await.map_err(store_error)?;
        let newest = sqlx::query(NEWEST).fetch_optional(&self.readers).await.map_err(store_error)?;
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
            "INSERT INTO audit (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
             ON CONFLICT (chain, number) DO NOTHING"
        );
        let mut work = self.begin().await?;
        for record in records {
            sqlx::query(APPEND)
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
                .bind(&record.mac)
                .execute(&mut *work)
                .await
                .map_err(store_error)?;
        }
        work.commit().await.map_err(store_error)
    }

    async fn audit_matching(&self, filter: &AuditFilter) -> Result<Vec<AuditRecord>, StoreError> {
        const MATCHING: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE (?1 IS NULL OR principal = ?1) AND (?2 IS NULL OR server = ?2) \
             AND (?3 IS NULL OR grant_id = ?3) AND (?4 IS NULL OR job = ?4) AND (?5 IS NULL OR kind = ?5) \
             AND (?6 IS NULL OR recorded_at >= ",
            now!(),
            " - ?6) ORDER BY recorded_at DESC, chain DESC, number DESC LIMIT ?7"
        );
        let rows = sqlx::query(MATCHING)
            .bind(filter.principal.as_ref().map(PrincipalId::as_str))
            .bind(filter.server.as_ref().map(ServerId::as_str))
            .bind(&filter.grant)
            .bind(filter.job.as_ref().map(JobId::as_str))
            .bind(&filter.kind)
            .bind(filter.newer_than.map(milliseconds))
            .bind(filter.limit)
            .fetch_all(&self.readers)
            .await
            .map_err(store_error)?;
        rows.iter().rev().map(record).collect()
    }

    async fn audit_page(&self, (chain, number): (&str, i64), limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        const PAGE: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM audit WHERE (chain, number) > (?1, ?2) ORDER BY chain, number LIMIT ?3"
        );
        let query = sqlx::query(PAGE).bind(chain).bind(number).bind(limit);
        query.fetch_all(&self.readers).await.map_err(store_error)?.iter().map(record).collect()
    }

    async fn sweep_audit(&self, limit: u32) -> Result<u64, StoreError> {
        const SWEEP: &str = "DELETE FROM audit WHERE (chain, number) IN (SELECT chain, number FROM audit \
             WHERE recorded_at < (SELECT MAX(swept_before_at) FROM audit WHERE swept_before_at IS NOT NULL) \
             ORDER BY recorded_at LIMIT ?1)";
        let swept = sqlx::query(SWEEP).bind(limit).execute(&self.writer).await.map_err(store_error)?;
        Ok(swept.rows_affected())
    }
}

fn record(row: &SqliteRow) -> Result<AuditRecord, StoreError> {
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
