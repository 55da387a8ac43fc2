//! The panel around its rows.

/// The heading.
pub const TITLE: &str = "Data sources";
/// Protected sources.
pub const YOUR_ACCOUNTS: &str = "Your accounts";
/// Sources that need no account.
pub const ALWAYS: &str = "Always available";
/// The master switch.
pub const USE_ALL: &str = "Use all sources";
/// For screen readers, while nothing is there.
pub const LOADING: &str = "Loading your sources.";
/// Nothing configured.
pub const EMPTY: &str = "No sources here yet. Your administrator can add them.";
/// After five seconds without an answer.
pub const SLOW: &str = "Still loading. This is slower than usual.";
/// Over the search field.
pub const SEARCH: &str = "Find a source";
/// Empties the search field.
pub const CLEAR: &str = "Clear";
/// What people may worry about.
pub const OWN_EYES: &str = "You see only what your own accounts are allowed to see.";

/// The footer.
pub fn used(on: usize, of: usize) -> String {
    match of {
        1 => format!("{on} of 1 source will be used."),
        _ => format!("{on} of {of} sources will be used."),
    }
}

/// Nothing found.
pub fn no_match(text: &str) -> String {
    format!("No source matches “{text}”.")
}
