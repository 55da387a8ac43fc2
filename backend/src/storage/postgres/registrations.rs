use async_trait::async_trait;

use super::{PostgresStore, now, read::registration};
use crate::{
    domain::{Registration, Sealed},
    storage::{RegistrationStore, StoreError, row::impossible},
};

#[async_trait]
impl RegistrationStore for PostgresStore {
    async fn find_registration(&self, issuer: &str, redirect_uri: &str) -> Result<Option<Registration>, StoreError> {
        const FIND: &str = "SELECT issuer, redirect_uri, client_id, client_secret, auth \
                            FROM aiq_connect.registrations WHERE issuer = $1 AND redirect_uri = $2";
        let find = sqlx::query(FIND).bind(issuer).bind(redirect_uri);
        self.row(find).await?.as_ref().map(registration).transpose()
    }

    async fn keep_registration(&self, new: &Registration) -> Result<Registration, StoreError> {
        // One that is there is written as it is, because only a written row is returned: by this one statement, so that
        // nobody can forget it in between.
        const KEEP: &str = concat!(
            "INSERT INTO aiq_connect.registrations AS r \
             (issuer, redirect_uri, client_id, client_secret, auth, registered_at) VALUES ($1, $2, $3, $4, $5, ",
            now!(),
            ") ON CONFLICT (issuer, redirect_uri) DO UPDATE SET client_id = r.client_id \
             RETURNING issuer, redirect_uri, client_id, client_secret, auth"
        );
        let keep = sqlx::query(KEEP)
            .bind(&new.issuer)
            .bind(&new.redirect_uri)
            .bind(&new.client_id)
            .bind(new.client_secret.as_ref().map(|Sealed(bytes)| bytes))
            .bind(new.auth.as_str());
        let kept = self.changed_row(keep).await?;
        registration(&kept.ok_or_else(|| impossible("answer", "no registration was kept".to_owned()))?)
    }

    async fn forget_registration(&self, issuer: &str, redirect_uri: &str, client_id: &str) -> Result<(), StoreError> {
        const FORGET: &str =
            "DELETE FROM aiq_connect.registrations WHERE issuer = $1 AND redirect_uri = $2 AND client_id = $3";
        self.change(sqlx::query(FORGET).bind(issuer).bind(redirect_uri).bind(client_id)).await.map(drop)
    }
}
