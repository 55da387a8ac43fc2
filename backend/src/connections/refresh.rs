//! One refresh of one grant: lease, doubt, request, compare-and-set.

use std::time::Duration;

use aiq_connect_shared::FaultCode;

use super::{Connections, FaultCause, revoking::Unkept};
use crate::{
    config::ClientSource,
    domain::{AuditEvent, AuditKind, Grant, GrantTokens},
    oauth::{Client, Metadata, TokenAnswer, TokenError},
    sealing,
    storage::StoreError,
    vault::{SealContext, Sealer, Secret, TokenKind},
};

/// How often the one write that must not be lost is tried while the database is away, and the pause between.
const KEEP_TRYING: (u32, Duration) = (60, Duration::from_millis(500));

/// What became of it.
#[derive(Debug)]
pub(super) enum Refreshed {
    /// The stored grant changed, by us or by somebody else: read again.
    ReadAgain,
    /// What is stored does not open: the grant is as good as none.
    Lost,
    /// It did not work this time; the grant is as good as it was.
    Later {
        /// The provider's wish.
        retry_after: Option<Duration>,
    },
}

impl Connections {
    /// Refreshes a grant whose lease this process holds. Ends the lease in every case.
    pub(super) async fn refresh_leased(&self, grant: &Grant) -> Result<Refreshed, StoreError> {
        let (metadata, client, refresh_token) = match self.prepare(grant).await? {
            Ok(prepared) => prepared,
            Err(outcome) => return Ok(outcome),
        };
        let sealer = match sealing::sealer(self.store.as_ref(), &self.vault).await {
            Ok(sealer) => sealer,
            Err(error) => {
                // What comes could not be sealed: somebody who can shall ask.
                self.store.release(grant.id, grant.version, &self.process).await?;
                return Err(error);
            }
        };
        if !self.store.mark_in_doubt(grant.id, grant.version, &self.process).await? {
            return Ok(Refreshed::ReadAgain);
        }
        let mut answer = self.servers.refresh(&metadata, &client, &refresh_token, &grant.resource).await;
        if let Err(TokenError::InDoubt(_)) = answer {
            // Sent, no answer: once more at once, before the provider forgets that it is the same request.
            answer = self.servers.refresh(&metadata, &client, &refresh_token, &grant.resource).await;
        }
        match answer {
            Ok(answer) => self.keep(grant, &refresh_token, answer, &sealer).await,
            Err(error) if error.is_transient() => self.later(grant, error).await,
            Err(error) => self.settle(grant, error).await,
        }
    }

