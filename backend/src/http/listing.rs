//! The listing as it is sent, and its versions.

use aiq_connect_shared::DataSource;
use axum::{http::StatusCode, response::Response};
use sha2::{Digest, Sha256};

use super::{App, compat, problem::problem};

/// What is sent, and under which name.
pub(super) struct Listing {
    /// JSON.
    pub body: Vec<u8>,
    /// As in `ETag`, with its quotes.
    pub etag: String,
    /// Each source and what its own part looks like.
    pub parts: Vec<(String, [u8; 8])>,
}

impl Listing {
    pub(super) fn of(app: &App, sources: &[DataSource]) -> serde_json::Result<Self> {
        let asked = compat::in_asked_words(app, &sources)?;
        let body = serde_json::to_vec(&asked)?;
        let etag = format!("\"{}\"", &crate::domain::hex(&Sha256::digest(&body))[..32]);
        let parts = sources.iter().map(|source| {
            let mut part = [0; 8];
            part.copy_from_slice(&Sha256::digest(serde_json::to_vec(source)?)[..8]);
            Ok((source.id.clone(), part))
        });
        Ok(Self { parts: parts.collect::<serde_json::Result<_>>()?, body, etag })
    }
}

pub(super) fn unwritten() -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The listing could not be written.")
}

/// Whether one of these names is this version's. Names are compared weakly (RFC 9110 §13.1.2): a proxy that compresses
/// a body may have made its tag weak.
pub(super) fn is_named(etag: &str, names: &str) -> bool {
    names.split(',').any(|known| known.trim().trim_start_matches("W/") == etag)
}
