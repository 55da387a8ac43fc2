use chrono::{DateTime, Utc};

use super::{FlowId, GrantId, GrantKey, PrincipalId, RevocationId, Sealed, Version, hex};

/// Names a key in what was made with it. Derived from the key, and tells nothing about it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Reads what [`std::fmt::Display`] wrote: 16 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let is_plain = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_plain.then(|| u64::from_str_radix(text, 16).ok())??;
        Some(Self(number.to_be_bytes()))
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What a key is for, as the database says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Somebody holds it; nothing was sealed with it yet.
    Added,
    /// It seals. There is one at most.
    Active,
    /// It sealed, and still opens.
    Retired,
    /// Nothing is sealed with it any more, or what was is given up.
    Removed,
}

impl KeyState {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Added, Self::Active, Self::Retired, Self::Removed];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Removed => "removed",
        }
    }
}

/// A key that the database has heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// Its name.
    pub id: KeyId,
    /// What it is for.
    pub state: KeyState,
    /// When some process first held it.
    pub added_at: DateTime<Utc>,
    /// When it last became the one that seals.
    pub activated_at: Option<DateTime<Utc>>,
    /// When another took its place.
    pub retired_at: Option<DateTime<Utc>>,
}

/// A process that serves, and said so a moment ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Where it runs, for whoever has to find it.
    pub name: String,
    /// The keys it holds.
    pub holds: Vec<KeyId>,
}

/// What the database knows of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyBook {
    /// Every key, oldest first.
    pub keys: Vec<KnownKey>,
    /// Every process that serves now.
    pub replicas: Vec<Replica>,
}

impl KeyBook {
    /// The one that seals; `None` before the first start.
    pub fn active(&self) -> Option<KeyId> {
        self.keys.iter().find(|key| key.state == KeyState::Active).map(|key| key.id)
    }

    /// What is known of a key.
    pub fn find(&self, id: KeyId) -> Option<&KnownKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// Whether some process that serves holds it.
    pub fn is_held_somewhere(&self, id: KeyId) -> bool {
        self.replicas.iter().any(|replica| replica.holds.contains(&id))
    }

    /// The processes that serve and do not hold it.
    pub fn without(&self, id: KeyId) -> Vec<&Replica> {
        self.replicas.iter().filter(|replica| !replica.holds.contains(&id)).collect()
    }
}

/// What became known when somebody said which keys they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduced {
    /// Keys that nobody had heard of.
    pub added: Vec<KeyId>,
    /// The one that seals since then: at the very first start.
    pub activated: Option<KeyId>,
}

/// How much of a table needs one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The table.
    pub table: String,
    /// The key, as 16 hexadecimal digits, or as whatever stands where one should.
    pub key: String,
    /// Rows. Of flows, sign-ins and jobs those that are not over.
    pub rows: u64,
    /// When the last of them is over by itself, where that is certain.
    pub until: Option<DateTime<Utc>>,
}

/// Why a key was not removed, or that it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is, from now on.
    Removed,
    /// The database has never heard of it.
    Unknown,
    /// It is the one that seals.
    Active,
    /// It was retired a moment ago: a process may be about to write what it sealed before.
    TooSoon {
        /// When that is over.
        until: DateTime<Utc>,
    },
    /// This much needs it.
    Used(Vec<KeyUse>),
}

/// Where something sealed is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedTable {
    /// Access and refresh tokens.
    Grants,
    /// Secrets of our clients.
    Registrations,
    /// Verifiers of flows.
    Flows,
    /// Verifiers of own sign-ins.
    SignIns,
    /// Tokens that their provider has yet to end.
    Revocations,
}

impl SealedTable {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Grants, Self::Registrations, Self::Flows, Self::SignIns, Self::Revocations];

    /// The table's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::Registrations => "registrations",
            Self::Flows => "flows",
            Self::SignIns => "sign_ins",
            Self::Revocations => "revocations",
        }
    }
}

/// Which row something was sealed for: what its associated data is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// The access token, and the refresh token if there is one.
    Grant {
        /// Its name.
        id: GrantId,
        /// Whose, for which server.
        key: GrantKey,
        /// Who issued it.
        issuer: String,
        /// Of the tokens.
        version: Version,
    },
    /// The secret of our client.
    Registration {
        /// At whom.
        issuer: String,
        /// For which redirect URI.
        redirect_uri: String,
    },
    /// The verifier of a flow.
    Flow {
        /// Its name.
        id: FlowId,
        /// Whose.
        principal: PrincipalId,
    },
    /// The verifier of an own sign-in.
    SignIn {
        /// SHA-256 (hex) of its state.
        state_hash: String,
    },
    /// The tokens of a forgotten grant, as far as they are known.
    Revocation {
        /// Its name.
        id: RevocationId,
        /// Who issued them.
        issuer: String,
    },
}

impl SealedPlace {
    /// The table that the row is in.
    pub fn table(&self) -> SealedTable {
        match self {
            Self::Grant { .. } => SealedTable::Grants,
            Self::Registration { .. } => SealedTable::Registrations,
            Self::Flow { .. } => SealedTable::Flows,
            Self::SignIn { .. } => SealedTable::SignIns,
            Self::Revocation { .. } => SealedTable::Revocations,
        }
    }

    /// Its columns that hold something sealed.
    pub fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Grant { .. } | Self::Revocation { .. } => &["access_token", "refresh_token"],
            Self::Registration { .. } => &["client_secret"],
            Self::Flow { .. } | Self::SignIn { .. } => &["verifier"],
        }
    }
}

/// Sealed values of one row, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// Continues a walk over the table after this row.
    pub cursor: String,
    /// Which row.
    pub place: SealedPlace,
    /// Its sealed values, in the order of [`SealedPlace::columns`], as far as they are there.
    pub values: [Option<Sealed>; 2],
}
