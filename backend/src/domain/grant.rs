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
    /// The account at the provider, as the person would recognise it.
    pub account_label: Option<String>,
    /// When the person signed in.
    pub connected_at: DateTime<Utc>,
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
