//! The AIQ Connect service: people connect their own accounts, and jobs call MCP servers as them.
//!
//! Dependencies point inwards: `http` knows axum, `storage` knows sqlx, `oauth` knows the outside world;
//! the rules in `connections` and `jobs` know only the traits and the nouns in `domain`.

pub mod clock;
pub mod config;
pub mod domain;
pub mod storage;
pub mod timing;
pub mod vault;
