//! What the changes of a wait are made of. All of it runs within the caller's transaction, which holds the locks of the
//! jobs it writes about.

use aiq_connect_shared::SkipReason;
use sqlx::postgres::PgRow;

use super::{
    milliseconds, now,
    read::column,
    work::{Statement, Work},
};
use crate::{
    domain::{EndedWait, GrantKey, JobId, ServerId, WaitStanding},
    storage::{
        StoreError,
        row::{impossible, skip_from, time},
    },
    timing::WAIT_MARGIN,
};

/// Waits `w` that are open at this time. Jobs that are over wait for nobody.
macro_rules! is_open {
    ($now:expr) => {
        concat!(
            "w.state = 'waiting' AND w.waits_until > ",
            $now,
            " AND EXISTS (SELECT 1 FROM aiq_connect.jobs o WHERE o.id = w.job AND o.ended_at IS NULL AND o.ends_at > ",
            $now,
            ")"
        )
    };
}

/// Waits `w` whose time is over and that nobody ended yet.
macro_rules! is_overdue {
    ($now:expr) => {
        concat!(
            "w.state = 'waiting' AND w.waits_until <= ",
            $now,
            " AND EXISTS (SELECT 1 FROM aiq_connect.jobs o WHERE o.id = w.job AND o.ended_at IS NULL AND o.ends_at > ",
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

/// Takes the lock of one job: of its waits, of its events and their ids.
pub(super) async fn lock_job(work: &mut Work, job: &JobId) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT id FROM aiq_connect.jobs WHERE id = $1 FOR NO KEY UPDATE";
    work.row(sqlx::query(LOCK).bind(job.as_str())).await.map(drop)
}

/// Runs a statement that locks jobs, and names those that it got. It has to lock them in the order of their ids.
pub(super) async fn lock_jobs(work: &mut Work, lock: Statement<'_>) -> Result<Vec<String>, StoreError> {
    work.rows(lock).await?.iter().map(|row| column(row, "id")).collect()
}

/// Takes the lock of the number of waiting jobs, after that of the job. Whoever holds it waits for nothing more.
pub(super) async fn lock_places(work: &mut Work) -> Result<(), StoreError> {
    // "AIQC", and the first lock of ours that is no row.
    const LOCK: &str = "SELECT pg_advisory_xact_lock(1095323971, 1)";
    work.row(sqlx::query(LOCK)).await.map(drop)
}

/// What a disconnect does to living jobs that may use the server: they go on without it.
pub(super) async fn disconnected(work: &mut Work, key: &GrantKey) -> Result<(), StoreError> {
    const LOCK: &str = concat!(
        "SELECT j.id FROM aiq_connect.jobs j WHERE j.principal = $1 AND j.ended_at IS NULL AND j.ends_at > (SELECT ",
        now!(),
        ") AND j.servers::jsonb ? $2 ORDER BY j.id FOR NO KEY UPDATE"
    );
    // Those that went on without it before are not told again.
    const TELL: &str = "INSERT INTO aiq_connect.job_events (job, server, kind, reason, written_at) \
                        SELECT id, $2, 'skipped', $4, $3 FROM unnest($1::text[]) AS jobs (id) \
                        WHERE NOT EXISTS (SELECT 1 FROM aiq_connect.job_waits w WHERE w.job = id AND w.server = $2 \
                        AND w.state NOT IN ('waiting', 'restored')) ORDER BY id";
    const END: &str = "UPDATE aiq_connect.job_waits SET state = 'disconnected', ended_at = $3 \
                       WHERE job = ANY($1) AND server = $2 AND state = 'waiting'";
    const KEEP: &str = "INSERT INTO aiq_connect.job_waits (job, server, reason, state, opened_at, ended_at) \
                        SELECT id, $2, 'disconnected', 'disconnected', $3, $3 FROM unnest($1::text[]) AS jobs (id) \
                        ON CONFLICT (job, server, reason) DO UPDATE SET state = 'disconnected', ended_at = $3";
    let server = key.server.as_str();
    let jobs = lock_jobs(work, sqlx::query(LOCK).bind(key.principal.as_str()).bind(server)).await?;
    if jobs.is_empty() {
        return Ok(());
    }
    let now = read_clock(work).await?;
    let tell = sqlx::query(TELL).bind(&jobs).bind(server).bind(now).bind(SkipReason::Disconnected.as_str());
    work.change(tell).await?;
    for statement in [END, KEEP] {
        work.change(sqlx::query(statement).bind(&jobs).bind(server).bind(now)).await?;
    }
    Ok(())
}

/// Once for a whole transaction, after its locks: what is not overdue to one statement must not be to the next.
pub(super) async fn read_clock(work: &mut Work) -> Result<i64, StoreError> {
    let row = work.row(sqlx::query(concat!("SELECT ", now!(), " AS now"))).await?;
    column(&row.ok_or_else(|| impossible("answer", "no time".to_owned()))?, "now")
}

/// What is stored already about a job, a server and a reason, at this time or now: see [`standing_from`].
pub(super) fn standing<'q>(job: &'q JobId, server: &'q ServerId, reason: &'q str, now: Option<i64>) -> Statement<'q> {
    // An open wait first, whatever it is for; then what the owner said about the server; then the same reason.
    const FIND: &str = concat!(
        "SELECT state, waits_until, \
         waits_until < (SELECT ends_at FROM aiq_connect.jobs WHERE id = $1) - $4 AS can_extend, \
         waits_until <= COALESCE($5, ",
        now!(),
        ") AS is_overdue FROM aiq_connect.job_waits WHERE job = $1 AND server = $2 AND (state IN ('waiting', 'skipped', \
         'disconnected') OR state <> 'restored' AND reason = $3) \
         ORDER BY state = 'waiting' DESC, state = 'skipped' DESC, state = 'disconnected' DESC LIMIT 1"
    );
    let find = sqlx::query(FIND).bind(job.as_str()).bind(server.as_str()).bind(reason);
    find.bind(milliseconds(WAIT_MARGIN)).bind(now)
}

