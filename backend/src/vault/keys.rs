//! Where keys come from, and the keys made from them: one per purpose, so that none can stand in for another.

use std::{
    fs, io,
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Secret;
use crate::clock::Chance;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("a key is 32 bytes, written as base64 or as 64 hexadecimal digits; `openssl rand -base64 32` makes one")]
    Malformed,
    /// The file's text is no key.
    #[error(
        "the key file {} does not hold a key (32 bytes, as base64 or as 64 hexadecimal digits). Restore it from a \
         backup: what was sealed with it cannot be opened without it",
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
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Reads 32 bytes written as base64, base64url (padded or not) or 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`].
    pub fn from_text(text: &Secret) -> Result<Self, KeyError> {
        decode_key(text).map(Self).ok_or(KeyError::Malformed)
    }

    /// Reads the key file, or makes one that only its owner can read.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; a file that others can read or write is refused.
    pub fn from_file_or_create(path: &Path, chance: &Chance) -> Result<(Self, Created), KeyError> {
        let file_error = |cause| KeyError::File { path: path.to_owned(), cause };
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => {
                let key = Self(Zeroizing::new(chance.bytes()));
                key.write(file, path).inspect_err(|_| drop(fs::remove_file(path))).map_err(file_error)?;
                Ok((key, Created(true)))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok((Self::read(path)?, Created(false))),
            Err(error) => Err(file_error(error)),
        }
    }

    /// Down to the disk, the folder's entry too: what is sealed from now on needs it.
    fn write(&self, mut file: fs::File, path: &Path) -> io::Result<()> {
        let mut line = Zeroizing::new(STANDARD.encode(*self.0));
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let file_error = |cause| KeyError::File { path: path.to_owned(), cause };
        let mut file = fs::File::open(path).map_err(file_error)?;
        // Of the open file, not of its name, which could be another one by now.
        let mode = file.metadata().map_err(file_error)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed(path.to_owned()));
        }
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        let text = Secret::new(text);
        read.map_err(file_error)?;
        Self::from_text(&text).map_err(|_| KeyError::MalformedFile(path.to_owned()))
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

/// Names a key in what was made with it. Derived from the key, and tells nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

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
            id: KeyId(*master.derive("key id")),
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
