use crate::{
    clock::Chance,
    config::KeySource,
    storage::{Store, StoreError},
    vault::{Created, KeyError, KeyFile, MasterKey, Vault},
};

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum VaultFailed {
    /// They cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database does not say which of them seals.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the keys. A file that is not there is made if it `may_make` one and the database has never heard of a key; if
/// it has, the vault is empty until the file is back: a new key would open nothing, and hide that the file is elsewhere.
///
/// # Errors
///
/// [`VaultFailed`].
pub async fn open_vault(
    source: &KeySource,
    may_make: bool,
    store: &dyn Store,
    chance: &Chance,
) -> Result<Vault, VaultFailed> {
    match source {
        KeySource::Inline(text) => Ok(Vault::holding(&MasterKey::all_from_text(text)?, None, chance.clone())),
        KeySource::File(path) => {
            let file = KeyFile(path.clone());
            let keys = keys_of(&file, may_make, store, chance).await?;
            Ok(Vault::holding(&keys, Some(file), chance.clone()))
        }
    }
}

async fn keys_of(
    file: &KeyFile,
    may_make: bool,
    store: &dyn Store,
    chance: &Chance,
) -> Result<Vec<MasterKey>, VaultFailed> {
    if !file.0.exists()
        && let Some(active) = store.active_key().await?
    {
        tracing::error!(file = %file.0.display(), key.id = %active, "the key file is gone");
        return Ok(Vec::new());
    }
    if !may_make {
        return Ok(file.read()?);
    }
    let (keys, Created(created)) = file.read_or_create(chance)?;
    if created {
        tracing::warn!(
            file = %file.0.display(),
            "made a new encryption key; keep a copy of this file: without it every connection has to be made anew"
        );
    }
    Ok(keys)
}
