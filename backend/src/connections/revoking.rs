//! Having providers end tokens (RFC 7009): at once, and again and again until they confirm or a week has passed.

use chrono::TimeDelta;

use super::{
    Connections,
    disconnect::{first_attempt, sealed_for_queue},
};
use crate::{
    clock::Chance,
    domain::{AuditEvent, AuditKind, GrantId, GrantKey, NewRevocation, Revocation, RevocationId},
    oauth::{RevocationError, TokenHint},
    sealing,
    storage::StoreError,
    timing,
    vault::{SealContext, Sealer, Secret, TokenKind},
};

/// Tokens that belong to no stored grant: their sign-in was cancelled, or their grant was forgotten meanwhile.
pub(super) struct Unkept<'a> {
    pub key: &'a GrantKey,
    pub grant: GrantId,
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    pub refresh_token: Option<&'a Secret>,
    pub access_token: Option<&'a Secret>,
}

/// How one attempt went.
enum Attempt {
    Confirmed,
    /// It will not work, however often it is tried.
    Hopeless(&'static str),
    Later(&'static str),
}

impl Connections {
    /// Ends tokens that nobody may use: queued first, so that they are not forgotten when the provider is away.
    pub(super) async fn end_unkept(&self, tokens: Unkept<'_>, sealer: &Sealer) {
        let new = NewRevocation {
            id: RevocationId(self.chance.uuid()),
            key: tokens.key.clone(),
            grant: tokens.grant,
            issuer: tokens.issuer.to_owned(),
            client_id: tokens.client_id.to_owned(),
            redirect_uri: tokens.redirect_uri.to_owned(),
            refresh_token: None,
            access_token: None,
            pause: timing::REVOCATION_CLAIM,
        };
        let Some(new) = sealed_for_queue(sealer, new, tokens.refresh_token, tokens.access_token) else { return };
        if let Err(error) = self.store.queue_revocation(&new).await {
            // Then this attempt is the only one.
            tracing::error!(grant.id = %new.grant.0, %error, "tokens that nobody may use could not be queued for their provider");
        }
        self.end_at_provider(&first_attempt(new)).await;
    }

    /// Takes one entry of the queue and tries it. `false`: none is due.
    pub async fn revoke_next(&self) -> Result<bool, StoreError> {
        let Some(entry) = self.store.take_revocation().await? else { return Ok(false) };
        self.end_at_provider(&entry).await;
        Ok(true)
    }

    /// Tries an entry that this process has taken, and removes it or puts it back. Tells whether the provider confirmed.
    pub(super) async fn end_at_provider(&self, entry: &Revocation) -> bool {
        let outcome = match self.attempt(entry).await {
            Attempt::Later(why) if entry.is_last => Attempt::Hopeless(why),
            outcome => outcome,
        };
        let event = |kind| {
            let mut event = AuditEvent::new(kind).at(&entry.key).with("issuer", &entry.issuer);
            event.grant = Some(entry.grant);
            event.with("attempts", entry.attempt.to_string())
        };
        let kept = match outcome {
            Attempt::Confirmed => {
                self.audit.record(event(AuditKind::Revoked));
                self.store.end_revocation(entry.id).await.map(drop)
            }
            Attempt::Hopeless(why) => {
                self.audit.record(event(AuditKind::RevocationGivenUp).with("why", why));
                tracing::warn!(grant.id = %entry.grant.0, issuer = entry.issuer, why, "the provider never confirmed the end of tokens");
                self.store.end_revocation(entry.id).await.map(drop)
            }
            Attempt::Later(_) => {
                self.store.postpone_revocation(entry.id, entry.attempt, pause(entry.attempt, &self.chance)).await
            }
        };
        if let Err(error) = kept {
            // Its time comes again, and ending tokens twice does no harm.
            tracing::warn!(grant.id = %entry.grant.0, %error, "the outcome of a revocation was not stored");
        }
        matches!(outcome, Attempt::Confirmed)
    }

    /// RFC 7009 §2.1: the refresh token first, which ends the whole grant at most servers; then the access token.
    async fn attempt(&self, entry: &Revocation) -> Attempt {
        // Before anything else: the key that it was taken with may be removed any minute, and the entry sealed anew.
        let (mut tokens, mut outcome) = (Vec::new(), Attempt::Confirmed);
        for (sealed, kind, hint) in [
            (&entry.refresh_token, TokenKind::Refresh, TokenHint::Refresh),
            (&entry.access_token, TokenKind::Access, TokenHint::Access),
        ] {
            let Some(sealed) = sealed else { continue };
            let context = SealContext::revocation(entry.id, &entry.issuer, kind);
            match sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, sealed).await {
                Ok(Some(token)) => tokens.push((token, hint)),
                Ok(None) | Err(_) => outcome = Attempt::Later("does_not_open"),
            }
        }
        let metadata = match self.servers.metadata(&entry.issuer).await {
            Ok(metadata) => metadata,
            Err(error) => {
                tracing::warn!(grant.id = %entry.grant.0, %error, "the provider could not be told of a disconnect");
                return Attempt::Later("no_metadata");
            }
        };
        if metadata.revocation_endpoint.is_none() {
            return Attempt::Hopeless("not_offered");
        }
        let server = self.config.servers.get(&entry.key.server);
        let client = self.client_at(server, &entry.issuer, &entry.redirect_uri, &entry.client_id).await;
        let Ok(Some(client)) = client else {
            tracing::warn!(grant.id = %entry.grant.0, "no OAuth client to tell the provider of a disconnect with");
            return Attempt::Later("no_client");
        };
        for (token, hint) in tokens {
            match self.servers.revoke(&metadata, &client, &token, hint).await {
                Ok(()) => {}
                // RFC 7009 §2.2.1: a server need not end access tokens by name; the grant they came from is gone.
                Err(RevocationError::Refused(400)) if hint == TokenHint::Access && entry.refresh_token.is_some() => {}
                Err(error) => {
                    tracing::warn!(grant.id = %entry.grant.0, %error, "the provider did not end a token");
                    outcome = Attempt::Later(match error {
                        RevocationError::Unreachable(_) => "unreachable",
                        RevocationError::Refused(_) | RevocationError::NotOffered => "refused",
                    });
                }
            }
        }
        outcome
    }
}

/// Twice as long after each attempt, within limits and three to five quarters of that.
fn pause(attempt: i64, chance: &Chance) -> TimeDelta {
    let (shortest, longest) = timing::REVOCATION_RETRY;
    let doublings = u32::try_from(attempt - 1).unwrap_or(u32::MAX).min(20);
    let pause = (shortest * 2_i32.pow(doublings)).min(longest);
    let [byte] = chance.bytes::<1>();
    pause * 3 / 4 + pause / 2 * i32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour_and_differ_by_chance() {
        let chance = Chance::seeded(1);
        let about = |attempt: i64, expected: TimeDelta| {
            let pauses: Vec<_> = (0..50).map(|_| pause(attempt, &chance)).collect();
            assert!(pauses.iter().all(|pause| *pause >= expected * 3 / 4 && *pause <= expected * 5 / 4), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]));
        };
        about(1, TimeDelta::seconds(30));
        about(3, TimeDelta::minutes(2));
        about(8, TimeDelta::hours(1));
        about(i64::MAX, TimeDelta::hours(1));
    }
}
