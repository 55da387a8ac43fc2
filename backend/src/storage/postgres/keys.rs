use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{PostgresStore, milliseconds, now, read::column, resealing, wait_steps::read_clock, work::Work};
use crate::{
    domain::{Introduced, KeyBook, KeyId, KeyState, KeyUse, KnownKey, Removal, Sealed, SealedRow, SealedTable},
    storage::{
        KeyStore, StoreError,
        row::{self, KeyRow, list_text, time},
    },
    timing::{KEY_REST, REPLICA_LIFETIME},
};

#[async_trait]
impl KeyStore for PostgresStore {
    async fn introduce_keys(&self, held: &[KeyId]) -> Result<Introduced, StoreError> {
        const ADD: &str = concat!(
            "INSERT INTO aiq_connect.keys (id, state, added_at) VALUES ($1, 'added', ",
            now!(),
            ") ON CONFLICT (id) DO NOTHING"
        );
        const FIRST: &str = concat!(
            "UPDATE aiq_connect.keys SET state = 'active', activated_at = ",
            now!(),
            " WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM aiq_connect.keys WHERE state = 'active')"
        );
        let (mut work, mut new) = (self.begin().await?, Introduced::default());
        lock(&mut work).await?;
        for id in held {
            let is_new = work.change(sqlx::query(ADD).bind(id.to_string())).await? == 1;
            new.added.extend(is_new.then_some(*id));
        }
        if let Some(first) = held.first() {
            let is_first = work.change(sqlx::query(FIRST).bind(first.to_string())).await? == 1;
            new.activated = is_first.then_some(*first);
        }
        work.keep().await?;
        Ok(new)
    }

    async fn active_key(&self) -> Result<Option<KeyId>, StoreError> {
        let row = self.row(sqlx::query("SELECT id FROM aiq_connect.keys WHERE state = 'active'")).await?;
        row.map(|row| row::key_id("keys.id", &column::<String>(&row, "id")?)).transpose()
    }

    async fn key_book(&self) -> Result<KeyBook, StoreError> {
        const KEYS: &str =
            "SELECT id, state, added_at, activated_at, retired_at FROM aiq_connect.keys ORDER BY added_at, place";
        const LIVING: &str =
            concat!("SELECT name, keys FROM aiq_connect.replicas WHERE seen_at > ", now!(), " - $1 ORDER BY name");
        let keys = self.rows(sqlx::query(KEYS)).await?;
        let living = self.rows(sqlx::query(LIVING).bind(milliseconds(REPLICA_LIFETIME))).await?;
        let replica = |row: &PgRow| row::replica(column(row, "name")?, &column::<String>(row, "keys")?);
        Ok(KeyBook {
            keys: keys.iter().map(known).collect::<Result<_, _>>()?,
            replicas: living.iter().map(replica).collect::<Result<_, _>>()?,
        })
    }

    async fn beat(&self, replica: &str, held: &[KeyId]) -> Result<(), StoreError> {
        const BEAT: &str = concat!(
            "INSERT INTO aiq_connect.replicas (name, keys, seen_at) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, seen_at = excluded.seen_at"
        );
        const SWEEP: &str = concat!("DELETE FROM aiq_connect.replicas WHERE seen_at <= ", now!(), " - $1");
        let held: Vec<_> = held.iter().map(ToString::to_string).collect();
        self.change(sqlx::query(BEAT).bind(replica).bind(list_text(&held))).await?;
        self.change(sqlx::query(SWEEP).bind(milliseconds(REPLICA_LIFETIME))).await.map(drop)
    }

    async fn activate_key(&self, id: KeyId) -> Result<bool, StoreError> {
        const RETIRE: &str =
            concat!("UPDATE aiq_connect.keys SET state = 'retired', retired_at = ", now!(), " WHERE state = 'active'");
        const ACTIVATE: &str = concat!(
            "UPDATE aiq_connect.keys SET state = 'active', retired_at = NULL, activated_at = ",
            now!(),
            " WHERE id = $1"
        );
        let mut work = self.begin().await?;
        lock(&mut work).await?;
        let answer = match state_of(&mut work, id).await? {
            None | Some(KeyState::Removed) => false,
            Some(KeyState::Active) => true,
            Some(KeyState::Added | KeyState::Retired) => {
                work.change(sqlx::query(RETIRE)).await?;
                work.change(sqlx::query(ACTIVATE).bind(id.to_string())).await?;
                true
            }
        };
        work.keep().await?;
        Ok(answer)
    }

