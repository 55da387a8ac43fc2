//! What a screen reader says. Polite, unless it cannot wait.

use aiq_connect_shared::FaultCode;

use super::time;
use crate::state::connections::{Connections, News};
use crate::state::desk::{DeskNews, Toast};
use crate::state::flow::Ended;
use crate::state::job_wait::WaitNews;
use crate::state::live::Message;
use crate::state::moment::Moment;

fn polite(text: String) -> Message {
    Message { text, is_urgent: false }
}

fn urgent(text: String) -> Message {
    Message { text, is_urgent: true }
}

/// What happened to a source.
pub fn source(news: &News, connections: &Connections) -> Message {
    let name = |id: &str| connections.sources.find(id).map_or_else(|| id.to_owned(), |source| source.name.clone());
    match news {
        News::Waiting(id) => polite(format!("Waiting for sign-in to {}.", name(id))),
        News::WaitingForAll(ids) => {
            let names: Vec<_> = ids.iter().map(|id| name(id)).collect();
            polite(format!("Waiting for sign-in to {}, one after the other.", super::list(&names)))
        }
        News::AllBlocked(ids) => urgent(format!(
            "Your browser blocked the sign-in window for {} sources. A link is offered instead.",
            ids.len()
        )),
        News::WindowBlocked(id) => {
            urgent(format!("Your browser blocked the sign-in window of {}. A link is offered instead.", name(id)))
        }
        News::Ended(id, Ended::Succeeded) => polite(format!("{} connected.", name(id))),
        News::Ended(id, Ended::Denied) => polite(format!("{} not connected. You chose not to allow access.", name(id))),
        News::Ended(id, Ended::Failed(FaultCode::IdpUnreachable)) => {
            polite(format!("{0} not connected. We couldn't reach {0}'s sign-in.", name(id)))
        }
        News::Ended(id, Ended::Failed(_)) => polite(format!("{} not connected. The sign-in didn't work.", name(id))),
        News::Ended(id, Ended::TimedOut) => polite(format!("{} not connected. The sign-in timed out.", name(id))),
        News::Ended(id, Ended::Cancelled) => polite(format!("Sign-in to {} cancelled.", name(id))),
        News::Disconnected(id, true) => polite(format!("{} disconnected.", name(id))),
        News::Disconnected(id, false) => polite(format!("{0} disconnected here. We couldn't tell {0}.", name(id))),
        News::Rechecked(id, true) => polite(format!("{} works again.", name(id))),
        News::Rechecked(id, false) => polite(format!("{} still can't be used. We'll keep trying.", name(id))),
        News::NotDisconnected(id) => urgent(format!("We couldn't disconnect {}. Please try again.", name(id))),
        News::SignedOut => urgent("You're signed out of AI-Q. Your sources stay connected.".to_owned()),
        News::TurnedOn { on, of, skipped } if skipped.is_empty() => polite(format!("Turned on {on} of {of}.")),
        News::TurnedOn { on, of, skipped } => {
            let names: Vec<_> = skipped.iter().map(|id| name(id)).collect();
            let need = if names.len() == 1 { "needs" } else { "need" };
            polite(format!("Turned on {on} of {of}. {} {need} connecting first.", super::list(&names)))
        }
    }
}

/// Nothing blocks any more.
pub fn ready() -> Message {
    polite("All sources are ready.".to_owned())
}

/// One source is connected, and another one is still to be.
pub fn next(name: &str) -> Message {
    polite(format!("{name} is next."))
}

/// A note, where nothing else says it.
pub fn note(toast: &Toast, names: &[&str]) -> Option<Message> {
    match toast {
        Toast::SentWithout(_) | Toast::Copied | Toast::NotCopied | Toast::DraftReplaced(_) => {
            Some(polite(super::composer::toast(toast, names)))
        }
        Toast::JobWaits { .. } | Toast::Back(_) | Toast::Connected(_) | Toast::Disconnected { .. } => None,
    }
}

/// What happened to a question.
pub fn desk(news: &DeskNews, moment: Moment) -> Message {
    match news {
        DeskNews::Blocked(sources) if sources.len() == 1 => {
            urgent("Not sent. A source needs connecting first. Your question is kept.".to_owned())
        }
        DeskNews::Blocked(sources) => {
            urgent(format!("Not sent. {} sources need connecting first. Your question is kept.", sources.len()))
        }
        DeskNews::Sent => polite("Question sent.".to_owned()),
        DeskNews::Over(state) => polite(super::job::over(*state).to_owned()),
        DeskNews::Failed(trouble) => urgent(super::composer::trouble(trouble)),
        DeskNews::Wait { news, .. } => wait(news, moment),
    }
}

/// What happened between a job and its person.
fn wait(news: &WaitNews, moment: Moment) -> Message {
    match news {
        WaitNews::Waits { name, until, .. } => {
            let until = time::at(*until, moment);
            urgent(format!("{name} needs you to sign in again. A research job waits until {until}."))
        }
        WaitNews::Back { name, .. } => polite(format!("{name} is back. The research job continues.")),
        WaitNews::Without { name, .. } => polite(format!("The research job goes on without {name}.")),
        WaitNews::Longer { name, until } => {
            polite(format!("The research job now waits for {name} until {}.", time::at(*until, moment)))
        }
        WaitNews::Failed(trouble) => urgent(super::prompt::trouble(*trouble).to_owned()),
    }
}
