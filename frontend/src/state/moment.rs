//! The time, as it reaches pure code: always an argument.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

/// Tells times as the clock and the calendar on a person's wall do: in their zone, with its summers and winters.
pub trait Wall {
    /// The day.
    fn day(&self, at: DateTime<Utc>) -> NaiveDate;
    /// "18:00".
    fn clock(&self, at: DateTime<Utc>) -> String;
    /// "3 November", or "3 November 2027".
    fn date(&self, at: DateTime<Utc>, with_year: bool) -> String;
}

/// Now, and how the person's wall tells it.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Now.
    pub now: DateTime<Utc>,
    /// Where times are read.
    pub wall: &'static dyn Wall,
}

/// There is one wall for each page.
impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now
    }
}

impl Eq for Moment {}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Moment").field(&self.now).finish()
    }
}

#[cfg(test)]
pub mod samples {
    //! Walls that need no browser.

    use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};

    use super::{Moment, Wall};

    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];

    /// A zone that is always this many minutes east of UTC.
    pub struct East(pub i64);

    impl Wall for East {
        fn day(&self, at: DateTime<Utc>) -> NaiveDate {
            (at + TimeDelta::minutes(self.0)).date_naive()
        }

        fn clock(&self, at: DateTime<Utc>) -> String {
            let at = at + TimeDelta::minutes(self.0);
            format!("{:02}:{:02}", at.hour(), at.minute())
        }

        fn date(&self, at: DateTime<Utc>, with_year: bool) -> String {
            let day = self.day(at);
            let month = MONTHS[day.month0() as usize];
            if with_year { format!("{} {month} {}", day.day(), day.year()) } else { format!("{} {month}", day.day()) }
        }
    }

    /// This time, for somebody who lives in UTC.
    pub fn utc(now: DateTime<Utc>) -> Moment {
        Moment { now, wall: &East(0) }
    }
}
