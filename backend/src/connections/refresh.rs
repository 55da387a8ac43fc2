//! One refresh of one grant: a place at its issuer, lease, doubt, request, compare-and-set.

use std::{sync::Arc, time::Duration};

use aiq_connect_shared::FaultCode;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use super::{
    Connections, FaultCause, backoff,
    flights::{Boarding, Landing, News},
};
use crate::{
    config::ClientSource,
    domain::{AuditEvent, AuditKind, Grant, Lease, Postponed, RefreshTurn},
    oauth::{Client, Metadata, TokenAnswer, TokenError},
    sealing,
    storage::{NewFault, StoreError},
    timing,
    vault::{SealContext, Sealer, Secret, TokenKind},
};

/// Beside the fault `revoked`: an earlier answer, which would have held the next refresh token, did not arrive.
const LOST_RESPONSE: &str = "lost_response";

/// Everything that a refresh needs, found before its lease is taken.
pub(super) struct Prepared {
    pub metadata: Arc<Metadata>,
    pub client: Client,
    pub refresh_token: Secret,
    pub sealer: Sealer,
}

impl Connections {
    /// Joins the refresh of this grant, or begins one, which runs to its end whoever goes away: a refresh that was sent
    /// must be stored.
    pub(super) fn refreshing(self: &Arc<Self>, grant: &Grant, forced: bool) -> News {
        match self.flights.board(grant) {
            Boarding::Joined(news) => news,
            Boarding::First(captain, news) => {
                let (this, grant, own) = (Arc::clone(self), grant.clone(), news.clone());
                let flight = async move {
                    let landing = this.refresh(&grant, forced, own).await;
                    captain.land(landing.unwrap_or_else(|error| Landing::Failed(Arc::new(error))));
                };
                tokio::spawn(flight.in_current_span());
                news
            }
        }
    }

    /// Refreshes as soon as it may, or sees another process do it.
    async fn refresh(&self, grant: &Grant, forced: bool, mut news: News) -> Result<Landing, StoreError> {
        let deadline = Instant::now() + timing::REFRESH_WAIT;
        let prepared = match self.prepare(grant).await? {
            Ok(prepared) => prepared,
            Err(landing) => return Ok(landing),
        };
        let (mut pause, longest) = timing::REFRESH_POLL;
        loop {
            // In front of the lease, because whoever queues with a lease keeps others from it.
            let Ok(place) = timeout_at(deadline, self.issuers.place(&grant.issuer)).await else {
                return Ok(Landing::StillUnderWay(longest));
            };
            let asked = Instant::now();
            if let Some(lease) = self.store.lease(grant.id, grant.version, &self.process, forced).await? {
                self.refresh_leased(grant, &prepared, lease, asked).await?;
                return Ok(Landing::ReadAgain);
            }
            drop(place);
            loop {
                match self.store.refresh_turn(grant.id, grant.version).await? {
                    RefreshTurn::Over => return Ok(Landing::ReadAgain),
                    RefreshTurn::IssuerRests(left) => {
                        return Ok(Landing::IssuerRests(left.to_std().unwrap_or(longest)));
                    }
                    RefreshTurn::Free => break,
                    RefreshTurn::Taken(left) if Instant::now() >= deadline => {
                        return Ok(Landing::StillUnderWay(left.to_std().unwrap_or(longest)));
                    }
                    RefreshTurn::Taken(_) => {}
                }
                // Another process tells, if it can; looking is what can be relied on.
                let _ = timeout_at(deadline.min(Instant::now() + pause), news.changed()).await;
                pause = (pause * 3 / 2).min(longest);
            }
        }
    }

