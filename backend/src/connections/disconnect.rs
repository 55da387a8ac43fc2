//! Forgetting a grant, here at once and at the provider as far as it lets us.

use super::{Connections, NotProtected};
use crate::{
    domain::{Grant, PrincipalId},
    oauth::{RevocationError, TokenHint},
    sealing,
    storage::StoreError,
    vault::{SealContext, TokenKind},
};

/// What became of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the provider confirmed; `None` when there was nothing to forget.
    pub revoked_at_provider: Option<bool>,
    /// Living jobs that could use it until now.
    pub jobs_affected: u32,
}

/// Why nothing was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum DisconnectError {
    /// There is nothing to disconnect.
    #[error(transparent)]
    NotProtected(#[from] NotProtected),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Connections {
    /// Forgets the grant first, so that it is gone here whatever the provider says; then ends its tokens there.
    pub async fn disconnect(&self, principal: &PrincipalId, source: &str) -> Result<Disconnected, DisconnectError> {
        let protected = self.protected(source)?;
        let key = Self::key(principal, protected);
        let jobs_affected = self.store.count_living_jobs(&key).await?;
        let forgotten = self.store.disconnect(&key).await?;
        // Jobs of this person go on without it; those that wait are told at once.
        self.heard(principal);
        let Some(grant) = forgotten else {
            return Ok(Disconnected { revoked_at_provider: None, jobs_affected: 0 });
        };
        let revoked = self.revoke(&grant).await;
        tracing::info!(source.id = source, grant.id = %grant.id.0, revoked_at_provider = revoked, jobs_affected, "disconnected");
        Ok(Disconnected { revoked_at_provider: Some(revoked), jobs_affected })
    }

    /// RFC 7009 §2.1: the refresh token first, which ends the whole grant at most servers; then the access token.
    async fn revoke(&self, grant: &Grant) -> bool {
        let metadata = match self.servers.metadata(&grant.issuer).await {
            Ok(metadata) => metadata,
            Err(error) => {
                tracing::warn!(grant.id = %grant.id.0, %error, "the provider could not be told of a disconnect");
                return false;
            }
        };
        let Ok(Some(client)) = self.client_of(grant).await else {
            tracing::warn!(grant.id = %grant.id.0, "no OAuth client to tell the provider of a disconnect with");
            return false;
        };
        let sealed = [
            (grant.refresh_token.as_ref(), TokenKind::Refresh, TokenHint::Refresh),
            (Some(&grant.access_token), TokenKind::Access, TokenHint::Access),
        ];
        let mut all_ended = true;
        for (sealed, kind, hint) in sealed.into_iter().filter_map(|(sealed, kind, hint)| Some((sealed?, kind, hint))) {
            let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, kind);
            let opened = sealing::open(self.store.as_ref(), &self.vault, &context, sealed).await;
            let Ok(Some(token)) = opened else {
                all_ended = false;
                continue;
            };
            match self.servers.revoke(&metadata, &client, &token, hint).await {
                Ok(()) => {}
                // RFC 7009 §2.2.1: a server need not end access tokens by name; the grant they came from is gone.
                Err(RevocationError::Refused(400)) if hint == TokenHint::Access && grant.is_renewable() => {}
                Err(error) => {
                    tracing::warn!(grant.id = %grant.id.0, %error, "the provider did not end a token");
                    all_ended = false;
                }
            }
        }
        all_ended
    }
}