    async fn prepare(
        &self,
        grant: &Grant,
    ) -> Result<Result<(std::sync::Arc<Metadata>, Client, Secret), Refreshed>, StoreError> {
        let metadata = match self.servers.metadata(&grant.issuer).await {
            Ok(metadata) => metadata,
            Err(error) => {
                tracing::warn!(grant.id = %grant.id.0, server.id = %grant.key.server, %error, "no metadata for a refresh");
                self.store.release(grant.id, grant.version, &self.process).await?;
                return Ok(Err(Refreshed::Later { retry_after: None }));
            }
        };
        let Some(client) = self.client_of(grant).await? else {
            self.record(grant, FaultCode::ClientMisconfigured, "the OAuth client of this grant is gone").await?;
            return Ok(Err(Refreshed::ReadAgain));
        };
        let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, TokenKind::Refresh);
        let opened = match &grant.refresh_token {
            Some(sealed) => sealing::open(self.store.as_ref(), &self.vault, &context, sealed).await,
            None => Ok(None),
        };
        let Ok(Some(refresh_token)) = opened else {
            if matches!(opened, Ok(None)) {
                self.audit.unopened(grant);
            }
            self.store.release(grant.id, grant.version, &self.process).await?;
            return opened.map(|_| Err(Refreshed::Lost));
        };
        Ok(Ok((metadata, client, refresh_token)))
    }

    /// Stores the answer, whoever holds the lease by now: it is the newest truth, and the old token may be dead.
    async fn keep(
        &self,
        grant: &Grant,
        old_refresh_token: &Secret,
        answer: TokenAnswer,
        sealer: &Sealer,
    ) -> Result<Refreshed, StoreError> {
        let next = grant.version.next();
        let seal = |kind, token: &Secret| {
            sealer.seal(&SealContext::grant(&grant.key, &grant.issuer, grant.id, next, kind), token)
        };
        // RFC 6749 §6: no new refresh token means that the old one stays.
        let refresh_token = answer.refresh_token.as_ref().unwrap_or(old_refresh_token);
        let tokens = GrantTokens {
            access_token: seal(TokenKind::Access, &answer.access_token),
            refresh_token: Some(seal(TokenKind::Refresh, refresh_token)),
            expires_in: answer.expires_in,
            scopes: answer.scopes.unwrap_or_else(|| grant.scopes.clone()),
        };
        let (tries, pause) = KEEP_TRYING;
        for remaining in (0..tries).rev() {
            match self.store.rotate(grant.id, grant.version, &tokens).await {
                Ok(()) => {
                    tracing::info!(grant.id = %grant.id.0, server.id = %grant.key.server, version = next.0, "refreshed");
                    let mut event = AuditEvent::new(AuditKind::Refreshed).of(grant);
                    event.version = Some(next);
                    self.audit.record(event);
                    return Ok(Refreshed::ReadAgain);
                }
                Err(StoreError::Conflict) => break,
                Err(error @ StoreError::Unavailable(_)) if remaining > 0 => {
                    tracing::warn!(grant.id = %grant.id.0, %error, "a refreshed token waits for the database");
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
        let stored = self.store.find_grant(&grant.key).await?;
        if stored.is_none_or(|stored| stored.id != grant.id) {
            // Disconnected, or connected anew, meanwhile: that wish wins, and what came late must not live on.
            self.end_unkept(
                Unkept {
                    key: &grant.key,
                    grant: grant.id,
                    issuer: &grant.issuer,
                    client_id: &grant.client_id,
                    redirect_uri: &grant.redirect_uri,
                    refresh_token: Some(refresh_token),
                    access_token: Some(&answer.access_token),
                },
                sealer,
            )
            .await;
        }
        Ok(Refreshed::ReadAgain)
    }

    async fn later(&self, grant: &Grant, error: TokenError) -> Result<Refreshed, StoreError> {
        let retry_after = match &error {
            TokenError::Busy { retry_after, .. } => *retry_after,
            _ => None,
        };
        tracing::warn!(grant.id = %grant.id.0, server.id = %grant.key.server, %error, "a refresh did not work this time");
        self.store.release(grant.id, grant.version, &self.process).await?;
        Ok(Refreshed::Later { retry_after })
    }

    /// A definitive refusal. Somebody may have rotated in between: then it says nothing about what is stored now.
    async fn settle(&self, grant: &Grant, error: TokenError) -> Result<Refreshed, StoreError> {
        let forgotten = matches!(error, TokenError::InvalidClient) && self.is_registered_by_us(grant);
        let cause = FaultCause::Token(error);
        if forgotten {
            // The issuer forgot a client that it had registered: connecting again registers anew.
            self.store.forget_registration(&grant.issuer, &grant.redirect_uri, &grant.client_id).await?;
        }
        let code = if forgotten { FaultCode::Revoked } else { cause.code() };
        self.record(grant, code, &cause.to_string()).await?;
        Ok(Refreshed::ReadAgain)
    }

    fn is_registered_by_us(&self, grant: &Grant) -> bool {
        let server = self.config.servers.get(&grant.key.server);
        server.is_some_and(|server| matches!(server.client, ClientSource::Dynamic { .. }))
    }

    async fn record(&self, grant: &Grant, code: FaultCode, why: &str) -> Result<(), StoreError> {
        let reference = self.reference();
        // Refused by the store if the version is not the stored one any more.
        if self.store.record_fault(grant.id, grant.version, code, &reference).await? {
            let event = AuditEvent::new(AuditKind::Faulted).of(grant).reference(&reference);
            self.audit.record(event.with("fault", code.as_str()));
            tracing::warn!(
                grant.id = %grant.id.0, server.id = %grant.key.server, fault = code.as_str(), %reference, why,
                "a grant does not work any more"
            );
        }
        Ok(())
    }
}
