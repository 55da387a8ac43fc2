//! One question and what became of it.

use aiq_connect_shared::{JobReport, JobState, JobStatus};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A job, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// To ask by.
    pub id: String,
    /// What the person asked.
    pub question: String,
    /// The names of the sources it may use.
    pub sources: Vec<String>,
    /// When it was sent.
    pub asked_at: DateTime<Utc>,
    /// The service's word.
    pub state: JobState,
    /// The answer, once it is there.
    #[serde(default)]
    pub report: Option<String>,
    /// The service said that there is nothing (more) to fetch.
    #[serde(default)]
    pub has_no_report: bool,
    /// The last attempt to ask got no answer.
    #[serde(default)]
    pub is_out_of_touch: bool,
}

impl Job {
    /// Whether there is still something to ask for.
    pub fn is_open(&self) -> bool {
        !self.state.is_over() || self.awaits_report()
    }

    /// Whether it succeeded and the answer is not here yet.
    pub fn awaits_report(&self) -> bool {
        self.state == JobState::Success && self.report.is_none() && !self.has_no_report
    }

    /// The service's word on the job.
    pub fn heard(&mut self, status: &JobStatus) {
        self.is_out_of_touch = false;
        // What is over stays over: a late answer must not wake it.
        if !self.state.is_over() {
            self.state = status.status;
        }
    }

    /// The answer.
    pub fn answered(&mut self, report: JobReport) {
        self.is_out_of_touch = false;
        self.has_no_report = report.report.as_ref().is_none_or(|text| text.trim().is_empty());
        self.report = report.report.filter(|text| !text.trim().is_empty());
    }

    /// The state in one word, for tests and styles.
    pub fn word(&self) -> &'static str {
        match self.state {
            JobState::Submitted => "submitted",
            JobState::Running => "running",
            JobState::Success => "success",
            JobState::Failure => "failure",
            JobState::Interrupted => "interrupted",
            JobState::NotFound => "not_found",
            JobState::Unknown => "unknown",
        }
    }
}
