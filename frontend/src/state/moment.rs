//! The time, as it reaches pure code: always an argument.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// Now, and how the person's clock on the wall differs from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: DateTime<Utc>,
    /// Minutes east of UTC.
    pub minutes_east: i32,
}

impl Moment {
    /// What the clock on the person's wall shows at `at`.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc() + TimeDelta::minutes(self.minutes_east.into())
    }
}
