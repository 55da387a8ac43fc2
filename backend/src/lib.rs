//! The AIQ Connect service: people connect their own accounts, and jobs call MCP servers as them.
//!
//! Dependencies point inwards: `http` knows axum, `storage` knows sqlx, `oauth` knows the outside world;
//! the rules in `connections` and `jobs` know only the traits and the nouns in `domain`.

pub mod admin;
pub mod app;
pub mod audit;
pub mod background;
pub mod clock;
pub mod config;
pub mod connections;
pub mod domain;
pub mod http;
pub mod identity;
pub mod jobs;
pub mod news;
pub mod oauth;
pub mod sealing;
pub mod storage;
pub mod telemetry;
pub mod timing;
pub mod vault;

/// Chooses ring for TLS in this process, once; later calls change nothing.
pub fn install_crypto() {
    // An error says that a provider is installed already, which is what was wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
