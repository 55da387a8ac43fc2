//! Forgetting a grant: here at once, and at the provider as soon as it lets us.

use super::{Connections, NotProtected};
use crate::{
    clock::Chance,
    domain::{
        AuditEvent, AuditKind, Grant, GrantId, GrantKey, KeyId, NewRevocation, PrincipalId, Revocation, RevocationId,
    },
    sealing::{self, Witness},
    storage::{Store, StoreError},
    timing,
    vault::{SealContext, Sealer, Secret, TokenKind, Vault},
};

/// What became of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the provider confirmed, or has yet to; `None` when there was nothing to forget.
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

/// A grant that is gone.
#[derive(Clone, Debug)]
pub struct Gone {
    /// What was forgotten.
    pub grant: Grant,
    /// Its tokens, queued for the provider, or why they are not.
    pub end: Result<Revocation, NotQueued>,
}

/// Why the provider of a forgotten grant cannot be told. It is forgotten all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotQueued {
    /// There is nothing to tell it with.
    #[error("its tokens do not open")]
    DoNotOpen,
    /// Another process could have.
    #[error("the key {0}, with which the database is sealed, is not held by this process")]
    KeyMissing(KeyId),
}

impl Connections {
    /// Forgets the grant first, so that it is gone here whatever the provider says; then ends its tokens there. What
    /// the provider does not confirm now is in the queue, and tried again by whichever process comes first.
    pub async fn disconnect(&self, principal: &PrincipalId, source: &str) -> Result<Disconnected, DisconnectError> {
        let protected = self.protected(source)?;
        let key = Self::key(principal, protected);
        let jobs_affected = self.store.count_living_jobs(&key).await?;
        let gone =
            forget(&*self.store, &self.vault, &self.audit, &self.chance, &key, None, timing::REVOCATION_CLAIM).await?;
        // Jobs of this person go on without it; those that wait are told at once.
        self.heard(principal);
        let Some(Gone { grant, end }) = gone else {
            return Ok(Disconnected { revoked_at_provider: None, jobs_affected: 0 });
        };
        self.audit.record(AuditEvent::new(AuditKind::Disconnected).of(&grant).with("by", "person"));
        let revoked = match end {
            Ok(end) => self.end_at_provider(&end).await,
            Err(NotQueued::KeyMissing(key)) => {
                tracing::warn!(grant.id = %grant.id.0, key.id = %key, "the key for the tokens of a disconnect is not held here, so the provider is not told");
                false
            }
            Err(NotQueued::DoNotOpen) => {
                tracing::warn!(grant.id = %grant.id.0, "the tokens of a disconnect do not open, so the provider cannot be told");
                false
            }
        };
        tracing::info!(source.id = source, grant.id = %grant.id.0, revoked_at_provider = revoked, jobs_affected, "disconnected");
        Ok(Disconnected { revoked_at_provider: Some(revoked), jobs_affected })
    }
}

/// Forgets whatever a key holds, or `only` this grant, and queues its tokens for the provider, in one transaction. Where
/// the key that seals is not held, it forgets all the same.
/// `claim` is how long nobody else tries; zero leaves the first attempt to whoever comes first.
///
/// # Errors
///
/// The database does not answer; nothing was forgotten.
pub async fn forget(
    store: &dyn Store,
    vault: &Vault,
    witness: &dyn Witness,
    chance: &Chance,
    key: &GrantKey,
    only: Option<GrantId>,
    claim: chrono::TimeDelta,
) -> Result<Option<Gone>, StoreError> {
    loop {
        let grant = store.find_grant(key).await?;
        if only.is_some_and(|only| grant.as_ref().is_none_or(|grant| grant.id != only)) {
            return Ok(None);
        }
        let end = match &grant {
            Some(grant) => match ending(store, vault, witness, chance, grant, claim).await {
                Ok(end) => end.ok_or(NotQueued::DoNotOpen),
                // Forgetting waits for no key.
                Err(StoreError::KeyMissing(key)) => Err(NotQueued::KeyMissing(key)),
                Err(error) => return Err(error),
            },
            None => Err(NotQueued::DoNotOpen),
        };
        let seen = grant.as_ref().map(|grant| (grant.id, grant.version));
        match store.disconnect(key, seen, end.as_ref().ok()).await {
            Ok(()) => return Ok(grant.map(|grant| Gone { grant, end: end.map(first_attempt) })),
            // Connected or refreshed in between: what is there now is what has to go.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The tokens of a grant, sealed for the queue.
async fn ending(
    store: &dyn Store,
    vault: &Vault,
    witness: &dyn Witness,
    chance: &Chance,
    grant: &Grant,
    pause: chrono::TimeDelta,
) -> Result<Option<NewRevocation>, StoreError> {
    let place = |kind| SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, kind);
    let refresh = match &grant.refresh_token {
        Some(sealed) => sealing::open(store, vault, witness, &place(TokenKind::Refresh), sealed).await?,
        None => None,
    };
    let access = sealing::open(store, vault, witness, &place(TokenKind::Access), &grant.access_token).await?;
    let sealer = sealing::sealer(store, vault).await?;
    let new = NewRevocation {
        id: RevocationId(chance.uuid()),
        key: grant.key.clone(),
        grant: grant.id,
        issuer: grant.issuer.clone(),
        client_id: grant.client_id.clone(),
        redirect_uri: grant.redirect_uri.clone(),
        refresh_token: None,
        access_token: None,
        pause,
    };
    Ok(sealed_for_queue(&sealer, new, refresh.as_ref(), access.as_ref()))
}

/// `None` when there is nothing to end.
pub(super) fn sealed_for_queue(
    sealer: &Sealer,
    new: NewRevocation,
    refresh: Option<&Secret>,
    access: Option<&Secret>,
) -> Option<NewRevocation> {
    let seal = |kind, token: &Secret| sealer.seal(&SealContext::revocation(new.id, &new.issuer, kind), token);
    let refresh_token = refresh.map(|token| seal(TokenKind::Refresh, token));
    let access_token = access.map(|token| seal(TokenKind::Access, token));
    let is_something = refresh_token.is_some() || access_token.is_some();
    is_something.then_some(NewRevocation { refresh_token, access_token, ..new })
}

/// What was queued, as whoever queued it tries it.
pub(super) fn first_attempt(new: NewRevocation) -> Revocation {
    Revocation {
        id: new.id,
        key: new.key,
        grant: new.grant,
        issuer: new.issuer,
        client_id: new.client_id,
        redirect_uri: new.redirect_uri,
        refresh_token: new.refresh_token,
        access_token: new.access_token,
        attempt: 1,
        is_last: false,
    }
}
