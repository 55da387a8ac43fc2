//! What a job says when it needs its person, and what became of it.

use aiq_connect_shared::{FaultCode, SkipReason};

use super::time;
use crate::state::job_wait::{Standing, WaitTrouble};
use crate::state::moment::Moment;
use crate::state::prompt::{Item, Phase, Prompt};

/// Goes on without the source.
pub const CONTINUE: &str = "Continue without it";
/// Asks the job to wait longer.
pub const LONGER: &str = "Wait longer";
/// For the next question, when this one goes on without.
pub const FOR_NEXT_TIME: &str = "Reconnect for next time";
/// Asks the same question again.
pub const RUN_AGAIN: &str = "Run again";
/// Over several sources none of which the job waits for.
pub const HEADING: &str = "Sources of this research job";

/// The words for one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemWords {
    /// The news, in bold.
    pub title: Option<String>,
    /// What follows from it.
    pub text: String,
}

/// Over the list; `None` where the one source says it all.
pub fn heading(prompt: &Prompt) -> Option<String> {
    match (prompt.items.len(), prompt.waiting().len()) {
        (0 | 1, _) => None,
        (_, 0) => Some(HEADING.to_owned()),
        (_, 1) => prompt.waiting().first().map(|item| needs(item)),
        (_, many) => Some(format!("{many} sources need you to sign in again.")),
    }
}

/// Under that heading.
pub fn text(prompt: &Prompt) -> Option<&'static str> {
    (prompt.items.len() > 1 && !prompt.waiting().is_empty())
        .then_some("The research job is paused at this step. Everything found so far is kept.")
}

/// One source. `is_alone`: nothing stands over it.
pub fn item(item: &Item, is_alone: bool, moment: Moment) -> ItemWords {
    let name = &item.wait.source_name;
    let (title, text) = match item.phase {
        Phase::Waiting => {
            let until = item.wait.waits_until.map(|until| time::at(until, moment));
            let title = if is_alone { needs(item) } else { name.clone() };
            return ItemWords { title: Some(title), text: waits(until.as_deref(), is_alone) };
        }
        Phase::Resuming => (None, format!("{name} is connected again. The research job will notice in a moment.")),
        Phase::Restored => (None, format!("{name} is back. Continuing.")),
        Phase::Without(reason) => (None, without(reason, name)),
        Phase::Finished => (None, format!("The job finished without {name}: {}.", missing(item, moment))),
        Phase::Ended => (None, format!("The job ended while it was without {name}: {}.", missing(item, moment))),
    };
    ItemWords { title, text }
}

fn needs(item: &Item) -> String {
    let name = &item.wait.source_name;
    match item.wait.reason.as_deref().map(FaultCode::from_word) {
        Some(FaultCode::ScopeMismatch) => format!("{name} needs more permission from you."),
        _ => format!("{name} needs you to sign in again."),
    }
}

fn waits(until: Option<&str>, is_alone: bool) -> String {
    match (until, is_alone) {
        (Some(until), true) => {
            format!("The research job is paused at this step and waits until {until}. Everything found so far is kept.")
        }
        (Some(until), false) => format!("Waits until {until}."),
        (None, true) => "The research job is paused at this step. Everything found so far is kept.".to_owned(),
        (None, false) => "Waits.".to_owned(),
    }
}

fn without(reason: SkipReason, name: &str) -> String {
    match reason {
        SkipReason::Skipped => format!("Continuing without {name}. The report will say so."),
        SkipReason::DeadlinePassed => {
            format!("Nobody signed in, so the job went on without {name}. The report will say so.")
        }
        SkipReason::Disconnected => {
            format!("You disconnected {name}, so the job goes on without it. The report will say so.")
        }
        SkipReason::TooManyWaiting => format!(
            "Too many research jobs were waiting already, so this one goes on without {name}. The report will say so."
        ),
        SkipReason::NotRecoverable => format!("{name} isn't set up correctly. The job goes on without it."),
        SkipReason::Unknown => format!("The job goes on without {name}. The report will say so."),
    }
}

/// What was missing, and since when.
fn missing(item: &Item, moment: Moment) -> String {
    let name = &item.wait.source_name;
    let what = match item.wait.reason.as_deref() {
        None => match item.wait.standing {
            Standing::Without(SkipReason::Disconnected) => "you disconnected it".to_owned(),
            Standing::Without(SkipReason::NotRecoverable) => return "it isn't set up correctly".to_owned(),
            Standing::Without(SkipReason::TooManyWaiting) => {
                return "too many research jobs were waiting already".to_owned();
            }
            _ => return "it couldn't be used".to_owned(),
        },
        Some("expired") => "sign-in expired".to_owned(),
        Some("disconnected") => "you disconnected it".to_owned(),
        Some(word) => match FaultCode::from_word(word) {
            FaultCode::Revoked => "access was removed".to_owned(),
            FaultCode::ScopeMismatch => "more permission was needed".to_owned(),
            FaultCode::IdpUnreachable => "its sign-in couldn't be reached".to_owned(),
            FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => {
                return "it isn't set up correctly".to_owned();
            }
            FaultCode::ProviderMoved => format!("{name} moved its sign-in"),
            FaultCode::RejectedByServer => "it didn't accept AI-Q's sign-in".to_owned(),
            FaultCode::ConsentDenied | FaultCode::IssuerMismatch | FaultCode::AccountChanged | FaultCode::Unknown => {
                "it needed a new sign-in".to_owned()
            }
        },
    };
    if item.wait.is_live { format!("{what} {}", time::when(item.wait.heard_at, moment)) } else { what }
}

/// What the person asked for did not happen.
pub fn trouble(trouble: WaitTrouble) -> &'static str {
    match trouble {
        WaitTrouble::Unreachable => "We can't reach AI-Q right now. Please try again.",
        WaitTrouble::Over => "The research job isn't waiting any more.",
    }
}

/// A button's name for those who do not see its place: the visible word first.
pub fn named(word: &str, name: &str) -> String {
    format!("{word}, {name}")
}

/// What an administrator needs.
pub fn details(job: &str, item: &Item) -> String {
    let reason = item.wait.reason.as_deref().unwrap_or("unknown");
    let (source, heard) = (&item.wait.source_id, item.wait.heard_at);
    format!("AI-Q research job {job}\nSource: {source}\nReason: {reason}\nHeard: {heard:?}")
}
