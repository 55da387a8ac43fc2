use aiq_connect_shared::FaultCode;
use async_trait::async_trait;

use super::{
    SqliteStore, milliseconds, now,
    read::{column, registration},
    store_error,
};
use crate::{
    domain::{LeaseOwner, Registration, RegistrationTurn, Sealed},
    storage::{RegistrationStore, StoreError, row::registration_turn},
    timing::REGISTERING,
};

#[async_trait]
impl RegistrationStore for SqliteStore {
    async fn find_registration(&self, issuer: &str, redirect_uri: &str) -> Result<Option<Registration>, StoreError> {
        let query = sqlx::query(FIND).bind(issuer).bind(redirect_uri);
        let row = query.fetch_optional(&self.readers).await.map_err(store_error)?;
        row.as_ref().map(registration).transpose()
    }

    async fn keep_registration(&self, new: &Registration) -> Result<Registration, StoreError> {
        let mut work = self.begin().await?;
        sqlx::query(concat!(
            "INSERT INTO registrations (issuer, redirect_uri, client_id, client_secret, auth, registered_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ",
            now!(),
            ") ON CONFLICT (issuer, redirect_uri) DO NOTHING"
        ))
        .bind(&new.issuer)
        .bind(&new.redirect_uri)
        .bind(&new.client_id)
        .bind(new.client_secret.as_ref().map(|Sealed(bytes)| bytes))
        .bind(new.auth.as_str())
        .execute(&mut *work)
        .await
        .map_err(store_error)?;
        let kept = sqlx::query(FIND).bind(&new.issuer).bind(&new.redirect_uri).fetch_one(&mut *work).await;
        let kept = registration(&kept.map_err(store_error)?)?;
        let over = sqlx::query("DELETE FROM registering WHERE issuer = ?1 AND redirect_uri = ?2");
        over.bind(&new.issuer).bind(&new.redirect_uri).execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(kept)
    }

    async fn forget_registration(&self, issuer: &str, redirect_uri: &str, client_id: &str) -> Result<bool, StoreError> {
        let mut work = self.begin().await?;
        let forgotten =
            sqlx::query("DELETE FROM registrations WHERE issuer = ?1 AND redirect_uri = ?2 AND client_id = ?3")
                .bind(issuer)
                .bind(redirect_uri)
                .bind(client_id)
                .execute(&mut *work)
                .await
                .map_err(store_error)?;
        work.commit().await.map_err(store_error)?;
        Ok(forgotten.rows_affected() == 1)
    }

    async fn begin_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
    ) -> Result<bool, StoreError> {
        const BEGIN: &str = concat!(
            "INSERT INTO registering AS r (issuer, redirect_uri, holder, attempt, lease_until) VALUES (?1, ?2, ?3, 1, ",
            now!(),
            " + ?4) ON CONFLICT (issuer, redirect_uri) DO UPDATE SET holder = excluded.holder, attempt = r.attempt + 1, \
             lease_until = excluded.lease_until, failure = NULL WHERE r.lease_until <= ",
            now!()
        );
        let begin = sqlx::query(BEGIN).bind(issuer).bind(redirect_uri).bind(holder.as_str());
        let taken = begin.bind(milliseconds(REGISTERING)).execute(&self.writer).await.map_err(store_error)?;
        Ok(taken.rows_affected() == 1)
    }

    async fn registration_turn(&self, issuer: &str, redirect_uri: &str) -> Result<RegistrationTurn, StoreError> {
        const TURN: &str = concat!(
            "SELECT attempt, lease_until > ",
            now!(),
            " AS is_taken, failure FROM registering WHERE issuer = ?1 AND redirect_uri = ?2"
        );
        let row = sqlx::query(TURN).bind(issuer).bind(redirect_uri).fetch_optional(&self.readers).await;
        let Some(row) = row.map_err(store_error)? else { return Ok(RegistrationTurn::Free) };
        registration_turn(column(&row, "attempt")?, column(&row, "is_taken")?, column(&row, "failure")?)
    }

    async fn give_up_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
        failure: Option<FaultCode>,
    ) -> Result<(), StoreError> {
        const GIVE_BACK: &str = "DELETE FROM registering WHERE issuer = ?1 AND redirect_uri = ?2 AND holder = ?3";
        const FAILED: &str = concat!(
            "UPDATE registering SET failure = ?4, lease_until = ",
            now!(),
            " WHERE issuer = ?1 AND redirect_uri = ?2 AND holder = ?3"
        );
        let give_up = sqlx::query(if failure.is_some() { FAILED } else { GIVE_BACK });
        let give_up = give_up.bind(issuer).bind(redirect_uri).bind(holder.as_str());
        let give_up = match failure {
            Some(code) => give_up.bind(code.as_str()),
            None => give_up,
        };
        give_up.execute(&self.writer).await.map_err(store_error).map(drop)
    }
}

const FIND: &str = "SELECT issuer, redirect_uri, client_id, client_secret, auth FROM registrations \
                    WHERE issuer = ?1 AND redirect_uri = ?2";
