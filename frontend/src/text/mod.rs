//! Every word people read. Components hold none.

pub mod en;
