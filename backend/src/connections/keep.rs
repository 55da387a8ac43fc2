//! Keeping what a refresh brought. It exists nowhere else, and the token before it may be dead.

use super::{Connections, refresh::Prepared, revoking::Unkept};
use crate::{
    domain::{AuditEvent, AuditKind, Grant, GrantTokens},
    oauth::TokenAnswer,
    storage::StoreError,
    timing,
    vault::{SealContext, Secret, TokenKind},
};

impl Connections {
    /// Stores the answer, whoever holds the lease by now: it is the newest truth. While the database is away it is
    /// offered again and again.
    pub(super) async fn keep(&self, grant: &Grant, prepared: &Prepared, answer: TokenAnswer) -> Result<(), StoreError> {
        let next = grant.version.next();
        let seal = |kind, token: &Secret| {
            prepared.sealer.seal(&SealContext::grant(&grant.key, &grant.issuer, grant.id, next, kind), token)
        };
        // RFC 6749 §6: no new refresh token means that the old one stays.
        let refresh_token = answer.refresh_token.as_ref().unwrap_or(&prepared.refresh_token);
        let tokens = GrantTokens {
            access_token: seal(TokenKind::Access, &answer.access_token),
            refresh_token: Some(seal(TokenKind::Refresh, refresh_token)),
            expires_in: answer.expires_in,
            scopes: answer.scopes.unwrap_or_else(|| grant.scopes.clone()),
        };
        let mut was_away = false;
        loop {
            match self.store.rotate(grant.id, grant.version, &tokens).await {
                Ok(()) => {
                    self.kept(grant);
                    return Ok(());
                }
                Err(StoreError::Conflict) => break,
                Err(error @ StoreError::Unavailable(_)) => {
                    if !std::mem::replace(&mut was_away, true) {
                        tracing::warn!(grant.id = %grant.id.0, %error, "a refreshed token waits for the database");
                    }
                    tokio::time::sleep(timing::KEEP_TRYING).await;
                }
                Err(error) => return Err(error),
            }
        }
        match self.store.find_grant(&grant.key).await? {
            // Stored by an attempt whose answer did not arrive. No two sealed values are alike.
            Some(stored) if stored.id == grant.id && stored.access_token == tokens.access_token => self.kept(grant),
            // A newer version of it makes this one worthless. Connected anew, it may be of the same family, which ends
            // whole.
            Some(_) => {}
            // Disconnected meanwhile: that wish wins, and what came late must not live on.
            None => {
                let unkept = Unkept {
                    key: &grant.key,
                    grant: grant.id,
                    issuer: &grant.issuer,
                    client_id: &grant.client_id,
                    redirect_uri: &grant.redirect_uri,
                    refresh_token: Some(refresh_token),
                    access_token: Some(&answer.access_token),
                };
                self.end_unkept(unkept, &prepared.sealer).await;
            }
        }
        Ok(())
    }

    /// What a refresh brought is stored.
    fn kept(&self, grant: &Grant) {
        let next = grant.version.next();
        tracing::info!(grant.id = %grant.id.0, server.id = %grant.key.server, version = next.0, "refreshed");
        let mut event = AuditEvent::new(AuditKind::Refreshed).of(grant);
        event.version = Some(next);
        self.audit.record(event);
        self.renewed(&grant.key.principal);
    }
}
