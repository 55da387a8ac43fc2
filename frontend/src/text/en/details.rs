//! The details of a row.

use crate::state::moment::Moment;
use aiq_connect_shared::PerUserAuth;

use super::time;

/// The disclosure.
pub const DETAILS: &str = "Details";
/// Who is connected.
pub const ACCOUNT: &str = "Account";
/// What was granted.
pub const CAN: &str = "Can";
/// What is missing.
pub const MISSING: &str = "Missing";
/// Since when.
pub const SIGNED_IN: &str = "Signed in";
/// How it goes on.
pub const RENEWS: &str = "Renews";
/// When it will end.
pub const EXPIRES: &str = "Expires";
/// When it ended.
pub const EXPIRED: &str = "Expired";
/// The provider.
pub const SIGNS_IN_AT: &str = "Signs in at";
/// Named departures from the specification.
pub const RELAXATIONS: &str = "Allowed exceptions";
/// For another account.
pub const OTHER_ACCOUNT: &str = "Use a different account";
/// Beside "Try again".
pub const RECONNECT: &str = "Reconnect";
/// After an administrator has done something.
pub const TRY_AGAIN: &str = "Try again";
/// The end.
pub const DISCONNECT: &str = "Disconnect";
/// The safe choice.
pub const KEEP: &str = "Keep connected";

/// The disclosure's name.
pub fn details_name(name: &str) -> String {
    format!("Details, {name}")
}

/// A button in the details, named for those who do not see its place.
pub fn named(word: &str, name: &str) -> String {
    format!("{word}, {name}")
}

/// The button that asks first.
pub fn disconnect_name(name: &str) -> String {
    format!("Disconnect {name}")
}

/// The question.
pub fn confirm_question(name: &str) -> String {
    format!("Disconnect {name}?")
}

/// What it means.
pub fn confirm_text(name: &str) -> String {
    format!("AI-Q forgets this sign-in and asks {name} to end it; running jobs lose it within a minute.")
}

/// What it means for research jobs that use the source; `None` when there are none.
pub fn confirm_jobs(jobs: usize) -> Option<String> {
    match jobs {
        0 => None,
        1 => Some("1 research job is using it and will continue without it.".to_owned()),
        many => Some(format!("{many} research jobs are using it and will continue without it.")),
    }
}

/// Until when: what to call it, and the answer.
pub fn lifetime(auth: &PerUserAuth, moment: Moment) -> (&'static str, String) {
    match auth.expires_at {
        _ if auth.renewable => (RENEWS, "automatically".to_owned()),
        Some(end) if end <= moment.now => (EXPIRED, time::stamp(end, moment)),
        Some(end) => (EXPIRES, time::stamp(end, moment)),
        None => (RENEWS, "when the provider asks for it".to_owned()),
    }
}
