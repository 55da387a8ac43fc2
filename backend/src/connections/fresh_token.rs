//! A worker's question: a token for this job's owner and this server, fresh.

use std::{sync::Arc, time::Duration};

use aiq_connect_shared::{FaultCode, ReconnectRequired, ResolvedToken};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::{
    Connections,
    flights::{Landing, landing},
    standing::{Standing, standing},
    together::Together,
};
use crate::{
    domain::{AuditEvent, AuditKind, Grant, JobId, RefreshTurn, ServerId},
    sealing,
    storage::{JobAndGrant, StoreError},
    timing,
    vault::{SealContext, Secret, TokenKind},
};

/// What is found out for workers right now.
pub(super) type Answering = Together<Arc<TokenQuestion>, Result<FreshToken, FreshTokenError>>;

/// What a worker asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenQuestion {
    /// The job that asks.
    pub job: JobId,
    /// The MCP server it wants to call.
    pub server: ServerId,
    /// Who it thinks its owner is.
    pub sub: Option<String>,
    /// How long the token has to last.
    pub min_ttl: TimeDelta,
    /// SHA-256 (hex) of the token it holds.
    pub known: Option<String>,
    /// SHA-256 (hex) of the token that was refused.
    pub rejected: Option<String>,
    /// How long the answer may wait for a person.
    pub wait: Duration,
}

