//! How long things are kept that nobody uses any more: `aiq_connect.retention`, in days.

use chrono::TimeDelta;

use super::reader::Entry;
use crate::timing::{KEEP_AUDIT, KEEP_FLOWS, KEEP_JOBS};

/// The keys of the block.
pub(super) const KEYS: &[&str] = &["flows_days", "jobs_days", "audit_days"];

/// How long things are kept after their time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Sign-ins at providers that ended.
    pub flows: TimeDelta,
    /// Jobs, with their waits and what their streams told.
    pub jobs: TimeDelta,
    /// Audit records, from when they were written.
    pub audit: TimeDelta,
}

impl Default for Retention {
    fn default() -> Self {
        Self { flows: KEEP_FLOWS, jobs: KEEP_JOBS, audit: KEEP_AUDIT }
    }
}

pub(super) fn read(block: Option<&Entry<'_>>) -> Retention {
    let Some(block) = block.and_then(|block| block.section("retention")) else { return Retention::default() };
    block.only(KEYS);
    let Retention { flows, jobs, audit } = Retention::default();
    Retention {
        flows: days(&block, "flows_days", 1..=365).unwrap_or(flows),
        jobs: days(&block, "jobs_days", 1..=3_650).unwrap_or(jobs),
        audit: days(&block, "audit_days", 30..=36_500).unwrap_or(audit),
    }
}

fn days(block: &Entry<'_>, name: &str, range: std::ops::RangeInclusive<u32>) -> Option<TimeDelta> {
    let text = block.filled(name)?;
    let number = text.value.parse().ok().filter(|number| range.contains(number));
    if number.is_none() {
        text.complain(format!("must be a whole number of days from {} to {}", range.start(), range.end()));
    }
    number.map(|number: u32| TimeDelta::days(number.into()))
}
