use async_trait::async_trait;

use super::{SqliteStore, now, read::registration, store_error};
use crate::{
    domain::{Registration, Sealed},
    storage::{RegistrationStore, StoreError},
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
        work.commit().await.map_err(store_error)?;
        Ok(kept)
    }

    async fn forget_registration(&self, issuer: &str, redirect_uri: &str, client_id: &str) -> Result<(), StoreError> {
        let mut work = self.begin().await?;
        sqlx::query("DELETE FROM registrations WHERE issuer = ?1 AND redirect_uri = ?2 AND client_id = ?3")
            .bind(issuer)
            .bind(redirect_uri)
            .bind(client_id)
            .execute(&mut *work)
            .await
            .map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }
}

const FIND: &str = "SELECT issuer, redirect_uri, client_id, client_secret, auth FROM registrations \
                    WHERE issuer = ?1 AND redirect_uri = ?2";
