//! What is secret: types that do not print, and sealing for what is stored.

mod secret;

pub use secret::Secret;
