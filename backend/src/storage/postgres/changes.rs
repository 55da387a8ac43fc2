use std::{
    collections::{HashMap, VecDeque},
    error::Error,
};

use async_trait::async_trait;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use tokio::time::{Instant, timeout, timeout_at};

use super::{PostgresStore, errors::store_error, read::column};
use crate::{
    domain::PrincipalId,
    storage::{ChangeStore, Hearing, StoreError, Wire, row::impossible},
    timing::{ECHO, ECHO_AGAIN},
};

/// Where triggers tell whom a change is about.
const CHANNEL: &str = "aiq_connect";

#[async_trait]
impl ChangeStore for PostgresStore {
    async fn serials(&self, people: &[PrincipalId]) -> Result<HashMap<PrincipalId, i64>, StoreError> {
        const SERIALS: &str = "SELECT principal, serial FROM aiq_connect.changes WHERE principal = ANY($1)";
        let names: Vec<&str> = people.iter().map(PrincipalId::as_str).collect();
        let rows = self.rows(sqlx::query(SERIALS).bind(names)).await?;
        rows.iter().map(|row| Ok((PrincipalId(column(row, "principal")?), column(row, "serial")?))).collect()
    }

    async fn hear(&self) -> Result<Hearing, StoreError> {
        const NAME: &str = "SELECT 'aiq_connect_' || replace(gen_random_uuid()::text, '-', '') AS name";
        if self.is_pooled && self.heard_at.is_none() {
            return Ok(Hearing::Deaf);
        }
        let options = self.heard_at.clone().unwrap_or_else(|| self.pool.options());
        // A connection of its own: one that others use as well would hear for them.
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = pool.acquire_timeout(crate::timing::DATABASE_WAIT);
        let pool = pool.connect_with((*options).clone().extra_float_digits(None)).await;
        let mut listener = PgListener::connect_with(&pool.map_err(store_error)?).await.map_err(store_error)?;
        listener.ignore_pool_close_event(true);
        // What is told meanwhile would be lost without a word.
        listener.eager_reconnect(false);
        // First to a name that nobody else uses: if there is a pooler in between after all, its connection goes on
        // listening, for whoever gets it next, who cannot be told what they did not ask for.
        let name = self.row(sqlx::query(NAME)).await?.ok_or_else(|| impossible("answer", "no row".to_owned()))?;
        let mut line =
            Line { listener, store: self.clone(), own: column(&name, "name")?, said: 0, early: VecDeque::new() };
        line.listener.listen(&line.own).await.map_err(store_error)?;
        match line.echoes().await {
            Ok(true) => {}
            Ok(false) => return Ok(Hearing::Deaf),
            Err(StoreError::Unavailable(cause)) if is_for_another(&*cause) => return Ok(Hearing::Deaf),
            Err(error) => return Err(error),
        }
        line.listener.listen(CHANNEL).await.map_err(store_error)?;
        Ok(Hearing::Open(Box::new(line)))
    }
}

/// One connection that listens.
struct Line {
    listener: PgListener,
    /// Says what is to be heard. Through another connection: one that goes through a pooler hears itself, and nobody else.
    store: PostgresStore,
    /// Where only this line listens.
    own: String,
    /// How often something was said there.
    said: u64,
    /// What was told while an echo was waited for.
    early: VecDeque<PrincipalId>,
}

#[async_trait]
impl Wire for Line {
    async fn next(&mut self) -> Result<PrincipalId, StoreError> {
        loop {
            if let Some(person) = self.early.pop_front() {
                return Ok(person);
            }
            match timeout(ECHO_AGAIN, self.listener.try_recv()).await {
                Ok(told) => self.early.extend(person(&arrived(told)?)),
                Err(_) if self.echoes().await? => {}
                Err(_) => return Err(lost("nothing arrives any more")),
            }
        }
    }
}

impl Line {
    /// Whether what is said arrives.
    async fn echoes(&mut self) -> Result<bool, StoreError> {
        const SAY: &str = "SELECT pg_catalog.pg_notify($1, $2)";
        self.said += 1;
        let word = self.said.to_string();
        self.store.changed_row(sqlx::query(SAY).bind(&self.own).bind(&word)).await?;
        let end = Instant::now() + ECHO;
        while let Ok(told) = timeout_at(end, self.listener.try_recv()).await {
            let told = arrived(told)?;
            if told.channel() == self.own && told.payload() == word {
                return Ok(true);
            }
            self.early.extend(person(&told));
        }
        Ok(false)
    }
}

/// Whether somebody was told what another one wanted to hear: the driver takes it for a mistake.
fn is_for_another(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(sqlx::Error::Protocol(_)))
}

fn arrived(told: Result<Option<PgNotification>, sqlx::Error>) -> Result<PgNotification, StoreError> {
    told.map_err(store_error)?.ok_or_else(|| lost("the connection that listened was cut"))
}

fn lost(why: &'static str) -> StoreError {
    StoreError::Unavailable(why.into())
}

/// Whom it is about; an echo is about nobody.
fn person(told: &PgNotification) -> Option<PrincipalId> {
    (told.channel() == CHANNEL).then(|| PrincipalId(told.payload().to_owned()))
}
