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
/// Nothing loaded.
pub const CANT_LOAD: &str = "We can't load your sources right now.";
/// Asks again.
pub const TRY_AGAIN: &str = "Try again";
/// While AIQ's own session is over.
pub const SIGNED_OUT: &str = "You're signed out of AI-Q. Your sources stay connected.";
/// The way back.
pub const SIGN_IN: &str = "Sign in";
/// What people may worry about.
pub const OWN_EYES: &str = "You see only what your own accounts are allowed to see.";

/// The footer.
pub fn used(on: usize, of: usize) -> String {
    match of {
        1 => format!("{on} of 1 source will be used."),
        _ => format!("{on} of {of} sources will be used."),
    }
}

/// Older facts.
pub fn stale(time: &str) -> String {
    format!("Shown as of {time}. We couldn't refresh.")
}

/// Sources that are on and block.
pub fn needs_you(names: &[&str]) -> (String, String) {
    match names {
        [one] => (format!("{one} needs you"), "It's on, but not ready.".to_owned()),
        many => (format!("{} sources need you", many.len()), format!("{} are on, but not ready.", super::list(many))),
    }
}

/// Sources that end soon and cannot renew themselves.
pub fn expiring(names: &[&str], time: &str) -> String {
    format!("{} will ask you to sign in again at {time}.", super::list(names))
}