    /// Or says why it cannot be refreshed, or not now.
    async fn prepare(&self, grant: &Grant) -> Result<Result<Prepared, Landing>, StoreError> {
        let metadata = match self.servers.metadata(&grant.issuer).await {
            Ok(metadata) => metadata,
            Err(error) => {
                tracing::warn!(grant.id = %grant.id.0, server.id = %grant.key.server, %error, "no metadata for a refresh");
                let postponed =
                    Postponed { pause: backoff::pause(2, &self.chance), issuer_rest: None, is_certain: false };
                self.store.postpone(grant.id, grant.version, &self.process, postponed).await?;
                return Ok(Err(Landing::ReadAgain));
            }
        };
        let Some(client) = self.client_of(grant).await? else {
            self.record(grant, FaultCode::ClientMisconfigured, "the OAuth client of this grant is gone", None).await?;
            return Ok(Err(Landing::ReadAgain));
        };
        let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, TokenKind::Refresh);
        let opened = match &grant.refresh_token {
            Some(sealed) => sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, sealed).await?,
            None => None,
        };
        let Some(refresh_token) = opened else { return Ok(Err(Landing::Lost)) };
        // What comes has to be sealed. Where it could not be, nothing is sent: somebody who can shall ask.
        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        Ok(Ok(Prepared { metadata, client, refresh_token, sealer }))
    }

    /// Sends, with a lease that was asked for at this time. Ends the lease in every case.
    async fn refresh_leased(
        &self,
        grant: &Grant,
        prepared: &Prepared,
        lease: Lease,
        asked: Instant,
    ) -> Result<(), StoreError> {
        let may_send = self.store.mark_in_doubt(grant.id, grant.version, &self.process).await?;
        // The database has looked; but this process may have stood still since.
        let late = timing::LATE_SENDER.to_std().unwrap_or(Duration::ZERO);
        if !may_send || asked.elapsed() >= late {
            tracing::warn!(grant.id = %grant.id.0, server.id = %grant.key.server, "too late to refresh; it is tried anew");
            return self.store.release(grant.id, grant.version, &self.process).await;
        }
        // What was asked for before and not heard may be why the provider refuses now.
        let mut was_lost = lease.was_in_doubt;
        let answer = timeout(timing::REFRESH_REQUEST, self.ask(grant, prepared, &mut was_lost)).await;
        match answer.unwrap_or(Err(TokenError::InDoubt(None))) {
            Ok(answer) => self.keep(grant, prepared, answer).await,
            Err(error) if error.is_transient() => {
                tracing::warn!(grant.id = %grant.id.0, server.id = %grant.key.server, %error, "a refresh did not work this time");
                let postponed = backoff::after(&error, &lease, &self.chance);
                self.store.postpone(grant.id, grant.version, &self.process, postponed).await
            }
            Err(error) => self.settle(grant, error, was_lost).await,
        }
    }

    async fn ask(&self, grant: &Grant, prepared: &Prepared, was_lost: &mut bool) -> Result<TokenAnswer, TokenError> {
        let Prepared { metadata, client, refresh_token, .. } = prepared;
        let began = Instant::now();
        let once = || self.servers.refresh(metadata, client, refresh_token, &grant.resource);
        let first = timeout(timing::REFRESH_FIRST_ANSWER, once()).await;
        match first.unwrap_or(Err(TokenError::InDoubt(None))) {
            // Sent, no answer: once more at once, before the provider forgets that it is the same request. Not if this
            // process stood still meanwhile, because somebody else may have taken over.
            Err(TokenError::InDoubt(_)) if began.elapsed() < timing::REFRESH_REQUEST => {
                *was_lost = true;
                once().await
            }
            answer => answer,
        }
    }

    /// A definitive refusal. Somebody may have rotated in between: then it says nothing about what is stored now, and
    /// the store does not record it.
    async fn settle(&self, grant: &Grant, error: TokenError, was_lost: bool) -> Result<(), StoreError> {
        let forgotten = matches!(error, TokenError::InvalidClient) && self.is_registered_by_us(grant);
        let is_lost = matches!(error, TokenError::InvalidGrant) && was_lost;
        let cause = FaultCause::Token(error);
        if forgotten {
            // The issuer forgot a client that it had registered: connecting again registers anew.
            self.forget_client(&grant.issuer, &grant.redirect_uri, &grant.client_id).await?;
        }
        let code = if forgotten { FaultCode::Revoked } else { cause.code() };
        self.record(grant, code, &cause.to_string(), is_lost.then_some(LOST_RESPONSE)).await
    }

    fn is_registered_by_us(&self, grant: &Grant) -> bool {
        let server = self.config.servers.get(&grant.key.server);
        server.is_some_and(|server| matches!(server.client, ClientSource::Dynamic { .. }))
    }

    async fn record(
        &self,
        grant: &Grant,
        code: FaultCode,
        why: &str,
        detail: Option<&'static str>,
    ) -> Result<(), StoreError> {
        let reference = self.reference();
        let fault = NewFault { code, reference: &reference, detail };
        // Refused by the store if the version is not the stored one any more.
        if self.store.record_fault(grant.id, grant.version, &fault).await? {
            let event = AuditEvent::new(AuditKind::Faulted).of(grant).reference(&reference);
            self.audit.record(event.with("fault", code.as_str()));
            tracing::warn!(
                grant.id = %grant.id.0, server.id = %grant.key.server, fault = code.as_str(), %reference, why, detail,
                "a grant does not work any more"
            );
            self.heard(&grant.key.principal);
        }
        Ok(())
    }
}
