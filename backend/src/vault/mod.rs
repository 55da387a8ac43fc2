//! What is secret: types that do not print, sealing for what is stored, and tags for what must not be forged.

mod keys;
mod parts;
mod seal;
mod secret;
mod tags;

pub use keys::{Created, KeyError, KeyId, MasterKey};
pub use seal::{SealContext, TokenKind, VaultError};
pub use secret::Secret;

use crate::clock::Chance;
use keys::Keys;

/// Holds the keys: one active, which seals, and any number of earlier ones, which still open.
pub struct Vault {
    active: Keys,
    earlier: Vec<Keys>,
    chance: Chance,
}

impl Vault {
    /// A vault that seals with `active` and opens with that and the `earlier` ones.
    pub fn new(active: &MasterKey, earlier: &[MasterKey], chance: Chance) -> Self {
        Self { active: active.into(), earlier: earlier.iter().map(Keys::from).collect(), chance }
    }

    /// Names the key that seals.
    pub fn active_key(&self) -> KeyId {
        self.active.id
    }

    fn keys(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.active).chain(&self.earlier)
    }

    fn key(&self, id: KeyId) -> Option<&Keys> {
        self.keys().find(|key| key.id == id)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} keys)", self.keys().count())
    }
}
