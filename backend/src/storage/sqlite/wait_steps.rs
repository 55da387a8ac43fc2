//! What the changes of a wait are made of. All of it runs within the caller's transaction.

use aiq_connect_shared::SkipReason;
use sqlx::{Sqlite, SqliteConnection, Transaction, sqlite::SqliteRow};

use super::{milliseconds, now, read::column, store_error};
use crate::{
    domain::{EndedWait, GrantKey, JobId, ServerId, WaitStanding},
    storage::{
        StoreError,
        row::{skip_from, time},
    },
    timing::WAIT_MARGIN,
};

/// Waits that are open at this time. Jobs that are over wait for nobody.
macro_rules! is_open {
    ($now:expr) => {
        concat!(
            "state = 'waiting' AND waits_until > ",
            $now,
            " AND job IN (SELECT id FROM jobs WHERE ended_at IS NULL AND ends_at > ",
            $now,
            ")"
        )
    };
}

/// Waits whose time is over and that nobody ended yet.
macro_rules! is_overdue {
    ($now:expr) => {
        concat!(
            "state = 'waiting' AND waits_until <= ",
            $now,
            " AND job IN (SELECT id FROM jobs WHERE ended_at IS NULL AND ends_at > ",
            $now,
            ")"
        )
    };
}

/// Waits `w` that a usable token ends, open or not. A token that the server refused is no help, however usable it looks.
macro_rules! is_missed {
    ($issued_at:expr) => {
        concat!(
            "w.state <> 'restored' AND ",
            $issued_at,
            " IS NOT NULL AND (w.reason <> 'rejected_by_server' OR w.opened_at < ",
            $issued_at,
            ")"
        )
    };
}
pub(super) use {is_missed, is_open, is_overdue};

/// What a disconnect does to living jobs that may use the server: they go on without it.
pub(super) async fn disconnected(work: &mut Transaction<'static, Sqlite>, key: &GrantKey) -> Result<(), StoreError> {
    // Those that went on without it before are not told again.
    const JOBS: &str = "SELECT j.id, NOT EXISTS (SELECT 1 FROM job_waits w WHERE w.job = j.id AND w.server = ?2 \
                        AND w.state NOT IN ('waiting', 'restored')) AS is_news FROM jobs j \
                        WHERE j.principal = ?1 AND j.ended_at IS NULL AND j.ends_at > ?3 \
                        AND EXISTS (SELECT 1 FROM json_each(j.servers) WHERE value = ?2)";
    const END: &str = "UPDATE job_waits SET state = 'disconnected', ended_at = ?3 \
                       WHERE job = ?1 AND server = ?2 AND state = 'waiting'";
    let now = read_clock(work).await?;
    let jobs = sqlx::query(JOBS).bind(key.principal.as_str()).bind(key.server.as_str()).bind(now);
    for row in jobs.fetch_all(&mut **work).await.map_err(store_error)? {
        let job: String = column(&row, "id")?;
        let of = (job.as_str(), key.server.as_str());
        sqlx::query(END).bind(of.0).bind(of.1).bind(now).execute(&mut **work).await.map_err(store_error)?;
        keep_end(work, of, "disconnected", SkipReason::Disconnected, now).await?;
        if column(&row, "is_news")? {
            let reason = Some(SkipReason::Disconnected.as_str());
            tell(work, of, "skipped", reason, None, now).await?;
        }
    }
    Ok(())
}

/// Once for a whole transaction: what is not overdue to one statement must not be to the next.
pub(super) async fn read_clock(work: &mut SqliteConnection) -> Result<i64, StoreError> {
    sqlx::query_scalar(concat!("SELECT ", now!())).fetch_one(work).await.map_err(store_error)
}

/// What is stored already, by the database's time. A wait that should have ended says nothing: `open_wait` ends it.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    job: &JobId,
    server: &ServerId,
    reason: &str,
) -> Result<Option<WaitStanding>, StoreError> {
    // An open wait first, whatever it is for; then what the owner said about the server; then the same reason.
    const FIND: &str = concat!(
        "SELECT state, waits_until, waits_until < (SELECT ends_at FROM jobs WHERE id = ?1) - ?4 AS can_extend, \
         waits_until <= ",
        now!(),
        " AS is_overdue FROM job_waits WHERE job = ?1 AND server = ?2 AND (state IN ('waiting', 'skipped', \
         'disconnected') OR state <> 'restored' AND reason = ?3) \
         ORDER BY state = 'waiting' DESC, state = 'skipped' DESC, state = 'disconnected' DESC LIMIT 1"
    );
    let query = sqlx::query(FIND).bind(job.as_str()).bind(server.as_str()).bind(reason);
    let row = query.bind(milliseconds(WAIT_MARGIN)).fetch_optional(connection).await.map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    let state: String = column(&row, "state")?;
    if state != "waiting" {
        return Ok(Some(WaitStanding::Over(skip_from("job_waits.state", &state)?)));
    }
    if column(&row, "is_overdue")? {
        return Ok(None);
    }
    let until = time("job_waits.waits_until", column(&row, "waits_until")?)?;
    Ok(Some(WaitStanding::Waiting { until, can_extend: column(&row, "can_extend")? }))
}

