//! The keys that this process holds. Which of them seals is not decided here: the database names it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use super::{KeyError, KeyFile, KeyId, MasterKey, Sealer, keys::Keys, parts::join};
use crate::clock::Chance;

/// How many values that do not open are kept in mind, so that each is told of once.
const MOST_TOLD: usize = 10_000;

/// Holds keys. All of them open and verify; what is sealed, and with which, a [`Sealer`] does.
pub struct Vault {
    held: RwLock<Vec<Arc<Keys>>>,
    file: Option<KeyFile>,
    pub(super) chance: Chance,
    told: Mutex<HashSet<[u8; 32]>>,
}

impl Vault {
    /// A vault that holds these keys, and reads the file again whenever it is asked to.
    pub fn holding(keys: &[MasterKey], file: Option<KeyFile>, chance: Chance) -> Self {
        let held = keys.iter().map(|key| Arc::new(Keys::from(key))).collect();
        Self { held: RwLock::new(held), file, chance, told: Mutex::default() }
    }

    /// The ids of the keys it holds, in the order of their source.
    pub fn held(&self) -> Vec<KeyId> {
        self.keys().iter().map(|key| key.id).collect()
    }

    /// Whether it holds this key.
    pub fn holds(&self, id: KeyId) -> bool {
        self.key(id).is_some()
    }

    /// What seals with this key, if it is held.
    pub fn sealer(&self, id: KeyId) -> Option<Sealer> {
        self.key(id).map(|key| Sealer { key, chance: self.chance.clone() })
    }

    /// Reads the key file again, if the keys are in one, and takes in what is new. A key that is not in the file any
    /// more is held until [`Self::drop_key`]: somebody may be editing it. `true`: a new one is there.
    ///
    /// # Errors
    ///
    /// The file cannot be used at the moment. What is held stays.
    pub fn look_again(&self) -> Result<bool, KeyError> {
        let Some(file) = &self.file else { return Ok(false) };
        let found = file.read()?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let before = held.len();
        for key in found {
            if held.iter().all(|known| known.id != key.id()) {
                held.push(Arc::new(Keys::from(&key)));
            }
        }
        Ok(held.len() > before)
    }

    /// Forgets a key that the database calls removed.
    pub fn drop_key(&self, id: KeyId) {
        self.held.write().unwrap_or_else(PoisonError::into_inner).retain(|key| key.id != id);
    }

    /// Whether something that does not open is heard of for the first time: a flood of questions for one row is told
    /// of once.
    pub fn is_news(&self, place: &[u8], value: &[u8]) -> bool {
        let hash = Sha256::digest(join(&[place, value]));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_TOLD {
            told.clear();
        }
        told.insert(hash.into())
    }

    pub(super) fn keys(&self) -> Vec<Arc<Keys>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn key(&self, id: KeyId) -> Option<Arc<Keys>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).iter().find(|key| key.id == id).cloned()
    }
}

/// Without a database nothing names the active key: tests say that it is the first.
#[cfg(any(test, feature = "testing"))]
impl Vault {
    /// A vault whose first key is `active`.
    pub fn new(active: &MasterKey, earlier: &[MasterKey], chance: Chance) -> Self {
        let vault = Self::holding(std::slice::from_ref(active), None, chance);
        let earlier = earlier.iter().map(|key| Arc::new(Keys::from(key)));
        vault.held.write().unwrap_or_else(PoisonError::into_inner).extend(earlier);
        vault
    }

    /// The first key.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn active_key(&self) -> KeyId {
        self.keys()[0].id
    }

    /// What seals with the first key.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn first(&self) -> Sealer {
        Sealer { key: Arc::clone(&self.keys()[0]), chance: self.chance.clone() }
    }

    /// Seals with the first key.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn seal(&self, context: &super::SealContext, secret: &super::Secret) -> crate::domain::Sealed {
        self.first().seal(context, secret)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} keys)", self.keys().len())
    }
}