/// The answer.
#[derive(Clone, Debug)]
pub enum FreshToken {
    /// A token to use.
    Token(ResolvedToken),
    /// The one that the worker holds is still the one.
    StillCurrent,
}

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FreshTokenError {
    /// No such job, or it asks no more.
    #[error("no living job has this id")]
    JobUnknown,
    /// The job may not ask for this server, or not as this person.
    #[error("this job does not cover server `{0}` for that person")]
    NotCovered(ServerId),
    /// Only a person can help; the word says why. [`Connections::fresh_token`] waits for them, or answers
    /// [`Self::ReconnectRequired`].
    #[error("only the job's owner can help: {0}")]
    NeedsPerson(String),
    /// Definitive: only a person can help, and what the job does meanwhile.
    #[error("the job's owner has to reconnect `{}`: {}", .0.source_id, .0.reason)]
    ReconnectRequired(ReconnectRequired),
    /// Passes by itself.
    #[error("the provider cannot be reached at the moment")]
    IdpUnreachable {
        /// When to ask again.
        retry_after: Duration,
    },
    /// Passes by itself: somebody else is refreshing, and it takes long.
    #[error("the token is being refreshed")]
    RefreshInProgress {
        /// When to ask again.
        retry_after: Duration,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for FreshTokenError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl Connections {
    /// Answers as things are now, refreshing on demand and waiting for nobody. Whoever asks the same at the same moment
    /// shares an answer that nobody began to look for before they asked.
    pub(super) async fn token_now(self: &Arc<Self>, question: &TokenQuestion) -> Result<FreshToken, FreshTokenError> {
        let question = Arc::new(TokenQuestion { wait: Duration::ZERO, ..question.clone() });
        let answer = self.answering.ask(&question, || {
            let (connections, question) = (Arc::clone(self), Arc::clone(&question));
            async move { connections.find_token(&question).await }
        });
        answer.await
    }

    /// Whatever is answered was read after any refresh that the answer waited for.
    async fn find_token(self: &Arc<Self>, question: &TokenQuestion) -> Result<FreshToken, FreshTokenError> {
        let deadline = Instant::now() + timing::REFRESH_WAIT;
        let mut landed = None;
        loop {
            let row = self.read(question).await?;
            let Some(grant) = &row.grant else {
                return Err(FreshTokenError::NeedsPerson(ReconnectRequired::reason_for(None)));
            };
            let Some(token) = self.open_access(grant).await? else {
                // A lost key shows as disconnected: connecting again is what helps.
                return Err(FreshTokenError::NeedsPerson(ReconnectRequired::reason_for(None)));
            };
            let hash = token.sha256_hex();
            let rejected = question.rejected.as_deref().is_some_and(|rejected| same(rejected, &hash));
            let later = match standing(grant, rejected, question.min_ttl, row.now) {
                Standing::Usable => return Ok(self.answer(question, &row, grant, &token, &hash).await),
                Standing::UsableRenewSoon => {
                    self.refresh_behind(grant);
                    return Ok(self.answer(question, &row, grant, &token, &hash).await);
                }
                Standing::TryAgain => {
                    self.store.forget_rejection(grant.id, grant.version).await?;
                    return Ok(self.answer(question, &row, grant, &token, &hash).await);
                }
                Standing::NeedsPerson(reason) => return Err(FreshTokenError::NeedsPerson(reason)),
                Standing::ServerRefusesAll(until) => {
                    return Err(FreshTokenError::IdpUnreachable { retry_after: left(until, row.now) });
                }
                Standing::Rejected => {
                    self.reject(grant).await?;
                    continue;
                }
                Standing::NotBefore(at) => Some(FreshTokenError::IdpUnreachable { retry_after: left(at, row.now) }),
                Standing::NeedsRefresh { forced } => match landed.take() {
                    Some(Landing::IssuerRests(retry_after)) => Some(FreshTokenError::IdpUnreachable { retry_after }),
                    Some(Landing::StillUnderWay(retry_after)) => {
                        Some(FreshTokenError::RefreshInProgress { retry_after })
                    }
                    Some(Landing::Lost) => {
                        return Err(FreshTokenError::NeedsPerson(ReconnectRequired::reason_for(None)));
                    }
                    Some(Landing::Failed(error)) => Some(FreshTokenError::Store(error)),
                    None | Some(Landing::ReadAgain) if Instant::now() >= deadline => Some(self.too_long(grant).await?),
                    before => {
                        if before.is_some() {
                            // It brought nothing, and may not the next moment either.
                            tokio::time::sleep(timing::REFRESH_POLL.0).await;
                        }
                        landed = landing(self.refreshing(grant, forced), deadline).await;
                        None
                    }
                },
            };
            match later {
                None => {}
                // Better than nothing, and good.
                Some(_) if !rejected && !grant.has_lapsed(row.now) => {
                    return Ok(self.answer(question, &row, grant, &token, &hash).await);
                }
                Some(error) => return Err(error),
            }
        }
    }

    /// Nobody has refreshed for longer than a refresh takes: whoever holds the lease is gone, until it can be taken over.
    async fn too_long(&self, grant: &Grant) -> Result<FreshTokenError, StoreError> {
        Ok(match self.store.refresh_turn(grant.id, grant.version).await? {
            RefreshTurn::IssuerRests(left) => {
                FreshTokenError::IdpUnreachable { retry_after: left.to_std().unwrap_or_default() }
            }
            RefreshTurn::Taken(left) => {
                FreshTokenError::RefreshInProgress { retry_after: left.to_std().unwrap_or_default() }
            }
            RefreshTurn::Free | RefreshTurn::Over => {
                FreshTokenError::RefreshInProgress { retry_after: Duration::from_secs(1) }
            }
        })
    }

    /// The server refuses a token that was just issued.
    async fn reject(&self, grant: &Grant) -> Result<(), StoreError> {
        let reference = self.reference();
        if self.store.record_rejection(grant.id, grant.version, &reference).await? {
            tracing::warn!(
                grant.id = %grant.id.0, server.id = %grant.key.server, %reference,
                "a server refuses a token that was just issued"
            );
            let event = AuditEvent::new(AuditKind::Faulted).of(grant).reference(&reference);
            self.audit.record(event.with("fault", FaultCode::RejectedByServer.as_str()));
            self.heard(&grant.key.principal);
        }
        Ok(())
    }

    async fn read(&self, question: &TokenQuestion) -> Result<JobAndGrant, FreshTokenError> {
        let row = self.store.find_job_and_grant(&question.job, &question.server).await?;
        let row = row.ok_or(FreshTokenError::JobUnknown)?;
        if !row.job.is_alive || !sealing::is_ours(self.store.as_ref(), &self.vault, &self.audit, &row.job).await? {
            return Err(FreshTokenError::JobUnknown);
        }
        let covered = row.job.servers.contains(&question.server);
        let own = question.sub.as_ref().is_none_or(|sub| *sub == row.job.sub);
        if !(covered && own) {
            return Err(FreshTokenError::NotCovered(question.server.clone()));
        }
        Ok(row)
    }

    async fn open_access(&self, grant: &Grant) -> Result<Option<Secret>, StoreError> {
        let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, TokenKind::Access);
        sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, &grant.access_token).await
    }

    async fn answer(
        &self,
        question: &TokenQuestion,
        row: &JobAndGrant,
        grant: &Grant,
        token: &Secret,
        hash: &str,
    ) -> FreshToken {
        if row.is_missed {
            self.restored(&question.job, &question.server).await;
        }
        self.audit.resolved(&question.job, grant);
        if question.known.as_deref().is_some_and(|known| same(known, hash)) {
            return FreshToken::StillCurrent;
        }
        let server_url = self.config.servers.get(&question.server).and_then(|server| server.url.as_ref());
        FreshToken::Token(ResolvedToken {
            access_token: token.expose().to_owned(),
            token_type: "Bearer".to_owned(),
            expires_at: grant.expires_at,
            expires_in_seconds: grant.expires_at.map(|end| (end - row.now).num_seconds().max(0).unsigned_abs()),
            scopes: grant.scopes.clone(),
            resource: grant.resource.clone(),
            server_url: server_url.map_or_else(|| grant.resource.clone(), ToString::to_string),
        })
    }
}

/// How long it is until then.
fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or(Duration::ZERO)
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}
