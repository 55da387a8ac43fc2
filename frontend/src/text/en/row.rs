//! What a row says in each state.

use aiq_connect_shared::{FaultCode, PerUserAuth};
use chrono::{DateTime, Utc};

use super::time;
use crate::state::moment::Moment;
use crate::state::row_state::{Away, Kind, Notice, RowAction, RowState};

/// The words of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowWords {
    /// The status, a few words.
    pub status: String,
    /// What follows from it, one sentence or two.
    pub second: Option<String>,
}

/// What the words need to know beside the state.
#[derive(Clone, Copy, Debug)]
pub struct RowFacts<'a> {
    /// What people call the source.
    pub name: &'a str,
    /// The connection, if the source has one.
    pub auth: Option<&'a PerUserAuth>,
    /// Whether it is switched on.
    pub is_on: bool,
    /// When the sign-in under way ends.
    pub flow_ends: Option<DateTime<Utc>>,
    /// Now.
    pub moment: Moment,
}

/// The words of a row.
pub fn words(row: &RowState, facts: &RowFacts<'_>) -> RowWords {
    let name = facts.name;
    let status = match row.kind {
        Kind::Free => String::new(),
        Kind::Disconnected | Kind::Denied => "Not connected".to_owned(),
        Kind::WindowBlocked => "Sign-in window blocked".to_owned(),
        Kind::Connecting => "Waiting for sign-in".to_owned(),
        Kind::Checking => "Checking…".to_owned(),
        Kind::Disconnecting => "Disconnecting…".to_owned(),
        Kind::Connected => match facts.auth.and_then(|auth| auth.account_label.as_ref()) {
            Some(account) => format!("Connected as {account}"),
            None => "Connected".to_owned(),
        },
        Kind::ExpiringSoon => match facts.auth.and_then(|auth| auth.expires_at) {
            Some(end) => format!("Connected, expires {}", time::when(end, facts.moment)),
            None => "Connected".to_owned(),
        },
        Kind::Expired => "Sign-in expired".to_owned(),
        Kind::Failed(code) => failed(code, name),
        Kind::TurnedOff => "Turned off by your administrator".to_owned(),
        Kind::Unavailable(Away::SignedOut) => "Sign in to AI-Q first".to_owned(),
        Kind::Unavailable(Away::AuthOff) => "Not available on this server".to_owned(),
    };
    let second = row.notice.as_ref().map(|notice| beside(notice, row, facts)).or_else(|| second(row, facts));
    RowWords { status, second }
}

/// A status line of older facts.
pub fn as_of(status: &str, at: DateTime<Utc>, moment: Moment) -> String {
    format!("{status}, as of {}", time::at(at, moment))
}

fn failed(code: FaultCode, name: &str) -> String {
    match code {
        FaultCode::Revoked => "Access was removed".to_owned(),
        FaultCode::ScopeMismatch => "More permission needed".to_owned(),
        FaultCode::IdpUnreachable => format!("Can't reach {name}'s sign-in"),
        FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => "Not set up yet".to_owned(),
        FaultCode::ConsentDenied => "Not connected".to_owned(),
        FaultCode::RejectedByServer => format!("{name} doesn't accept AI-Q's sign-in right now"),
        FaultCode::ProviderMoved => format!("{name} moved its sign-in"),
        FaultCode::AccountChanged => "Another account was used".to_owned(),
        FaultCode::IssuerMismatch => "Sign-in not trusted".to_owned(),
        FaultCode::Unknown => "Something went wrong".to_owned(),
    }
}

/// What follows from the state itself.
fn second(row: &RowState, facts: &RowFacts<'_>) -> Option<String> {
    let name = facts.name;
    let text = match row.kind {
        Kind::Disconnected if facts.is_on => "On, but not connected yet.".to_owned(),
        Kind::Disconnected => return facts.auth.and_then(|auth| auth.provider_host.as_deref()).map(opens),
        Kind::Denied => "You chose not to allow access. Nothing was saved.".to_owned(),
        Kind::Connecting => waiting_in(name),
        Kind::ExpiringSoon => "Reconnect now to avoid an interruption.".to_owned(),
        Kind::Expired => format!("Sign in again to use {name}."),
        Kind::Failed(code) => consequence(code, facts),
        _ => return None,
    };
    Some(text)
}

