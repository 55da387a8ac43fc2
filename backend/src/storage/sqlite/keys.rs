use async_trait::async_trait;
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};

use super::{SqliteStore, milliseconds, now, read::column, resealing, store_error, wait_steps::read_clock};
use crate::{
    domain::{Introduced, KeyBook, KeyId, KeyState, KeyUse, KnownKey, Removal, Sealed, SealedRow, SealedTable},
    storage::{
        KeyStore, StoreError,
        row::{self, KeyRow, list_text, time},
    },
    timing::{KEY_REST, REPLICA_LIFETIME},
};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn introduce_keys(&self, held: &[KeyId]) -> Result<Introduced, StoreError> {
        const ADD: &str = concat!(
            "INSERT INTO keys (id, state, added_at) VALUES (?1, 'added', ",
            now!(),
            ") ON CONFLICT (id) DO NOTHING"
        );
        const FIRST: &str = concat!(
            "UPDATE keys SET state = 'active', activated_at = ",
            now!(),
            " WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM keys WHERE state = 'active')"
        );
        let (mut work, mut new) = (self.begin().await?, Introduced::default());
        for id in held {
            let add = sqlx::query(ADD).bind(id.to_string()).execute(&mut *work).await.map_err(store_error)?;
            new.added.extend((add.rows_affected() == 1).then_some(*id));
        }
        if let Some(first) = held.first() {
            let done = sqlx::query(FIRST).bind(first.to_string()).execute(&mut *work).await.map_err(store_error)?;
            new.activated = (done.rows_affected() == 1).then_some(*first);
        }
        work.commit().await.map_err(store_error)?;
        Ok(new)
    }

    async fn active_key(&self) -> Result<Option<KeyId>, StoreError> {
        let query = sqlx::query_scalar::<_, String>("SELECT id FROM keys WHERE state = 'active'");
        let id = query.fetch_optional(&self.readers).await.map_err(store_error)?;
        id.map(|id| row::key_id("keys.id", &id)).transpose()
    }

    async fn key_book(&self) -> Result<KeyBook, StoreError> {
        const LIVING: &str = concat!("SELECT name, keys FROM replicas WHERE seen_at > ", now!(), " - ?1 ORDER BY name");
        let keys =
            sqlx::query("SELECT id, state, added_at, activated_at, retired_at FROM keys ORDER BY added_at, rowid");
        let keys = keys.fetch_all(&self.readers).await.map_err(store_error)?;
        let living = sqlx::query(LIVING).bind(milliseconds(REPLICA_LIFETIME));
        let living = living.fetch_all(&self.readers).await.map_err(store_error)?;
        let replica = |row: &SqliteRow| row::replica(column(row, "name")?, column(row, "keys")?);
        Ok(KeyBook {
            keys: keys.iter().map(known).collect::<Result<_, _>>()?,
            replicas: living.iter().map(replica).collect::<Result<_, _>>()?,
        })
    }

    async fn beat(&self, replica: &str, held: &[KeyId]) -> Result<(), StoreError> {
        const BEAT: &str = concat!(
            "INSERT INTO replicas (name, keys, seen_at) VALUES (?1, ?2, ",
            now!(),
            ") ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, seen_at = excluded.seen_at"
        );
        const SWEEP: &str = concat!("DELETE FROM replicas WHERE seen_at <= ", now!(), " - ?1");
        let held: Vec<_> = held.iter().map(ToString::to_string).collect();
        let mut work = self.begin().await?;
        let beat = sqlx::query(BEAT).bind(replica).bind(list_text(&held));
        beat.execute(&mut *work).await.map_err(store_error)?;
        let sweep = sqlx::query(SWEEP).bind(milliseconds(REPLICA_LIFETIME));
        sweep.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }

    async fn activate_key(&self, id: KeyId) -> Result<bool, StoreError> {
        const RETIRE: &str =
            concat!("UPDATE keys SET state = 'retired', retired_at = ", now!(), " WHERE state = 'active'");
        const ACTIVATE: &str =
            concat!("UPDATE keys SET state = 'active', retired_at = NULL, activated_at = ", now!(), " WHERE id = ?1");
        let mut work = self.begin().await?;
        match state_of(&mut work, id).await? {
            None | Some(KeyState::Removed) => return Ok(false),
            Some(KeyState::Active) => return Ok(true),
            Some(KeyState::Added | KeyState::Retired) => {}
        }
        sqlx::query(RETIRE).execute(&mut *work).await.map_err(store_error)?;
        sqlx::query(ACTIVATE).bind(id.to_string()).execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn remove_key(&self, id: KeyId, although_used: bool) -> Result<Removal, StoreError> {
        let mut work = self.begin().await?;
        match state_of(&mut work, id).await? {
            None => return Ok(Removal::Unknown),
            Some(KeyState::Active) => return Ok(Removal::Active),
            Some(KeyState::Removed) => return Ok(Removal::Removed),
            Some(KeyState::Added | KeyState::Retired) => {}
        }
        let used: Vec<KeyUse> = resealing::uses(&mut *work).await?;
        let used: Vec<KeyUse> = used.into_iter().filter(|used| used.key == id.to_string()).collect();
        if !used.is_empty() && !although_used {
            return Ok(Removal::Used(used));
        }
        let now = read_clock(&mut work).await?;
        let retired = sqlx::query_scalar::<_, Option<i64>>("SELECT retired_at FROM keys WHERE id = ?1");
        let retired = retired.bind(id.to_string()).fetch_one(&mut *work).await.map_err(store_error)?;
        let rested = retired.map(|at| at + milliseconds(KEY_REST));
        if let Some(until) = rested.filter(|until| *until > now && !although_used) {
            return Ok(Removal::TooSoon { until: time("keys.retired_at", until)? });
        }
        let remove = sqlx::query("UPDATE keys SET state = 'removed' WHERE id = ?1").bind(id.to_string());
        remove.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(Removal::Removed)
    }

    async fn count_by_key(&self) -> Result<Vec<KeyUse>, StoreError> {
        resealing::uses(&self.readers).await
    }

    async fn sealed_otherwise(
        &self,
        table: SealedTable,
        active: KeyId,
        cursor: &str,
        most: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        resealing::rows(&self.readers, table, active, cursor, most).await
    }

    async fn reseal(&self, row: &SealedRow, anew: &[Option<Sealed>; 2]) -> Result<bool, StoreError> {
        resealing::put(&self.writer, row, anew).await
    }
}

async fn state_of(work: &mut Transaction<'static, Sqlite>, id: KeyId) -> Result<Option<KeyState>, StoreError> {
    let query = sqlx::query("SELECT id, state, added_at, activated_at, retired_at FROM keys WHERE id = ?1");
    let row = query.bind(id.to_string()).fetch_optional(&mut **work).await.map_err(store_error)?;
    Ok(row.as_ref().map(known).transpose()?.map(|key| key.state))
}

fn known(row: &SqliteRow) -> Result<KnownKey, StoreError> {
    KeyRow {
        id: column(row, "id")?,
        state: column(row, "state")?,
        added_at: column(row, "added_at")?,
        activated_at: column(row, "activated_at")?,
        retired_at: column(row, "retired_at")?,
    }
    .try_into()
}
