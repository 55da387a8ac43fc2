//! How jobs wait for their owners: `aiq_connect.job_wait_seconds` and `aiq_connect.max_paused_jobs`.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

use super::reader::Entry;
use crate::{domain::WaitRules, timing::JOB_WAIT};

/// How long one waits.
pub(super) const LENGTH: &str = "job_wait_seconds";
/// How many wait at once.
pub(super) const MOST: &str = "max_paused_jobs";

/// Each waiting job keeps its place at a worker.
const MOST_BY_DEFAULT: u32 = 8;

pub(super) fn read(block: Option<&Entry<'_>>) -> WaitRules {
    WaitRules {
        length: number(block, LENGTH, 1..=86_400).map_or(JOB_WAIT, |seconds| TimeDelta::seconds(seconds.into())),
        most: number(block, MOST, 0..=10_000).unwrap_or(MOST_BY_DEFAULT),
    }
}

fn number(block: Option<&Entry<'_>>, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let text = block?.filled(name)?;
    let number = text.value.parse().ok().filter(|number| range.contains(number));
    if number.is_none() {
        text.complain(format!("must be a whole number from {} to {}", range.start(), range.end()));
    }
    number
}
