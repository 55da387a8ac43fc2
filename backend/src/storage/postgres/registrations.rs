use aiq_connect_shared::FaultCode;
use async_trait::async_trait;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, registration},
};
use crate::{
    domain::{LeaseOwner, Registration, RegistrationTurn, Sealed},
    storage::{
        RegistrationStore, StoreError,
        row::{impossible, registration_turn},
    },
    timing::REGISTERING,
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
        const OVER: &str = "DELETE FROM aiq_connect.registering WHERE issuer = $1 AND redirect_uri = $2";
        let keep = sqlx::query(KEEP)
            .bind(&new.issuer)
            .bind(&new.redirect_uri)
            .bind(&new.client_id)
            .bind(new.client_secret.as_ref().map(|Sealed(bytes)| bytes))
            .bind(new.auth.as_str());
        let mut work = self.begin().await?;
        let kept = work.row(keep).await?;
        work.change(sqlx::query(OVER).bind(&new.issuer).bind(&new.redirect_uri)).await?;
        work.keep().await?;
        registration(&kept.ok_or_else(|| impossible("answer", "no registration was kept".to_owned()))?)
    }

    async fn forget_registration(&self, issuer: &str, redirect_uri: &str, client_id: &str) -> Result<bool, StoreError> {
        const FORGET: &str =
            "DELETE FROM aiq_connect.registrations WHERE issuer = $1 AND redirect_uri = $2 AND client_id = $3";
        Ok(self.change(sqlx::query(FORGET).bind(issuer).bind(redirect_uri).bind(client_id)).await? == 1)
    }

    async fn begin_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
    ) -> Result<bool, StoreError> {
        // By the clock of the moment at which the row is changed: whoever waited for it began earlier.
        const BEGIN: &str = concat!(
            "INSERT INTO aiq_connect.registering AS r (issuer, redirect_uri, holder, attempt, lease_until) \
             VALUES ($1, $2, $3, 1, ",
            now!(),
            " + $4) ON CONFLICT (issuer, redirect_uri) DO UPDATE SET holder = excluded.holder, attempt = r.attempt + 1, \
             lease_until = ",
            now!(),
            " + $4, failure = NULL WHERE r.lease_until <= ",
            now!()
        );
        let begin = sqlx::query(BEGIN).bind(issuer).bind(redirect_uri).bind(holder.as_str());
        Ok(self.change(begin.bind(milliseconds(REGISTERING))).await? == 1)
    }

    async fn registration_turn(&self, issuer: &str, redirect_uri: &str) -> Result<RegistrationTurn, StoreError> {
        const TURN: &str = concat!(
            "SELECT attempt, lease_until > ",
            now!(),
            " AS is_taken, failure FROM aiq_connect.registering WHERE issuer = $1 AND redirect_uri = $2"
        );
        let row = self.row(sqlx::query(TURN).bind(issuer).bind(redirect_uri)).await?;
        let Some(row) = row else { return Ok(RegistrationTurn::Free) };
        registration_turn(column(&row, "attempt")?, column(&row, "is_taken")?, column(&row, "failure")?)
    }

    async fn give_up_registering(
        &self,
        issuer: &str,
        redirect_uri: &str,
        holder: &LeaseOwner,
        failure: Option<FaultCode>,
    ) -> Result<(), StoreError> {
        const GIVE_BACK: &str =
            "DELETE FROM aiq_connect.registering WHERE issuer = $1 AND redirect_uri = $2 AND holder = $3";
        const FAILED: &str = concat!(
            "UPDATE aiq_connect.registering SET failure = $4, lease_until = ",
            now!(),
            " WHERE issuer = $1 AND redirect_uri = $2 AND holder = $3"
        );
        let give_up = sqlx::query(if failure.is_some() { FAILED } else { GIVE_BACK });
        let give_up = give_up.bind(issuer).bind(redirect_uri).bind(holder.as_str());
        let give_up = match failure {
            Some(code) => give_up.bind(code.as_str()),
            None => give_up,
        };
        self.change(give_up).await.map(drop)
    }
}
