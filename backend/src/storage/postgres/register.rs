use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, now,
    read::{column, grant_columns, grant_row, with_clock},
    retention::REMOVE_JOBS,
    work::retried,
};
use crate::{
    domain::{GrantId, PrincipalId, ServerId},
    storage::{
        Forgotten, GrantFilter, KeptGrant, Person, RegisterStore, StoreError,
        row_keeping::{KeptGrantRow, PersonRow},
    },
};

macro_rules! person_columns {
    () => {
        "p.id, p.issuer, p.sub, p.name, p.email, p.first_seen_at, \
         (SELECT COUNT(*) FROM aiq_connect.grants x WHERE x.principal = p.id) AS grants, \
         (SELECT COUNT(*) FROM aiq_connect.jobs x WHERE x.principal = p.id) AS jobs"
    };
}

/// Whether this is a name of `principals p`.
macro_rules! is_called {
    ($who:literal) => {
        concat!($who, "::text IS NULL OR ", $who, " IN (p.id, p.sub, p.name, p.email)")
    };
}

#[async_trait]
impl RegisterStore for PostgresStore {
    async fn grants_kept(&self, filter: &GrantFilter) -> Result<Vec<KeptGrant>, StoreError> {
        const KEPT: &str = concat!(
            with_clock!(),
            "SELECT clock.now AS now, ",
            grant_columns!(),
            ", ",
            person_columns!(),
            ", g.quarantined_at, g.lease_owner, g.lease_until \
             FROM clock, aiq_connect.grants g JOIN aiq_connect.principals p ON p.id = g.principal \
             WHERE ($1::text IS NULL OR g.id = $1) AND ($2::text IS NULL OR g.server = $2) AND (",
            is_called!("$3"),
            ") ORDER BY g.connected_at DESC, g.id LIMIT $4"
        );
        let kept_ones = sqlx::query(KEPT)
            .bind(filter.id.map(|id| id.0.to_string()))
            .bind(filter.server.as_ref().map(ServerId::as_str))
            .bind(&filter.person)
            .bind(i64::from(filter.limit));
        self.rows(kept_ones).await?.iter().map(kept).collect()
    }

    async fn set_quarantine(&self, grant: GrantId, on: bool) -> Result<bool, StoreError> {
        const BEGIN: &str = concat!(
            "UPDATE aiq_connect.grants SET fault = fault, quarantined_at = ",
            now!(),
            " WHERE id = $1 AND quarantined_at IS NULL"
        );
        const END: &str = "UPDATE aiq_connect.grants SET fault = fault, quarantined_at = NULL WHERE id = $1 AND quarantined_at IS NOT NULL";
        // Jobs learn of it as of a missing grant, with their next question. The fault is named, and stays as it is,
        // because that is what raises the person's serial.
        Ok(self.change(sqlx::query(if on { BEGIN } else { END }).bind(grant.0.to_string())).await? == 1)
    }

    async fn people(&self, who: Option<&str>, limit: u32) -> Result<Vec<Person>, StoreError> {
        const PEOPLE: &str = concat!(
            "SELECT ",
            person_columns!(),
            " FROM aiq_connect.principals p WHERE ",
            is_called!("$1"),
            " ORDER BY p.first_seen_at DESC, p.id LIMIT $2"
        );
        let people = self.rows(sqlx::query(PEOPLE).bind(who).bind(i64::from(limit))).await?;
        people.iter().map(|row| person(row)?.try_into()).collect()
    }

    async fn forget_person(&self, id: &PrincipalId) -> Result<Forgotten, StoreError> {
        retried(|| self.try_forget_person(id)).await
    }
}

impl PostgresStore {
    async fn try_forget_person(&self, id: &PrincipalId) -> Result<Forgotten, StoreError> {
        // Whoever would give this person something waits for it, and then finds nobody.
        const LOCK: &str = "SELECT id FROM aiq_connect.principals WHERE id = $1 FOR UPDATE";
        const GRANT: &str = "SELECT id FROM aiq_connect.grants WHERE principal = $1 LIMIT 1";
        const JOBS: &str = "SELECT id FROM aiq_connect.jobs WHERE principal = $1 ORDER BY id FOR UPDATE";
        let person = |statement| sqlx::query(statement).bind(id.as_str());
        let mut work = self.begin().await?;
        work.row(person(LOCK)).await?;
        if work.row(person(GRANT)).await?.is_some() {
            work.undo().await?;
            return Err(StoreError::Conflict);
        }
        let jobs = work.rows(person(JOBS)).await?;
        let jobs: Vec<String> = jobs.iter().map(|row| column(row, "id")).collect::<Result<_, _>>()?;
        for statement in REMOVE_JOBS {
            work.change(sqlx::query(statement).bind(&jobs)).await?;
        }
        let flows = work.change(person("DELETE FROM aiq_connect.flows WHERE principal = $1")).await?;
        let sessions = work.change(person("DELETE FROM aiq_connect.sessions WHERE principal = $1")).await?;
        let gone = work.change(person("DELETE FROM aiq_connect.principals WHERE id = $1")).await?;
        work.keep().await?;
        Ok(Forgotten { person: gone == 1, flows, sessions, jobs: jobs.len() as u64 })
    }
}

fn person(row: &PgRow) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        id: column(row, "id")?,
        issuer: column(row, "issuer")?,
        sub: column(row, "sub")?,
        name: column(row, "name")?,
        email: column(row, "email")?,
        first_seen_at: column(row, "first_seen_at")?,
        grants: column(row, "grants")?,
        jobs: column(row, "jobs")?,
    })
}

fn kept(row: &PgRow) -> Result<KeptGrant, StoreError> {
    KeptGrantRow {
        now: column(row, "now")?,
        grant: grant_row(row)?,
        person: person(row)?,
        quarantined_at: column(row, "quarantined_at")?,
        lease_owner: column(row, "lease_owner")?,
        lease_until: column(row, "lease_until")?,
    }
    .try_into()
}
