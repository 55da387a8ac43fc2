//! The key that seals what is stored: `AIQ_TOKEN_ENCRYPTION_KEY`, else a file.

use std::path::PathBuf;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{
    database::Database,
    reader::{Entry, Reading},
};
use crate::vault::Secret;

/// Where the key is.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In the configuration, as text that [`decode_key`] has already read once.
    Inline(Secret),
    /// In a file, which is made when it is not there.
    File(PathBuf),
}

pub(super) fn read<'e>(
    reading: &'e Reading<'e>,
    block: Option<&Entry<'e>>,
    database: Option<&Database>,
) -> Option<KeySource> {
    if let Some(text) = reading.variable("AIQ_TOKEN_ENCRYPTION_KEY") {
        let secret = Secret::new(text.value.clone());
        if decode_key(&secret).is_none() {
            text.complain("must be 32 bytes, as base64 or as 64 hex digits; make one with `openssl rand -base64 32`");
        }
        return Some(KeySource::Inline(secret));
    }
    let written = reading.variable("AIQ_CONNECT_KEY_FILE").or_else(|| block?.filled("key_file"));
    if let Some(text) = written {
        return Some(KeySource::File(PathBuf::from(text.value)));
    }
    let Database::Sqlite { path } = database?;
    let mut name = path.clone().into_os_string();
    name.push(".key");
    Some(KeySource::File(PathBuf::from(name)))
}

/// The 32 bytes that a key stands for: 64 hex digits, or base64 in either alphabet, padded or not.
pub fn decode_key(key: &Secret) -> Option<Zeroizing<[u8; 32]>> {
    let text = key.expose().trim();
    if text.len() == 64 {
        return from_hex(text);
    }
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [STANDARD, URL_SAFE].iter().find_map(|alphabet| {
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

#[cfg(test)]
mod tests {
    use super::decode_key;
    use crate::vault::Secret;

    #[test]
    fn every_spelling_of_a_key_is_the_same_key() {
        let key = [0xFB; 32];
        for text in [
            "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb",
            "FBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFB",
            "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=",
            "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s",
            "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=",
        ] {
            assert_eq!(decode_key(&Secret::new(text)).map(|bytes| *bytes), Some(key), "{text}");
        }
    }

    #[test]
    fn other_lengths_and_alphabets_are_no_key() {
        for text in
            ["", "abc", "+/v7", "zbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb", "a passphrase"]
        {
            assert!(decode_key(&Secret::new(text)).is_none(), "{text}");
        }
    }
}
