//! What keeps a question from being sent.

use crate::state::blocker::Tone;

/// Not to block.
pub const NOT_NOW: &str = "Not now";
/// Connects all that can be connected, in one window.
pub const CONNECT_ALL: &str = "Connect all";
/// When nothing blocks any more.
pub const SEND: &str = "Send question";

/// The heading.
pub fn title(tone: Tone, blocking: &[&str]) -> String {
    match (tone, blocking) {
        (Tone::Ready, _) => "Ready to send".to_owned(),
        (Tone::Connect, [one]) => format!("Connect {one} before you send"),
        (Tone::Connect, many) => format!("Connect {} sources before you send", many.len()),
        (Tone::Unreachable, [one]) => format!("{one}'s sign-in can't be reached right now"),
        (Tone::Unreachable, many) => format!("{} sources can't be reached right now", many.len()),
        (Tone::NotSetUp, [one]) => format!("{one} isn't set up yet"),
        (Tone::NotSetUp, many) => format!("{} aren't set up yet", super::list(many)),
    }
}

/// What it means.
pub fn text(tone: Tone, blocking: usize) -> &'static str {
    match (tone, blocking) {
        (Tone::Ready, _) => "All sources are ready. Your question is still here.",
        (Tone::Connect, 1) => "It's on, but AI-Q can't use it yet. Your question is kept.",
        (Tone::Connect, _) => "They're on, but AI-Q can't use them yet. Your question is kept.",
        (Tone::Unreachable, _) => {
            "Not your fault. We keep trying for five minutes. You can ask without it; your question is kept."
        }
        (Tone::NotSetUp, _) => {
            "Only your administrator can finish that. You can ask without it; your question is kept."
        }
    }
}

/// Switches the blocking sources off and sends.
pub fn disable(blocking: usize) -> String {
    match blocking {
        0 | 1 => "Disable source and continue".to_owned(),
        many => format!("Disable {many} sources and continue"),
    }
}

/// Why Send does not send.
pub fn why_not(blocking: &[&str]) -> String {
    match blocking {
        [one] => format!("{one} needs connecting before you can send."),
        many => format!("{} sources need connecting before you can send.", many.len()),
    }
}
