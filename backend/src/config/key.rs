//! The keys that seal what is stored: `AIQ_TOKEN_ENCRYPTION_KEY`, else a file.

use std::path::PathBuf;

use super::{
    database::Database,
    reader::{Entry, Reading},
};
use crate::vault::{MasterKey, Secret};

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In the configuration, as text that [`MasterKey::all_from_text`] has already read once.
    Inline(Secret),
    /// In a file, one on each line. Beside an embedded database it is made when there has never been one.
    File(PathBuf),
}

pub(super) fn read<'e>(
    reading: &'e Reading<'e>,
    block: Option<&Entry<'e>>,
    database: Option<&Database>,
) -> Option<KeySource> {
    if let Some(mut text) = reading.variable("AIQ_TOKEN_ENCRYPTION_KEY") {
        let secret = Secret::new(std::mem::take(&mut text.value));
        if MasterKey::all_from_text(&secret).is_err() {
            text.complain("must be 32 bytes, as base64 or as 64 hex digits, or several such keys with commas between them; make one \
                 with `openssl rand -base64 32`");
        }
        return Some(KeySource::Inline(secret));
    }
    let written = reading.variable("AIQ_CONNECT_KEY_FILE").or_else(|| block?.filled("key_file"));
    if let Some(text) = written {
        return Some(KeySource::File(PathBuf::from(text.value)));
    }
    let Database::Sqlite { path } = database? else {
        reading.complain(
            None,
            "AIQ_TOKEN_ENCRYPTION_KEY",
            "is needed with PostgreSQL, and the same for every process on one database; make one with `openssl rand \
             -base64 32`, or name a file that holds one with AIQ_CONNECT_KEY_FILE",
        );
        return None;
    };
    let mut name = path.clone().into_os_string();
    name.push(".key");
    Some(KeySource::File(PathBuf::from(name)))
}