/// Reads [`standing`]. A wait that should have ended says nothing: `open_wait` ends it.
pub(super) fn standing_from(row: Option<&PgRow>) -> Result<Option<WaitStanding>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let state: String = column(row, "state")?;
    if state != "waiting" {
        return Ok(Some(WaitStanding::Over(skip_from("job_waits.state", &state)?)));
    }
    if column(row, "is_overdue")? {
        return Ok(None);
    }
    let until = time("job_waits.waits_until", column(row, "waits_until")?)?;
    Ok(Some(WaitStanding::Waiting { until, can_extend: column(row, "can_extend")? }))
}

/// The latest that a wait of this job can end; `None` when the job is over.
pub(super) async fn last_moment(work: &mut Work, job: &JobId, now: i64) -> Result<Option<i64>, StoreError> {
    const FIND: &str =
        "SELECT ends_at - $3 AS last FROM aiq_connect.jobs WHERE id = $1 AND ended_at IS NULL AND ends_at > $2";
    let find = sqlx::query(FIND).bind(job.as_str()).bind(now).bind(milliseconds(WAIT_MARGIN));
    work.row(find).await?.map(|row| column(&row, "last")).transpose()
}

/// How many other jobs wait. A job that waits for two servers keeps one place at a worker.
pub(super) async fn others_waiting(work: &mut Work, job: &JobId, now: i64) -> Result<i64, StoreError> {
    const COUNT: &str = concat!(
        "SELECT COUNT(DISTINCT w.job) AS jobs FROM aiq_connect.job_waits w WHERE w.job <> $1 AND ",
        is_open!("$2")
    );
    let row = work.row(sqlx::query(COUNT).bind(job.as_str()).bind(now)).await?;
    row.map_or(Ok(0), |row| column(&row, "jobs"))
}

/// Ends every wait of these jobs whose time is over, and tells of it: person by person, because the commit raises the
/// serials of several in the order of their events, and another sweep may end waits of the same people.
pub(super) async fn end_overdue(work: &mut Work, jobs: &[&str], now: i64) -> Result<Vec<EndedWait>, StoreError> {
    const END: &str = concat!(
        "WITH ended AS (UPDATE aiq_connect.job_waits w SET state = 'deadline_passed', ended_at = $2 \
         WHERE w.job = ANY($1) AND ",
        is_overdue!("$2"),
        " RETURNING w.job, w.server) \
         INSERT INTO aiq_connect.job_events (job, server, kind, reason, written_at) \
         SELECT e.job, e.server, 'skipped', $3, $2 FROM ended e JOIN aiq_connect.jobs j ON j.id = e.job \
         ORDER BY j.principal, e.job, e.server RETURNING job, server"
    );
    let end = sqlx::query(END).bind(jobs).bind(now).bind(SkipReason::DeadlinePassed.as_str());
    ended(&work.rows(end).await?)
}

/// Keeps that a job waits.
pub(super) async fn keep_open(
    work: &mut Work,
    (job, server): (&str, &str),
    reason: &str,
    event: i64,
    (now, until): (i64, i64),
) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO aiq_connect.job_waits (job, server, reason, state, event, opened_at, waits_until) \
                        VALUES ($1, $2, $3, 'waiting', $4, $5, $6) ON CONFLICT (job, server, reason) DO UPDATE \
                        SET state = 'waiting', event = $4, opened_at = $5, waits_until = $6, ended_at = NULL";
    let keep = sqlx::query(KEEP).bind(job).bind(server).bind(reason).bind(event).bind(now).bind(until);
    work.change(keep).await.map(drop)
}

/// Keeps that a job goes on without a server for this reason.
pub(super) async fn keep_end(
    work: &mut Work,
    (job, server): (&str, &str),
    reason: &str,
    end: SkipReason,
    now: i64,
) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO aiq_connect.job_waits (job, server, reason, state, opened_at, ended_at) \
                        VALUES ($1, $2, $3, $4, $5, $5) \
                        ON CONFLICT (job, server, reason) DO UPDATE SET state = $4, ended_at = $5";
    let keep = sqlx::query(KEEP).bind(job).bind(server).bind(reason).bind(end.as_str()).bind(now);
    work.change(keep).await.map(drop)
}

/// Writes what a stream tells, and names it.
pub(super) async fn tell(
    work: &mut Work,
    (job, server): (&str, &str),
    kind: &str,
    reason: Option<&str>,
    until: Option<i64>,
    now: i64,
) -> Result<i64, StoreError> {
    const TELL: &str = "INSERT INTO aiq_connect.job_events (job, server, kind, reason, waits_until, written_at) \
                        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let tell = sqlx::query(TELL).bind(job).bind(server).bind(kind).bind(reason).bind(until).bind(now);
    let row = work.row(tell).await?;
    column(&row.ok_or_else(|| impossible("answer", "no event was written".to_owned()))?, "id")
}

/// The waits that a statement ended.
pub(super) fn ended(rows: &[PgRow]) -> Result<Vec<EndedWait>, StoreError> {
    let ended = |row| Ok(EndedWait { job: JobId(column(row, "job")?), server: ServerId(column(row, "server")?) });
    rows.iter().map(ended).collect()
}