fn consequence(code: FaultCode, facts: &RowFacts<'_>) -> String {
    let name = facts.name;
    match code {
        FaultCode::Revoked => format!("{name} no longer lets AI-Q in. Someone may have removed it there."),
        FaultCode::ScopeMismatch => match missing(facts.auth) {
            Some(missing) => format!("Still missing: {missing}."),
            None => format!("{name} allowed less than AI-Q needs."),
        },
        FaultCode::IdpUnreachable => match facts.auth.and_then(|auth| auth.error.as_ref()?.retry_at) {
            Some(retry) => format!("Not your fault. We'll try again {}.", time::when(retry, facts.moment)),
            None => "Not your fault. We'll keep trying.".to_owned(),
        },
        FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => {
            with_reference(format!("Your administrator must finish setting up {name}."), facts.auth)
        }
        FaultCode::ConsentDenied => "You chose not to allow access. Nothing was saved.".to_owned(),
        FaultCode::RejectedByServer => "We'll try again by ourselves; you can also reconnect.".to_owned(),
        FaultCode::ProviderMoved => {
            "Reconnect to use the new one. Your administrator can tell you whether that is expected.".to_owned()
        }
        FaultCode::AccountChanged => {
            "This is another account than before. If you did not mean that, use a different account.".to_owned()
        }
        FaultCode::IssuerMismatch => with_reference(
            format!("The answer did not come from {name}'s own sign-in, so we did not use it."),
            facts.auth,
        ),
        FaultCode::Unknown => with_reference("Reconnecting usually helps.".to_owned(), facts.auth),
    }
}

/// What stands beside a state: how the last sign-in ended, or what else is known.
fn beside(notice: &Notice, row: &RowState, facts: &RowFacts<'_>) -> String {
    let name = facts.name;
    let outcome = if row.has_grant { "Nothing was changed." } else { "Nothing was saved." };
    match notice {
        Notice::Denied => format!("You chose not to allow access. {outcome}"),
        Notice::Failed(_) if matches!(row.kind, Kind::Failed(_)) => {
            second(row, facts).unwrap_or_else(|| outcome.to_owned())
        }
        Notice::Failed(code) => format!("{} {outcome}", attempt(*code, name)),
        Notice::Listed(code) => still_works(*code, facts),
        Notice::TimedOut => format!("The sign-in window timed out. {outcome}"),
        Notice::AccountChanged { from, to } => format!("You were connected as {from}, now as {to}."),
        Notice::ProviderNotTold => format!(
            "{name} disconnected here. We couldn't tell {name}; you can also remove AI-Q in your {name} settings."
        ),
        Notice::NotDisconnected => format!("We couldn't disconnect {name}. Please try again."),
        Notice::JobWaits(until) => {
            format!("A research job is waiting for {name} until {}.", time::at(*until, facts.moment))
        }
        Notice::WindowGone => format!("Did you close the {name} window?"),
        Notice::StillWaiting => match facts.flow_ends {
            Some(end) => {
                format!("Still waiting. Take your time, this sign-in stays open until {}.", time::at(end, facts.moment))
            }
            None => "Still waiting. Take your time.".to_owned(),
        },
    }
}

/// A fault beside a sign-in that works.
fn still_works(code: FaultCode, facts: &RowFacts<'_>) -> String {
    let name = facts.name;
    match code {
        FaultCode::IdpUnreachable => match facts.auth.and_then(|auth| auth.expires_at) {
            Some(end) => {
                format!("Sign-in service is unreachable; access works until {}.", time::at(end, facts.moment))
            }
            None => "Sign-in service is unreachable; access still works.".to_owned(),
        },
        FaultCode::Revoked => format!("Access still works, but {name} may end it soon. Reconnect to keep it."),
        FaultCode::ScopeMismatch => match missing(facts.auth) {
            Some(missing) => format!("Works, but still missing: {missing}."),
            None => format!("Works, but {name} allowed less than AI-Q needs."),
        },
        FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => with_reference(
            format!("Access still works, but your administrator must finish setting up {name}."),
            facts.auth,
        ),
        FaultCode::IssuerMismatch => with_reference(
            format!(
                "The last answer did not come from {name}'s own sign-in, so we did not use it. Access still works."
            ),
            facts.auth,
        ),
        FaultCode::ProviderMoved => format!(
            "{name} moved its sign-in. Access still works; reconnect to use the new one. Your administrator can tell \
             you whether that is expected."
        ),
        FaultCode::RejectedByServer => {
            format!("{name} refused AI-Q a moment ago. We'll try again by ourselves.")
        }
        FaultCode::AccountChanged => "This is another account than before.".to_owned(),
        FaultCode::ConsentDenied => "You chose not to allow access. Nothing was changed.".to_owned(),
        FaultCode::Unknown => with_reference("Something went wrong, but access still works.".to_owned(), facts.auth),
    }
}

