//! Asking a question.

use crate::state::desk::{Toast, Trouble};

/// Over the box.
pub const LABEL: &str = "Ask a question";
/// In the box.
pub const PLACEHOLDER: &str = "Ask about your own incidents, tickets, documents…";
/// Sends.
pub const SEND: &str = "Send";
/// While it is on its way.
pub const SENDING: &str = "Sending…";
/// The keys.
pub const KEYS: &str = "Enter sends, Shift + Enter starts a new line.";
/// Nothing switched on.
pub const NO_SOURCES: &str = "No source is switched on. AI-Q answers without them.";
/// Undoes what "Disable … and continue" did.
pub const TURN_BACK_ON: &str = "Turn back on";
/// Puts a draft back into the box.
pub const BRING_BACK: &str = "Bring it back";
/// Goes to what a note is about.
pub const SHOW: &str = "Show";
/// Closes a note.
pub const DISMISS: &str = "Dismiss";
/// The service does not answer.
pub const LOST_TOUCH: &str = "We can't reach AI-Q right now. We keep trying.";

/// What will be used.
pub fn uses(names: &[&str]) -> String {
    format!("Uses {}.", super::list(names))
}

/// Why a question was not sent, and what to do.
pub fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Unreachable => {
            "We can't reach AI-Q right now. Your question is kept; please send it again.".to_owned()
        }
        Trouble::SignedOut => "You're signed out of AI-Q. Your question is kept; sign in and send it again.".to_owned(),
        Trouble::NotReady => {
            "The research service isn't ready. Your question is kept; please try again in a minute.".to_owned()
        }
        Trouble::TooMany => "Too many questions at once. Your question is kept; please wait a minute.".to_owned(),
        Trouble::TooLong => "This question is too long. Please shorten it.".to_owned(),
        Trouble::Refused { code } => format!(
            "AI-Q didn't accept this question. Your question is kept. Your administrator can look for “{code}”."
        ),
    }
}

/// What a note offers.
pub fn way_back(toast: &Toast) -> Option<&'static str> {
    match toast {
        Toast::SentWithout(_) => Some(TURN_BACK_ON),
        Toast::JobWaits { .. } => Some(SHOW),
        Toast::DraftReplaced(_) => Some(BRING_BACK),
        Toast::Copied | Toast::NotCopied | Toast::Back(_) | Toast::Connected(_) | Toast::Disconnected { .. } => None,
    }
}

/// A note. The sources are names.
pub fn toast(toast: &Toast, names: &[&str]) -> String {
    match toast {
        Toast::SentWithout(_) => format!("Sent without {}.", super::list(names)),
        Toast::Copied => "Copied.".to_owned(),
        Toast::NotCopied => "Your browser doesn't allow copying here.".to_owned(),
        Toast::JobWaits { name, .. } => format!("{name} needs you. A research job is waiting."),
        Toast::Back(name) => format!("{name} is back. The research job continues."),
        Toast::Connected(name) => format!("{name} connected. It's on for your next question."),
        Toast::Disconnected { name, told, jobs } => disconnected(name, *told, *jobs),
        Toast::DraftReplaced(_) => "Your earlier question took the place of your draft.".to_owned(),
    }
}

/// How a disconnect ended.
fn disconnected(name: &str, told: bool, jobs: u32) -> String {
    let outcome = if told {
        format!("{name} disconnected.")
    } else {
        format!("{name} disconnected here. We couldn't tell {name}; you can also remove AI-Q in your {name} settings.")
    };
    match jobs {
        0 => outcome,
        1 => format!("{outcome} 1 research job continues without it."),
        many => format!("{outcome} {many} research jobs continue without it."),
    }
}
