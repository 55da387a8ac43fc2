//! A worker's question: a token for this job's owner and this server, fresh.

use std::{sync::Arc, time::Duration};

use aiq_connect_shared::{FaultCode, ReconnectRequired, ResolvedToken};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use tracing::Instrument;

use super::{Connections, refresh::Refreshed};
use crate::{
    domain::{Grant, JobId, ServerId},
    sealing,
    storage::{JobAndGrant, StoreError},
    timing,
    vault::{SealContext, Secret, TokenKind},
};

/// What a worker asks.
#[derive(Clone, Debug)]
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
#[derive(Debug, thiserror::Error)]
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
    RefreshInProgress,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to do with a grant as it is stored now.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// Its token may be handed out.
    Usable,
    /// It needs a refresh first.
    NeedsRefresh,
    /// Only a person can help; the word says why.
    NeedsPerson(String),
}

impl Connections {
    /// Answers as things are now, refreshing on demand and waiting for nobody.
    pub(super) async fn token_now(self: &Arc<Self>, question: &TokenQuestion) -> Result<FreshToken, FreshTokenError> {
        let deadline = Instant::now() + timing::REFRESH_WAIT;
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
            match standing(grant, rejected, question.min_ttl, row.now) {
                Standing::Usable => return Ok(self.answer(question, &row, grant, &token, &hash).await),
                Standing::NeedsPerson(reason) => return Err(FreshTokenError::NeedsPerson(reason)),
                Standing::NeedsRefresh => {}
            }
            let still_good = !rejected && !grant.has_lapsed(row.now);
            let outcome = if self.store.lease(grant.id, grant.version, &self.process).await? {
                match self.refresh_to_the_end(grant.clone()).await {
                    // What would come could not be sealed here. What is there still works.
                    Err(StoreError::KeyMissing(_)) if still_good => Some(Refreshed::Later { retry_after: None }),
                    refreshed => Some(refreshed?),
                }
            } else {
                None
            };
            match outcome {
                Some(Refreshed::ReadAgain) => {}
                Some(Refreshed::Lost) => return Err(FreshTokenError::NeedsPerson(ReconnectRequired::reason_for(None))),
                Some(Refreshed::Later { .. }) if still_good => {
                    return Ok(self.answer(question, &row, grant, &token, &hash).await);
                }
                Some(Refreshed::Later { retry_after }) => {
                    return Err(FreshTokenError::IdpUnreachable {
                        retry_after: retry_after.unwrap_or(Duration::from_secs(5)),
                    });
                }
                None if Instant::now() < deadline => tokio::time::sleep(timing::REFRESH_POLL).await,
                None if still_good => return Ok(self.answer(question, &row, grant, &token, &hash).await),
                None => return Err(FreshTokenError::RefreshInProgress),
            }
        }
    }

    async fn read(&self, question: &TokenQuestion) -> Result<JobAndGrant, FreshTokenError> {
        let row = self.store.find_job_and_grant(&question.job, &question.server).await?;
        let row = row.ok_or(FreshTokenError::JobUnknown)?;
        if !row.job.is_alive || !sealing::is_ours(self.store.as_ref(), &self.vault, &row.job).await? {
            return Err(FreshTokenError::JobUnknown);
        }
        let covered = row.job.servers.contains(&question.server);
        let own = question.sub.as_ref().is_none_or(|sub| *sub == row.job.sub);
        if !(covered && own) {
            return Err(FreshTokenError::NotCovered(question.server.clone()));
        }
        Ok(row)
    }

    /// Runs to its end even if the worker goes away: a refresh that was sent must be stored.
    async fn refresh_to_the_end(self: &Arc<Self>, grant: Grant) -> Result<Refreshed, StoreError> {
        let this = Arc::clone(self);
        tokio::spawn(async move { this.refresh_leased(&grant).await }.in_current_span())
            .await
            .map_err(|panic| StoreError::Unavailable(Box::new(panic)))?
    }

    async fn open_access(&self, grant: &Grant) -> Result<Option<Secret>, StoreError> {
        let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, TokenKind::Access);
        let opened = sealing::open(self.store.as_ref(), &self.vault, &context, &grant.access_token).await?;
        if opened.is_none() {
            self.audit.unopened(grant);
        }
        Ok(opened)
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
            scopes: grant.scopes.clone(),
            resource: grant.resource.clone(),
            server_url: server_url.map_or_else(|| grant.resource.clone(), ToString::to_string),
        })
    }
}

