use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore, now,
    read::{column, grant_columns, grant_row, with_clock},
    store_error,
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
         (SELECT COUNT(*) FROM grants x WHERE x.principal = p.id) AS grants, \
         (SELECT COUNT(*) FROM jobs x WHERE x.principal = p.id) AS jobs"
    };
}

/// Whether this is a name of `principals p`.
macro_rules! is_called {
    ($who:literal) => {
        concat!($who, " IS NULL OR ", $who, " IN (p.id, p.sub, p.name, p.email)")
    };
}

#[async_trait]
impl RegisterStore for SqliteStore {
    async fn grants_kept(&self, filter: &GrantFilter) -> Result<Vec<KeptGrant>, StoreError> {
        const KEPT: &str = concat!(
            with_clock!(),
            "SELECT clock.now AS now, ",
            grant_columns!(),
            ", ",
            person_columns!(),
            ", g.quarantined_at, g.lease_owner, g.lease_until \
             FROM clock, grants g JOIN principals p ON p.id = g.principal \
             WHERE (?1 IS NULL OR g.id = ?1) AND (?2 IS NULL OR g.server = ?2) AND (",
            is_called!("?3"),
            ") ORDER BY g.connected_at DESC, g.id LIMIT ?4"
        );
        let rows = sqlx::query(KEPT)
            .bind(filter.id.map(|id| id.0.to_string()))
            .bind(filter.server.as_ref().map(ServerId::as_str))
            .bind(&filter.person)
            .bind(filter.limit)
            .fetch_all(&self.readers)
            .await
            .map_err(store_error)?;
        rows.iter().map(kept).collect()
    }

    async fn set_quarantine(&self, grant: GrantId, on: bool) -> Result<bool, StoreError> {
        // Jobs learn of it as of a missing grant, with their next question. The fault is named, and stays as it is,
        // because that is what raises the person's serial.
        let statement = if on {
            concat!(
                "UPDATE grants SET fault = fault, quarantined_at = ",
                now!(),
                " WHERE id = ?1 AND quarantined_at IS NULL"
            )
        } else {
            "UPDATE grants SET fault = fault, quarantined_at = NULL WHERE id = ?1 AND quarantined_at IS NOT NULL"
        };
        let query = sqlx::query(statement).bind(grant.0.to_string());
        Ok(query.execute(&self.writer).await.map_err(store_error)?.rows_affected() == 1)
    }

    async fn people(&self, who: Option<&str>, limit: u32) -> Result<Vec<Person>, StoreError> {
        const PEOPLE: &str = concat!(
            "SELECT ",
            person_columns!(),
            " FROM principals p WHERE ",
            is_called!("?1"),
            " ORDER BY p.first_seen_at DESC, p.id LIMIT ?2"
        );
        let query = sqlx::query(PEOPLE).bind(who).bind(limit);
        let rows = query.fetch_all(&self.readers).await.map_err(store_error)?;
        rows.iter().map(|row| person(row)?.try_into()).collect()
    }

    async fn forget_person(&self, id: &PrincipalId) -> Result<Forgotten, StoreError> {
        const REMOVE: [&str; 6] = [
            "DELETE FROM flows WHERE principal = ?1",
            "DELETE FROM sessions WHERE principal = ?1",
            "DELETE FROM job_waits WHERE job IN (SELECT id FROM jobs WHERE principal = ?1)",
            "DELETE FROM job_events WHERE job IN (SELECT id FROM jobs WHERE principal = ?1)",
            "DELETE FROM jobs WHERE principal = ?1",
            "DELETE FROM principals WHERE id = ?1",
        ];
        let mut work = self.begin().await?;
        let grants: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM grants WHERE principal = ?1")
            .bind(id.as_str())
            .fetch_one(&mut *work)
            .await
            .map_err(store_error)?;
        if grants > 0 {
            return Err(StoreError::Conflict);
        }
        let mut removed = [0; 6];
        for (statement, count) in REMOVE.into_iter().zip(&mut removed) {
            let done = sqlx::query(statement).bind(id.as_str()).execute(&mut *work).await.map_err(store_error)?;
            *count = done.rows_affected();
        }
        work.commit().await.map_err(store_error)?;
        let [flows, sessions, _, _, jobs, person] = removed;
        Ok(Forgotten { person: person == 1, flows, sessions, jobs })
    }
}

fn person(row: &SqliteRow) -> Result<PersonRow, StoreError> {
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

fn kept(row: &SqliteRow) -> Result<KeptGrant, StoreError> {
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
