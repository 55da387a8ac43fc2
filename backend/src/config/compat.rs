//! What is said otherwise for clients that were made for AIQ: `aiq_connect.compat`.

use super::reader::Entry;

/// The keys of `aiq_connect.compat`.
pub(super) const KEYS: &[&str] = &["upstream_status_words"];

/// Departures from our own words. All off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compat {
    /// The listing and a status say `not_connected` instead of `disconnected`.
    pub upstream_status_words: bool,
}

pub(super) fn read(block: Option<&Entry<'_>>) -> Compat {
    let Some(section) = block.and_then(|block| block.section("compat")) else { return Compat::default() };
    section.only(KEYS);
    Compat { upstream_status_words: section.flag("upstream_status_words", false) }
}