/// Why an attempt to sign in failed.
fn attempt(code: FaultCode, name: &str) -> String {
    match code {
        FaultCode::IdpUnreachable => format!("We couldn't reach {name}'s sign-in."),
        FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => {
            format!("Your administrator must finish setting up {name}.")
        }
        FaultCode::ScopeMismatch => format!("{name} allowed less than AI-Q needs."),
        FaultCode::IssuerMismatch => format!("The answer did not come from {name}'s own sign-in."),
        FaultCode::ConsentDenied => "You chose not to allow access.".to_owned(),
        FaultCode::RejectedByServer => format!("{name} doesn't accept AI-Q's sign-in right now."),
        FaultCode::ProviderMoved => format!("{name} moved its sign-in."),
        FaultCode::Revoked | FaultCode::AccountChanged | FaultCode::Unknown => {
            "The sign-in didn't work; trying again usually helps.".to_owned()
        }
    }
}

fn missing(auth: Option<&PerUserAuth>) -> Option<String> {
    let auth = auth.filter(|auth| !auth.missing_scopes.is_empty())?;
    let names: Vec<_> = auth.missing_scopes.iter().map(|scope| auth.scope_labels.get(scope).unwrap_or(scope)).collect();
    Some(super::list(&names))
}

fn with_reference(sentence: String, auth: Option<&PerUserAuth>) -> String {
    match auth.and_then(|auth| auth.error.as_ref()?.reference.as_ref()) {
        Some(reference) => format!("{sentence} Reference {reference}."),
        None => sentence,
    }
}

/// The word on the button.
pub fn action(action: RowAction) -> &'static str {
    match action {
        RowAction::Connect => "Connect",
        RowAction::Reconnect => "Reconnect",
        RowAction::AddPermission => "Add permission",
        RowAction::Cancel => "Cancel",
        RowAction::Recheck | RowAction::TryAgain => "Try again",
        RowAction::CopyDetails => "Copy details",
    }
}

/// The button's name for those who do not see its place: the visible word first.
pub fn action_name(which: RowAction, name: &str) -> String {
    match which {
        RowAction::AddPermission => format!("Add permission for {name}"),
        RowAction::Cancel => format!("Cancel sign-in to {name}"),
        RowAction::Recheck | RowAction::TryAgain => format!("Try again, {name}"),
        RowAction::CopyDetails => format!("Copy details of {name}"),
        RowAction::Connect | RowAction::Reconnect => format!("{} {name}", action(which)),
    }
}

/// The switch.
pub fn switch_name(name: &str) -> String {
    format!("Use {name}")
}

/// Before the first connect.
fn opens(host: &str) -> String {
    format!("Opens {host} in a new window.")
}

/// While a sign-in is under way.
pub fn waiting_in(name: &str) -> String {
    format!("Finish in the {name} window.")
}

/// Beside a sign-in under way.
pub const CANT_SEE_IT: &str = "Can't see it?";
/// After another account came back than the one before.
pub const OTHER_ACCOUNT: &str = "Use a different account";
/// Opens the window once more.
pub const OPEN_AGAIN: &str = "Open it again";
/// The window was refused.
pub const BLOCKED: &str = "Your browser blocked the sign-in window.";
/// What to do then.
pub const OPEN_YOURSELF: &str = "Open it yourself:";
/// The link.
pub fn open_sign_in(name: &str) -> String {
    format!("Open {name} sign-in")
}
/// The same, where one window visits several.
pub fn open_sign_in_for(sources: usize) -> String {
    format!("Open sign-in for {sources} sources")
}
/// For another browser or device.
pub const COPY_LINK: &str = "Copy link";
/// Instead of a window.
pub const STAY: &str = "Stay in this tab";
