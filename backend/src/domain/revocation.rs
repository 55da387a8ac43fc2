use chrono::TimeDelta;
use uuid::Uuid;

use super::{GrantId, GrantKey, Sealed};

/// One grant whose tokens the provider should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RevocationId(pub Uuid);

/// Tokens about to be queued, sealed for their place in the queue. The first attempt follows at once and by whoever
/// queues them, unless `pause` is zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevocation {
    /// New and random.
    pub id: RevocationId,
    /// Whose they were, for which server.
    pub key: GrantKey,
    /// The grant they belonged to.
    pub grant: GrantId,
    /// The authorization server that issued them, and the only one that hears of them.
    pub issuer: String,
    /// Our client there.
    pub client_id: String,
    /// The redirect URI it was obtained with; names the registration together with the issuer.
    pub redirect_uri: String,
    /// The refresh token, which comes first (RFC 7009 §2.1).
    pub refresh_token: Option<Sealed>,
    /// The access token, if it is known.
    pub access_token: Option<Sealed>,
    /// How long nobody else tries.
    pub pause: TimeDelta,
}

/// One entry of the queue, taken to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its name.
    pub id: RevocationId,
    /// Whose they were, for which server.
    pub key: GrantKey,
    /// The grant they belonged to.
    pub grant: GrantId,
    /// The authorization server that issued them.
    pub issuer: String,
    /// Our client there.
    pub client_id: String,
    /// The redirect URI of the client.
    pub redirect_uri: String,
    /// The refresh token.
    pub refresh_token: Option<Sealed>,
    /// The access token.
    pub access_token: Option<Sealed>,
    /// Which attempt this is, from 1. Whoever has an older number has lost the entry to somebody else.
    pub attempt: i64,
    /// No further attempt follows this one.
    pub is_last: bool,
}