    async fn remove_key(&self, id: KeyId, although_used: bool) -> Result<Removal, StoreError> {
        let mut work = self.begin().await?;
        lock(&mut work).await?;
        let answer = remove(&mut work, id, although_used).await?;
        work.keep().await?;
        Ok(answer)
    }

    async fn count_by_key(&self) -> Result<Vec<KeyUse>, StoreError> {
        self.rows(sqlx::query(resealing::USES)).await?.iter().map(resealing::one_use).collect()
    }

    async fn sealed_otherwise(
        &self,
        table: SealedTable,
        active: KeyId,
        cursor: &str,
        most: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let query = sqlx::query(resealing::walk(table)).bind(active.0.as_slice()).bind(cursor).bind(i64::from(most));
        self.rows(query).await?.iter().map(|row| resealing::sealed_row(row, table)).collect()
    }

    async fn reseal(&self, row: &SealedRow, anew: &[Option<Sealed>; 2]) -> Result<bool, StoreError> {
        Ok(self.change(resealing::put(row, anew)).await? == 1)
    }
}

/// Whoever changes what keys are for does it one after the other.
async fn lock(work: &mut Work) -> Result<(), StoreError> {
    // "AIQC", and the lock of keys; the schema's own is 0.
    work.row(sqlx::query("SELECT pg_advisory_xact_lock(1095323971, 3)")).await.map(drop)
}

async fn remove(work: &mut Work, id: KeyId, although_used: bool) -> Result<Removal, StoreError> {
    match state_of(work, id).await? {
        None => return Ok(Removal::Unknown),
        Some(KeyState::Active) => return Ok(Removal::Active),
        Some(KeyState::Removed) => return Ok(Removal::Removed),
        Some(KeyState::Added | KeyState::Retired) => {}
    }
    let used = work.rows(sqlx::query(resealing::USES)).await?;
    let used = used.iter().map(resealing::one_use).collect::<Result<Vec<_>, _>>()?;
    let used: Vec<KeyUse> = used.into_iter().filter(|used| used.key == id.to_string()).collect();
    if !used.is_empty() && !although_used {
        return Ok(Removal::Used(used));
    }
    let now = read_clock(work).await?;
    let retired = work.row(sqlx::query("SELECT retired_at FROM aiq_connect.keys WHERE id = $1").bind(id.to_string()));
    let retired = retired.await?.map(|row| column::<Option<i64>>(&row, "retired_at")).transpose()?.flatten();
    let rested = retired.map(|at| at + milliseconds(KEY_REST));
    if let Some(until) = rested.filter(|until| *until > now && !although_used) {
        return Ok(Removal::TooSoon { until: time("keys.retired_at", until)? });
    }
    work.change(sqlx::query("UPDATE aiq_connect.keys SET state = 'removed' WHERE id = $1").bind(id.to_string()))
        .await?;
    Ok(Removal::Removed)
}

async fn state_of(work: &mut Work, id: KeyId) -> Result<Option<KeyState>, StoreError> {
    const FIND: &str = "SELECT id, state, added_at, activated_at, retired_at FROM aiq_connect.keys WHERE id = $1";
    let row = work.row(sqlx::query(FIND).bind(id.to_string())).await?;
    Ok(row.as_ref().map(known).transpose()?.map(|key| key.state))
}

fn known(row: &PgRow) -> Result<KnownKey, StoreError> {
    KeyRow {
        id: column(row, "id")?,
        state: column(row, "state")?,
        added_at: column(row, "added_at")?,
        activated_at: column(row, "activated_at")?,
        retired_at: column(row, "retired_at")?,
    }
    .try_into()
}
