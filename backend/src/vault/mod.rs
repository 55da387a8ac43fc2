//! What is secret: types that do not print, sealing for what is stored, and tags for what must not be forged.

mod key_file;
mod keys;
mod parts;
mod ring;
mod seal;
mod secret;
mod tags;

pub use key_file::KeyFile;
pub use keys::{Created, KeyError, MasterKey};
pub use ring::Vault;
pub use seal::{SealContext, Sealer, TokenKind, VaultError};
pub use secret::Secret;
pub use tags::JobProof;

pub use crate::domain::KeyId;
