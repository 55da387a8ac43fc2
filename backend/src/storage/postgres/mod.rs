//! PostgreSQL, shared by any number of replicas and perhaps with AIQ: everything of ours is in the schema `aiq_connect`.
//! One file here per capability.
//!
//! Rows are locked one by one, so what SQLite's single write lock keeps in order is kept by two rows, always taken in
//! this order and before anything is read that decides: the person's, for whatever makes or forgets a grant of theirs;
//! then the jobs', by id, for whatever writes a wait or an event. Only [`work::Work`] knows connections, and nothing is
//! kept in a session, so that a pooler may give every transaction another one.

mod audit;
mod changes;
mod errors;
mod flows;
mod grants;
mod jobs;
mod keys;
mod open;
mod pool;
mod reach;
mod read;
mod refresh;
mod register;
mod registrations;
mod remedy;
mod resealing;
mod retention;
mod revocations;
mod schema;
mod sessions;
mod wait_steps;
mod waits;
mod work;

#[cfg(any(test, feature = "testing"))]
mod age;
#[cfg(test)]
mod pooled_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;

/// The database's clock, in milliseconds. Goes on within a statement and a transaction, so a statement that needs one
/// time reads it once: see `with_clock`.
macro_rules! now {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}
use now;

/// Everything, in the schema `aiq_connect` of one database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: pool::Pool,
    /// There is a pooler in between that may give every transaction another connection.
    is_pooled: bool,
    /// Where changes are heard, if not through the same address.
    heard_at: Option<Arc<PgConnectOptions>>,
}

impl PostgresStore {
    /// Waits for what is under way and closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A duration as stored and added to times, at most a century so that no sum leaves the calendar.
fn milliseconds(lifetime: TimeDelta) -> i64 {
    const CENTURY: i64 = TimeDelta::days(36_525).num_milliseconds();
    lifetime.num_milliseconds().clamp(-CENTURY, CENTURY)
}