fn standing(grant: &Grant, rejected: bool, min_ttl: TimeDelta, now: DateTime<Utc>) -> Standing {
    if let Some(fault) = grant.fault {
        return Standing::NeedsPerson(fault.as_str().to_owned());
    }
    // A token that lives ten seconds in all can never last thirty: half of its life is enough.
    let wanted = grant.lifetime().map_or(min_ttl, |life| min_ttl.min(life / 2));
    if !rejected && grant.outlives(wanted, now) {
        return Standing::Usable;
    }
    match (grant.is_renewable(), rejected, grant.has_lapsed(now)) {
        (true, _, _) => Standing::NeedsRefresh,
        (false, false, false) => Standing::Usable,
        (false, true, _) => Standing::NeedsPerson(FaultCode::RejectedByServer.as_str().to_owned()),
        (false, false, true) => Standing::NeedsPerson("expired".to_owned()),
    }
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{GrantId, GrantKey, PrincipalId, Sealed, Version};

    const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(1_800_000_000_000_000_000);
    const ASKED: TimeDelta = TimeDelta::seconds(30);

    fn grant(life: i64, left: i64, renewable: bool) -> Grant {
        let expires_at = NOW + TimeDelta::seconds(left);
        Grant {
            id: GrantId(uuid::Uuid::nil()),
            key: GrantKey { principal: PrincipalId("p".into()), server: "s".into() },
            version: Version::FIRST,
            issuer: "https://as".into(),
            client_id: "us".into(),
            resource: "https://s/mcp".into(),
            redirect_uri: "https://us/cb".into(),
            scopes: vec![],
            access_token: Sealed(vec![]),
            refresh_token: renewable.then(|| Sealed(vec![])),
            issued_at: expires_at - TimeDelta::seconds(life),
            expires_at: Some(expires_at),
            fault: None,
            fault_reference: None,
            in_doubt_since: None,
            account_label: None,
            connected_at: NOW,
        }
    }

    #[test]
    fn a_token_that_lasts_as_long_as_asked_is_used_as_it_is() {
        assert_eq!(standing(&grant(3600, 31, true), false, ASKED, NOW), Standing::Usable);
        assert_eq!(standing(&grant(3600, 30, true), false, ASKED, NOW), Standing::NeedsRefresh);
    }

    #[test]
    fn a_short_lived_token_has_to_last_half_its_life_only() {
        assert_eq!(standing(&grant(8, 5, true), false, ASKED, NOW), Standing::Usable);
        assert_eq!(standing(&grant(8, 4, true), false, ASKED, NOW), Standing::NeedsRefresh);
    }

    #[test]
    fn a_rejected_token_is_refreshed_however_long_it_would_last() {
        assert_eq!(standing(&grant(3600, 3600, true), true, ASKED, NOW), Standing::NeedsRefresh);
    }

    #[test]
    fn what_cannot_renew_itself_is_used_to_its_end_and_then_needs_a_person() {
        assert_eq!(standing(&grant(3600, 1, false), false, ASKED, NOW), Standing::Usable);
        assert_eq!(standing(&grant(3600, 0, false), false, ASKED, NOW), Standing::NeedsPerson("expired".into()));
        assert_eq!(
            standing(&grant(3600, 9, false), true, ASKED, NOW),
            Standing::NeedsPerson("rejected_by_server".into())
        );
    }

    #[test]
    fn a_faulty_grant_needs_a_person_and_a_token_without_an_end_is_used() {
        let mut revoked = grant(3600, 3600, true);
        revoked.fault = Some(FaultCode::Revoked);
        assert_eq!(standing(&revoked, false, ASKED, NOW), Standing::NeedsPerson("revoked".into()));
        let mut endless = grant(3600, 0, false);
        endless.expires_at = None;
        assert_eq!(standing(&endless, false, ASKED, NOW), Standing::Usable);
    }
}
