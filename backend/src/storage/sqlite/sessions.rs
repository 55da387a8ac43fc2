use async_trait::async_trait;

use super::{
    SqliteStore, milliseconds, now,
    read::{column, principal},
    store_error,
};
use crate::{
    domain::{Introduction, NewSession, NewSignIn, Principal, Profile, Sealed, Session, SignIn},
    storage::{SessionStore, StoreError},
};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn begin_sign_in(&self, new: &NewSignIn) -> Result<(), StoreError> {
        // Anybody may begin: what is past its end leaves as new attempts come.
        const SWEEP: &str = concat!("DELETE FROM sign_ins WHERE expires_at <= ", now!());
        let mut work = self.begin().await?;
        sqlx::query(SWEEP).execute(&mut *work).await.map_err(store_error)?;
        sqlx::query(concat!(
            "INSERT INTO sign_ins (state_hash, browser_hash, nonce, verifier, return_to, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ",
            now!(),
            " + ?6)"
        ))
        .bind(&new.state_hash)
        .bind(&new.sign_in.browser_hash)
        .bind(&new.sign_in.nonce)
        .bind(&new.sign_in.verifier.0)
        .bind(&new.sign_in.return_to)
        .bind(milliseconds(new.lifetime))
        .execute(&mut *work)
        .await
        .map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }

    async fn take_sign_in(&self, state_hash: &str) -> Result<Option<SignIn>, StoreError> {
        let query = sqlx::query(concat!(
            "DELETE FROM sign_ins WHERE state_hash = ?1 AND expires_at > ",
            now!(),
            " RETURNING browser_hash, nonce, verifier, return_to"
        ));
        let row = query.bind(state_hash).fetch_optional(&self.writer).await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SignIn {
            browser_hash: column(&row, "browser_hash")?,
            nonce: column(&row, "nonce")?,
            verifier: Sealed(column(&row, "verifier")?),
            return_to: column(&row, "return_to")?,
        }))
    }

    async fn remember(&self, person: &Principal, introduction: &Introduction) -> Result<Profile, StoreError> {
        const REMEMBER: &str = concat!(
            "INSERT INTO principals (id, issuer, kind, sub, name, email, first_seen_at) \
             VALUES (?1, ?2, ?3, ?4, COALESCE(?5, ?4), ?6, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET name = COALESCE(?5, name), email = COALESCE(?6, email) \
             RETURNING name, email"
        );
        let query = sqlx::query(REMEMBER)
            .bind(person.id().0)
            .bind(&person.issuer)
            .bind(&person.kind)
            .bind(&person.sub)
            .bind(&introduction.name)
            .bind(&introduction.email);
        let row = query.fetch_one(&self.writer).await.map_err(store_error)?;
        Ok(Profile { name: column(&row, "name")?, email: column(&row, "email")? })
    }

    async fn open_session(&self, new: &NewSession) -> Result<(), StoreError> {
        const SWEEP: &str = concat!("DELETE FROM sessions WHERE expires_at <= ", now!());
        const PERSON: &str = concat!(
            "INSERT INTO principals (id, issuer, kind, sub, name, email, first_seen_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ",
            now!(),
            ") ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email"
        );
        const SESSION: &str = concat!(
            "INSERT INTO sessions (cookie_hash, principal, opened_at, expires_at) VALUES (?1, ?2, ",
            now!(),
            ", ",
            now!(),
            " + ?3)"
        );
        let id = new.principal.id();
        let mut work = self.begin().await?;
        sqlx::query(SWEEP).execute(&mut *work).await.map_err(store_error)?;
        sqlx::query(PERSON)
            .bind(id.as_str())
            .bind(&new.principal.issuer)
            .bind(&new.principal.kind)
            .bind(&new.principal.sub)
            .bind(&new.profile.name)
            .bind(&new.profile.email)
            .execute(&mut *work)
            .await
            .map_err(store_error)?;
        let session = sqlx::query(SESSION).bind(&new.cookie_hash).bind(id.as_str()).bind(milliseconds(new.lifetime));
        session.execute(&mut *work).await.map_err(store_error)?;
        work.commit().await.map_err(store_error)
    }

    async fn find_session(&self, cookie_hash: &str) -> Result<Option<Session>, StoreError> {
        let query = sqlx::query(concat!(
            "SELECT p.id, p.issuer, p.kind, p.sub, p.name, p.email \
             FROM sessions s JOIN principals p ON p.id = s.principal WHERE s.cookie_hash = ?1 AND s.expires_at > ",
            now!()
        ));
        let row = query.bind(cookie_hash).fetch_optional(&self.readers).await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Session {
            principal: principal(&row)?,
            profile: Profile { name: column(&row, "name")?, email: column(&row, "email")? },
        }))
    }

    async fn close_session(&self, cookie_hash: &str) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM sessions WHERE cookie_hash = ?1").bind(cookie_hash);
        query.execute(&self.writer).await.map_err(store_error)?;
        Ok(())
    }
}