/// The latest that a wait of this job can end; `None` when the job is over.
pub(super) async fn last_moment(work: &mut SqliteConnection, job: &JobId, now: i64) -> Result<Option<i64>, StoreError> {
    let query = sqlx::query_scalar("SELECT ends_at - ?3 FROM jobs WHERE id = ?1 AND ended_at IS NULL AND ends_at > ?2");
    let query = query.bind(job.as_str()).bind(now).bind(milliseconds(WAIT_MARGIN));
    query.fetch_optional(work).await.map_err(store_error)
}

/// How many other jobs wait. A job that waits for two servers keeps one place at a worker.
pub(super) async fn others_waiting(work: &mut SqliteConnection, job: &JobId, now: i64) -> Result<i64, StoreError> {
    const COUNT: &str = concat!("SELECT COUNT(DISTINCT job) FROM job_waits WHERE job <> ?1 AND ", is_open!("?2"));
    sqlx::query_scalar(COUNT).bind(job.as_str()).bind(now).fetch_one(work).await.map_err(store_error)
}

/// Ends every wait whose time is over, and tells of it.
pub(super) async fn end_overdue(work: &mut SqliteConnection, now: i64) -> Result<Vec<EndedWait>, StoreError> {
    const END: &str = concat!(
        "UPDATE job_waits SET state = 'deadline_passed', ended_at = ?1 WHERE ",
        is_overdue!("?1"),
        " RETURNING job, server"
    );
    let rows = sqlx::query(END).bind(now).fetch_all(&mut *work).await.map_err(store_error)?;
    let ended = ended(&rows)?;
    for wait in &ended {
        let reason = Some(SkipReason::DeadlinePassed.as_str());
        tell(work, (wait.job.as_str(), wait.server.as_str()), "skipped", reason, None, now).await?;
    }
    Ok(ended)
}

/// Keeps that a job waits.
pub(super) async fn keep_open(
    work: &mut SqliteConnection,
    (job, server): (&str, &str),
    reason: &str,
    event: i64,
    (now, until): (i64, i64),
) -> Result<(), StoreError> {
    let keep = sqlx::query(
        "INSERT INTO job_waits (job, server, reason, state, event, opened_at, waits_until) \
         VALUES (?1, ?2, ?3, 'waiting', ?4, ?5, ?6) ON CONFLICT (job, server, reason) DO UPDATE \
         SET state = 'waiting', event = ?4, opened_at = ?5, waits_until = ?6, ended_at = NULL",
    );
    let keep = keep.bind(job).bind(server).bind(reason).bind(event).bind(now).bind(until);
    keep.execute(work).await.map_err(store_error).map(drop)
}

/// Keeps that a job goes on without a server for this reason.
pub(super) async fn keep_end(
    work: &mut SqliteConnection,
    (job, server): (&str, &str),
    reason: &str,
    end: SkipReason,
    now: i64,
) -> Result<(), StoreError> {
    let keep = sqlx::query(
        "INSERT INTO job_waits (job, server, reason, state, opened_at, ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5) \
         ON CONFLICT (job, server, reason) DO UPDATE SET state = ?4, ended_at = ?5",
    );
    let keep = keep.bind(job).bind(server).bind(reason).bind(end.as_str()).bind(now);
    keep.execute(work).await.map_err(store_error).map(drop)
}

/// Writes what a stream tells, and names it.
pub(super) async fn tell(
    work: &mut SqliteConnection,
    (job, server): (&str, &str),
    kind: &str,
    reason: Option<&str>,
    until: Option<i64>,
    now: i64,
) -> Result<i64, StoreError> {
    let write = sqlx::query_scalar(
        "INSERT INTO job_events (job, server, kind, reason, waits_until, written_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
    );
    let write = write.bind(job).bind(server).bind(kind).bind(reason).bind(until).bind(now);
    write.fetch_one(work).await.map_err(store_error)
}

/// The waits that a statement ended.
pub(super) fn ended(rows: &[SqliteRow]) -> Result<Vec<EndedWait>, StoreError> {
    let ended = |row| Ok(EndedWait { job: JobId(column(row, "job")?), server: ServerId(column(row, "server")?) });
    rows.iter().map(ended).collect()
}
