use aiq_connect_shared::FaultCode;
use chrono::{DateTime, TimeDelta, Utc};

use super::{FlowId, GrantId, PrincipalId, Sealed, ServerId, Version};

/// Whose grant, for which server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantKey {
    /// Whose.
    pub principal: PrincipalId,
    /// For which MCP server.
    pub server: ServerId,
}

/// One person's stored tokens for one server. Bound for life to issuer, client and resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its own name.
    pub id: GrantId,
    /// Whose, for which server.
    pub key: GrantKey,
    /// Which edition of its tokens this is.
    pub version: Version,
    /// The authorization server that issued it.
    pub issuer: String,
    /// Our client there at that time.
    pub client_id: String,
    /// What the tokens are for (RFC 8707).
    pub resource: String,
    /// The redirect URI it was obtained with; names the registration together with the issuer.
    pub redirect_uri: String,
    /// What was granted.
    pub scopes: Vec<String>,
    /// The access token.
    pub access_token: Sealed,
    /// The refresh token, where the provider gave one.
    pub refresh_token: Option<Sealed>,
    /// When the access token was issued, by the database's clock.
    pub issued_at: DateTime<Utc>,
    /// When it ends; `None` when the provider does not say.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why it does not work, if it does not.
    pub fault: Option<FaultCode>,
    /// The name of the log line that tells more.
    pub fault_reference: Option<String>,
    /// A refresh was sent and no answer was stored yet.
    pub in_doubt_since: Option<DateTime<Utc>>,
    /// When it may be refreshed, and what its MCP server makes of its tokens.
    pub renewal: Renewal,
    /// The account at the provider, as the person would recognise it.
    pub account_label: Option<String>,
    /// When the person signed in.
    pub connected_at: DateTime<Utc>,
}

/// When a grant may be refreshed, and what its MCP server makes of its tokens. By the database's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The last attempt did not work: no sooner than this.
    pub retry_at: Option<DateTime<Utc>>,
    /// When it was last refreshed only because the server refused a token that should have been good.
    pub forced_at: Option<DateTime<Utc>>,
    /// The server refused a token that had just been issued: nobody tries until then.
    pub rejected_until: Option<DateTime<Utc>>,
    /// It did so to several people at about the same time, so that it is the server and not the person.
    pub is_rejected_widely: bool,
    /// What a log line and an administrator are told beside the fault.
    pub fault_detail: Option<String>,
}

/// The right to refresh one version of a grant, and what is known of earlier attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// A refresh was sent before, and no answer was stored.
    pub was_in_doubt: bool,
    /// How many attempts in a row did not work.
    pub failures: u32,
    /// How many in a row did not work at the issuer, whosever grants they were for.
    pub issuer_failures: u32,
}

/// What keeps a version of a grant from being refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshTurn {
    /// Nothing: the lease can be taken.
    Free,
    /// Somebody holds the lease; it can be taken over after this time if they are gone.
    Taken(TimeDelta),
    /// The issuer is left alone for so long.
    IssuerRests(TimeDelta),
    /// It changed: read again.
    Over,
}

/// A refresh that did not work this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Postponed {
    /// How long the grant waits at least.
    pub pause: TimeDelta,
    /// How long the whole issuer is left alone, if it is.
    pub issuer_rest: Option<TimeDelta>,
    /// Nothing of this attempt can have been acted upon: the doubt that it began ends.
    pub is_certain: bool,
}

/// What a token answer is worth, sealed for one grant and version.
#[derive(Clone, Debug)]
pub struct GrantTokens {
    /// The access token.
    pub access_token: Sealed,
    /// The refresh token to use from now on: the new one, or the old one sealed again (RFC 6749 §6).
    pub refresh_token: Option<Sealed>,
    /// How long the access token lives from now; the database computes the end.
    pub expires_in: Option<TimeDelta>,
    /// What is granted.
    pub scopes: Vec<String>,
}

/// A grant about to be stored at version [`Version::FIRST`], in place of any earlier one of the same key.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// New and random.
    pub id: GrantId,
    /// Whose, for which server.
    pub key: GrantKey,
    /// The flow that brought it.
    pub flow: FlowId,
    /// The authorization server that issued it.
    pub issuer: String,
    /// Our client there.
    pub client_id: String,
    /// What the tokens are for.
    pub resource: String,
    /// The redirect URI it was obtained with.
    pub redirect_uri: String,
    /// The account at the provider, if it told.
    pub account_label: Option<String>,
    /// The tokens.
    pub tokens: GrantTokens,
}

impl Grant {
    /// Whether a lapsed access token can be renewed without the person.
    pub fn is_renewable(&self) -> bool {
        self.refresh_token.is_some()
    }

    /// What is wrong with it now. A server that refused its tokens is tried again after a while.
    pub fn fault_at(&self, now: DateTime<Utc>) -> Option<FaultCode> {
        match self.fault {
            Some(FaultCode::RejectedByServer) if self.renewal.rejected_until.is_none_or(|until| until <= now) => None,
            // Nobody could help by signing in.
            Some(FaultCode::RejectedByServer) if self.renewal.is_rejected_widely => Some(FaultCode::IdpUnreachable),
            fault => fault,
        }
    }

    /// Whether the access token has ended. One without a known end has not.
    pub fn has_lapsed(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the access token lasts that long from now.
    pub fn outlives(&self, ttl: TimeDelta, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| end - now > ttl)
    }

    /// The whole life the access token was issued with, if known.
    pub fn lifetime(&self) -> Option<TimeDelta> {
        self.expires_at.map(|end| end - self.issued_at)
    }
}
