//! A key, as it is written down, and the keys made from it: one per purpose, so that none can stand in for another.

use std::{io, path::PathBuf};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Secret;
use crate::{clock::Chance, domain::KeyId};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("a key is 32 bytes, written as base64 or as 64 hexadecimal digits; `openssl rand -base64 32` makes one")]
    Malformed,
    /// The file's text is no key.
    #[error(
        "the key file {} does not hold keys alone (each 32 bytes, as base64 or as 64 hexadecimal digits, on a line of \
         its own; `#` begins a comment). Restore it from a backup: what was sealed with a key cannot be opened \
         without it",
        .0.display()
    )]
    MalformedFile(PathBuf),
    /// Others on this machine can read or change the file.
    #[error("others can get at the key file {path}: run `chmod 600 {path}`", path = .0.display())]
    Exposed(PathBuf),
    /// The file cannot be read or made.
    #[error("the key file {} cannot be used", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// Whether a key file was made just now: say so, because a backup without it is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created(pub bool);

/// 32 bytes that all other keys are made from. Does not print, and is wiped on drop.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new one.
    pub fn random(chance: &Chance) -> Self {
        Self(Zeroizing::new(chance.bytes()))
    }

    /// Reads 32 bytes written as base64, base64url (padded or not) or 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`].
    pub fn from_text(text: &Secret) -> Result<Self, KeyError> {
        decode_key(text).map(Self).ok_or(KeyError::Malformed)
    }

    /// Reads one key or several, with commas or white space between them. A key given twice counts once.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`]: one of them is no key, or there is none.
    pub fn all_from_text(text: &Secret) -> Result<Vec<Self>, KeyError> {
        let mut keys: Vec<Self> = Vec::new();
        let is_gap = |character: char| character == ',' || character.is_whitespace();
        for word in text.expose().split(is_gap).filter(|word| !word.is_empty()) {
            let key = Self::from_text(&Secret::new(word))?;
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(KeyError::Malformed) } else { Ok(keys) }
    }

    /// The name of the key.
    pub fn id(&self) -> KeyId {
        KeyId(*self.derive("key id"))
    }

    /// As it is written into a key file.
    pub(super) fn to_text(&self) -> Secret {
        Secret::new(STANDARD.encode(*self.0))
    }

    /// The key for one purpose (HKDF-SHA256, RFC 5869 §3.2).
    fn derive<const N: usize>(&self, purpose: &str) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        #[expect(clippy::expect_used, reason = "RFC 5869 §2.3: only more than 8160 bytes are refused")]
        Hkdf::<Sha256>::new(Some(b"aiq-connect vault 1"), self.0.as_slice())
            .expand(purpose.as_bytes(), key.as_mut_slice())
            .expect("at most 32 bytes are asked for");
        key
    }
}

/// The 32 bytes that a key stands for: 64 hex digits, or base64 in either alphabet, padded or not.
fn decode_key(key: &Secret) -> Option<Zeroizing<[u8; 32]>> {
    let text = key.expose().trim();
    if text.len() == 64 {
        return from_hex(text);
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [alphabet::STANDARD, alphabet::URL_SAFE].iter().find_map(|alphabet| {
        let bytes = Zeroizing::new(GeneralPurpose::new(alphabet, lenient).decode(text).ok()?);
        Some(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?))
    })
}

fn from_hex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = Zeroizing::new(digits?);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::try_from(pair[0] * 16 + pair[1]).ok()?;
    }
    Some(key)
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// The keys made from one master key.
pub(super) struct Keys {
    pub id: KeyId,
    pub sealing: Zeroizing<[u8; 32]>,
    pub job: Zeroizing<[u8; 32]>,
    pub pairwise: Zeroizing<[u8; 32]>,
    pub confirmation: Zeroizing<[u8; 32]>,
    pub audit: Zeroizing<[u8; 32]>,
}

impl From<&MasterKey> for Keys {
    fn from(master: &MasterKey) -> Self {
        Self {
            id: master.id(),
            sealing: master.derive("sealing"),
            job: master.derive("job reference"),
            pairwise: master.derive("pairwise user id"),
            confirmation: master.derive("confirmation link"),
            audit: master.derive("audit record"),
        }
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
