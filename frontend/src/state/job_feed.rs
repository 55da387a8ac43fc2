//! How the page hears about a job: over the job's stream where there is one, else by asking again and again.

use aiq_connect_shared::{JobAuthEnded, JobAuthRequired, JobEvent, JobState};
use serde::Deserialize;

/// How many streams are open at once. Browsers keep few connections to one host, and the other requests need some.
const AT_ONCE: usize = 2;
/// A page that nobody looks at listens every so many turns only, for the same reason.
const HIDDEN_TURNS: usize = 3;

/// The way to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Names this opening of the stream; what an earlier one says is dropped.
    pub generation: u32,
    /// Where the stream is.
    pub link: Link,
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Asked for.
    Opening,
    /// Open.
    Open,
    /// Cut, or not to be had: an older service, or one that is away.
    Lost,
}

/// What a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Where the job is.
    Status(JobState),
    /// What it needs from its person.
    Event(JobEvent),
}

#[derive(Deserialize)]
struct Status {
    status: JobState,
}

impl Said {
    /// The events of a stream that the page listens to.
    pub const NAMES: [&'static str; 4] = ["job.status", "job.auth_required", "job.auth_restored", "job.auth_skipped"];

    /// Understands one event of this job; whatever else comes is not for us.
    pub fn read(job: &str, name: &str, data: &str) -> Option<Self> {
        let ended = || serde_json::from_str::<JobAuthEnded>(data).ok().filter(|event| event.job_id == job);
        match name {
            "job.status" => serde_json::from_str::<Status>(data).ok().map(|status| Self::Status(status.status)),
            "job.auth_required" => serde_json::from_str::<JobAuthRequired>(data)
                .ok()
                .filter(|event| event.job_id == job)
                .map(|event| Self::Event(JobEvent::Required(event))),
            "job.auth_restored" => ended().map(|event| Self::Event(JobEvent::Restored(event))),
            "job.auth_skipped" => ended().map(|event| Self::Event(JobEvent::Skipped(event))),
            _ => None,
        }
    }
}

/// Which of the open jobs are listened to in this turn: all of a few, and many one after the other. What was missed
/// meanwhile is replayed.
pub fn listened(open: &[String], turn: usize, is_visible: bool) -> Vec<String> {
    if !is_visible && !turn.is_multiple_of(HIDDEN_TURNS) {
        return Vec::new();
    }
    if open.len() <= AT_ONCE {
        return open.to_vec();
    }
    open.iter().cycle().skip(turn * AT_ONCE % open.len()).take(AT_ONCE).cloned().collect()
}

/// Whether there are turns to take.
pub fn takes_turns(open: usize, is_visible: bool) -> bool {
    open > AT_ONCE || (open > 0 && !is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_and_the_three_events_of_this_job_are_understood() {
        assert_eq!(Said::read("j1", "job.status", r#"{"status":"running"}"#), Some(Said::Status(JobState::Running)));
        let required = r#"{"job_id":"j1","source_id":"a","source_name":"A","mcp_server_id":"a","reason":"expired",
            "retryable":true,"connect_url":"https://c.example/v1/auth/mcp/a/connect","waits_until":"2026-11-03T18:20:00Z",
            "can_extend":true}"#;
        let Some(Said::Event(JobEvent::Required(event))) = Said::read("j1", "job.auth_required", required) else {
            panic!("not understood")
        };
        assert!(event.can_extend && event.waits_until.is_some());
        let ended = r#"{"job_id":"j1","source_id":"a","source_name":"A","mcp_server_id":"a","reason":"skipped"}"#;
        for name in ["job.auth_restored", "job.auth_skipped"] {
            let Some(Said::Event(event)) = Said::read("j1", name, ended) else { panic!("{name} is not understood") };
            assert_eq!(event.name(), name);
            assert_eq!(Said::read("j2", name, ended), None, "another job's event is not this one's");
        }
        assert_eq!(Said::read("j2", "job.auth_required", required), None);
    }

    #[test]
    fn what_is_not_for_us_is_left_alone() {
        for (name, data) in [("stream.mode", r#"{"mode":"polling"}"#), ("job.status", "{}"), ("job.auth_skipped", "no")]
        {
            assert_eq!(Said::read("j1", name, data), None);
        }
    }

    #[test]
    fn a_few_jobs_are_all_listened_to_and_many_take_turns() {
        let open: Vec<String> = ["1", "2", "3"].iter().map(ToString::to_string).collect();
        assert_eq!(listened(&open[..2], 5, true), ["1", "2"]);
        let mut heard: Vec<_> = (0..3).flat_map(|turn| listened(&open, turn, true)).collect();
        assert_eq!(heard.len(), 3 * AT_ONCE);
        heard.sort();
        heard.dedup();
        assert_eq!(heard, open, "nobody is left out");
    }

    #[test]
    fn a_page_that_nobody_looks_at_leaves_its_connections_to_others_most_of_the_time() {
        let open = ["1".to_owned()];
        let heard: Vec<_> = (0..6).map(|turn| listened(&open, turn, false).len()).collect();
        assert_eq!(heard, [1, 0, 0, 1, 0, 0]);
        assert!(takes_turns(1, false) && !takes_turns(1, true) && !takes_turns(0, false));
    }
}
