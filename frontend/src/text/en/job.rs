//! Questions already asked.

use crate::state::job::Job;
use aiq_connect_shared::JobState;

/// The heading.
pub const TITLE: &str = "Your questions";
/// Before the first one.
pub const NONE_YET: &str = "Your answers will appear here.";
/// What to try.
pub const NONE_YET_HINT: &str = "Switch on the sources you want to use, write a question and send it.";
/// The answer's heading, for screen readers.
pub const ANSWER: &str = "Answer";
/// Puts the question back into the box.
pub const ASK_AGAIN: &str = "Ask again";
/// For an administrator.
pub const COPY_DETAILS: &str = "Copy details";
/// No source was used.
pub const WITHOUT_SOURCES: &str = "Without sources";
/// The question's name in front of its text, for screen readers.
pub const YOU_ASKED: &str = "You asked";

/// Which sources it may use.
pub fn with_sources(names: &[String]) -> String {
    if names.is_empty() { WITHOUT_SOURCES.to_owned() } else { format!("With {}", super::list(names)) }
}

/// Instead of the state, while the job waits for its person.
pub const PAUSED: &str = "Paused, it needs you";

/// The state, in words.
pub fn status(job: &Job) -> &'static str {
    match job.state {
        _ if job.is_out_of_touch => "Last we heard, it was in progress",
        JobState::Submitted => "Waiting for a free worker",
        JobState::Running => "Working on it",
        JobState::Success if job.awaits_report() => "Fetching the answer",
        JobState::Success => "Answered",
        JobState::Failure => "Couldn't be finished",
        JobState::Interrupted => "Stopped",
        JobState::NotFound => "No longer there",
        JobState::Unknown => "In progress",
    }
}

/// What follows from the state; `None` where the state says all.
pub fn second(job: &Job) -> Option<&'static str> {
    match job.state {
        JobState::Failure => Some(
            "The research service stopped before there was an answer. Asking again usually helps; if not, give your \
             administrator the details.",
        ),
        JobState::Interrupted => Some("This research job was stopped before there was an answer."),
        JobState::NotFound => Some("AI-Q no longer knows this research job. You can ask again."),
        JobState::Success if job.has_no_report => Some("The research job finished without an answer."),
        _ => None,
    }
}

/// What an administrator needs.
pub fn details(job: &Job) -> String {
    format!("AI-Q research job {}\nState: {}\nSent: {:?}", job.id, job.word(), job.asked_at)
}

/// For screen readers.
pub fn over(state: JobState) -> &'static str {
    match state {
        JobState::Success => "Your question was answered.",
        _ => "Your question couldn't be answered.",
    }
}
