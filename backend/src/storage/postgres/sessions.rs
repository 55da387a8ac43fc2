use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{
    PostgresStore, milliseconds, now,
    read::{column, principal, with_clock},
    work::{Work, retried},
};
use crate::{
    domain::{Introduction, NewSession, NewSignIn, Principal, Profile, Sealed, Session, SignIn},
    storage::{SessionStore, StoreError, row::impossible},
};

#[async_trait]
impl SessionStore for PostgresStore {
    async fn begin_sign_in(&self, new: &NewSignIn) -> Result<(), StoreError> {
        retried(|| self.try_begin_sign_in(new)).await
    }

    async fn take_sign_in(&self, state_hash: &str) -> Result<Option<SignIn>, StoreError> {
        const TAKE: &str = concat!(
            "DELETE FROM aiq_connect.sign_ins WHERE state_hash = $1 AND expires_at > ",
            now!(),
            " RETURNING browser_hash, nonce, verifier, return_to"
        );
        let Some(row) = self.changed_row(sqlx::query(TAKE).bind(state_hash)).await? else { return Ok(None) };
        Ok(Some(SignIn {
            browser_hash: column(&row, "browser_hash")?,
            nonce: column(&row, "nonce")?,
            verifier: Sealed(column(&row, "verifier")?),
            return_to: column(&row, "return_to")?,
        }))
    }

    async fn remember(&self, person: &Principal, introduction: &Introduction) -> Result<Profile, StoreError> {
        // Most are known as they are, and then nothing is written.
        const KNOWN: &str = "SELECT name, email FROM aiq_connect.principals \
                             WHERE id = $1 AND name = COALESCE($2, name) AND COALESCE(email = $3, $3 IS NULL)";
        let known = sqlx::query(KNOWN)
            .bind(person.id().0)
            .bind(introduction.name.as_deref().map(said))
            .bind(introduction.email.as_deref().map(said));
        if let Some(row) = self.row(known).await? {
            return profile(&row);
        }
        retried(|| self.try_remember(person, introduction)).await
    }

    async fn open_session(&self, new: &NewSession) -> Result<(), StoreError> {
        retried(|| self.try_open_session(new)).await
    }

    async fn find_session(&self, cookie_hash: &str) -> Result<Option<Session>, StoreError> {
        const FIND: &str = concat!(
            "SELECT p.id, p.issuer, p.kind, p.sub, p.name, p.email FROM aiq_connect.sessions s \
             JOIN aiq_connect.principals p ON p.id = s.principal WHERE s.cookie_hash = $1 AND s.expires_at > ",
            now!()
        );
        let Some(row) = self.row(sqlx::query(FIND).bind(cookie_hash)).await? else { return Ok(None) };
        Ok(Some(Session { principal: principal(&row)?, profile: profile(&row)? }))
    }

    async fn close_session(&self, cookie_hash: &str) -> Result<(), StoreError> {
        const CLOSE: &str = "DELETE FROM aiq_connect.sessions WHERE cookie_hash = $1";
        self.change(sqlx::query(CLOSE).bind(cookie_hash)).await.map(drop)
    }
}

impl PostgresStore {
    async fn try_begin_sign_in(&self, new: &NewSignIn) -> Result<(), StoreError> {
        // Anybody may begin: what is past its end leaves as new attempts come. What another one removes is left to it.
        const SWEEP: &str = concat!(
            "DELETE FROM aiq_connect.sign_ins WHERE state_hash IN (SELECT state_hash FROM aiq_connect.sign_ins \
             WHERE expires_at <= (SELECT ",
            now!(),
            ") FOR UPDATE SKIP LOCKED)"
        );
        const BEGIN: &str = concat!(
            "INSERT INTO aiq_connect.sign_ins (state_hash, browser_hash, nonce, verifier, return_to, expires_at) \
             VALUES ($1, $2, $3, $4, $5, ",
            now!(),
            " + $6)"
        );
        let mut work = self.begin().await?;
        work.change(sqlx::query(SWEEP)).await?;
        let begin = sqlx::query(BEGIN)
            .bind(&new.state_hash)
            .bind(&new.sign_in.browser_hash)
            .bind(&new.sign_in.nonce)
            .bind(&new.sign_in.verifier.0)
            .bind(&new.sign_in.return_to)
            .bind(milliseconds(new.lifetime));
        work.change(begin).await?;
        work.keep().await
    }

    async fn try_remember(&self, person: &Principal, introduction: &Introduction) -> Result<Profile, StoreError> {
        const UPDATE: &str = "UPDATE aiq_connect.principals SET name = COALESCE($2, name), \
                              email = COALESCE($3, email) WHERE id = $1 RETURNING name, email";
        let mut work = self.begin().await?;
        let name = introduction.name.as_deref().unwrap_or(&person.sub);
        insert_person(&mut work, person, name, introduction.email.as_deref()).await?;
        let update = sqlx::query(UPDATE)
            .bind(person.id().0)
            .bind(introduction.name.as_deref().map(said))
            .bind(introduction.email.as_deref().map(said));
        let row = work.row(update).await?;
        let row = row.ok_or_else(|| impossible("principals row", "its id belongs to somebody else".to_owned()))?;
        work.keep().await?;
        profile(&row)
    }

    async fn try_open_session(&self, new: &NewSession) -> Result<(), StoreError> {
        const SWEEP: &str = concat!(
            "DELETE FROM aiq_connect.sessions WHERE cookie_hash IN (SELECT cookie_hash FROM aiq_connect.sessions \
             WHERE expires_at <= (SELECT ",
            now!(),
            ") FOR UPDATE SKIP LOCKED)"
        );
        const PROFILE: &str = "UPDATE aiq_connect.principals SET name = $2, email = $3 WHERE id = $1";
        const SESSION: &str = concat!(
            with_clock!(),
            "INSERT INTO aiq_connect.sessions (cookie_hash, principal, opened_at, expires_at) \
             SELECT $1, $2, now, now + $3 FROM clock"
        );
        let (id, profile) = (new.principal.id(), &new.profile);
        let mut work = self.begin().await?;
        work.change(sqlx::query(SWEEP)).await?;
        if !insert_person(&mut work, &new.principal, &profile.name, profile.email.as_deref()).await? {
            work.change(
                sqlx::query(PROFILE)
                    .bind(id.as_str())
                    .bind(said(&profile.name))
                    .bind(profile.email.as_deref().map(said)),
            )
            .await?;
        }
        let session = sqlx::query(SESSION).bind(&new.cookie_hash).bind(id.as_str()).bind(milliseconds(new.lifetime));
        work.change(session).await?;
        work.keep().await
    }
}

/// `false`: they are known. Named by no key, because people have two and a race may meet either.
async fn insert_person(
    work: &mut Work,
    person: &Principal,
    name: &str,
    email: Option<&str>,
) -> Result<bool, StoreError> {
    const INSERT: &str = concat!(
        "INSERT INTO aiq_connect.principals (id, issuer, kind, sub, name, email, first_seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, ",
        now!(),
        ") ON CONFLICT DO NOTHING"
    );
    let insert = sqlx::query(INSERT)
        .bind(person.id().0)
        .bind(&person.issuer)
        .bind(&person.kind)
        .bind(&person.sub)
        .bind(said(name))
        .bind(email.map(said));
    Ok(work.change(insert).await? == 1)
}

/// What another service says of a person, as PostgreSQL can hold it: without zero bytes.
pub(super) fn said(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn profile(row: &PgRow) -> Result<Profile, StoreError> {
    Ok(Profile { name: column(row, "name")?, email: column(row, "email")? })
}
