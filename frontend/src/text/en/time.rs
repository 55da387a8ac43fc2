//! Times, in the person's own zone.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

use crate::state::moment::Moment;

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

/// "18:00", "tomorrow at 09:00", "3 November at 09:00".
pub fn at(at: DateTime<Utc>, moment: Moment) -> String {
    let (then, today) = (moment.local(at), moment.local(moment.now).date());
    let clock = format!("{:02}:{:02}", then.hour(), then.minute());
    if then.date() == today {
        clock
    } else if then.date() == today + TimeDelta::days(1) {
        format!("tomorrow at {clock}")
    } else if then.date() == today - TimeDelta::days(1) {
        format!("yesterday at {clock}")
    } else {
        format!("{} at {clock}", date(at, moment))
    }
}

/// The same as an adverb: "at 18:00", "tomorrow at 09:00", "on 3 November at 09:00".
pub fn when(then: DateTime<Utc>, moment: Moment) -> String {
    let days = (moment.local(then).date() - moment.local(moment.now).date()).num_days();
    match days {
        0 => format!("at {}", at(then, moment)),
        -1 | 1 => at(then, moment),
        _ => format!("on {}", at(then, moment)),
    }
}

/// Standing alone: "today at 18:00", "tomorrow at 09:00", "3 November at 09:00".
pub fn stamp(then: DateTime<Utc>, moment: Moment) -> String {
    if moment.local(then).date() == moment.local(moment.now).date() {
        format!("today at {}", at(then, moment))
    } else {
        at(then, moment)
    }
}

/// "3 November", with the year when it is another one.
pub fn date(at: DateTime<Utc>, moment: Moment) -> String {
    let (then, today) = (moment.local(at).date(), moment.local(moment.now).date());
    let month = MONTHS.get(then.month0() as usize).copied().unwrap_or_default();
    if then.year() == today.year() {
        format!("{} {month}", then.day())
    } else {
        format!("{} {month} {}", then.day(), then.year())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(minutes_east: i32) -> Moment {
        Moment { now: "2026-11-03T12:00:00Z".parse().unwrap(), minutes_east }
    }

    fn says(text: &str, minutes_east: i32) -> String {
        at(text.parse().unwrap(), moment(minutes_east))
    }

    #[test]
    fn times_are_told_in_the_persons_own_zone() {
        assert_eq!(says("2026-11-03T18:00:00Z", 0), "18:00");
        assert_eq!(says("2026-11-03T18:00:00Z", 60), "19:00");
        assert_eq!(says("2026-11-03T18:00:00Z", -330), "12:30");
    }

    #[test]
    fn as_an_adverb_a_time_brings_its_own_preposition() {
        let adverb = |text: &str| when(text.parse().unwrap(), moment(0));
        assert_eq!(adverb("2026-11-03T18:00:00Z"), "at 18:00");
        assert_eq!(adverb("2026-11-04T09:00:00Z"), "tomorrow at 09:00");
        assert_eq!(adverb("2026-12-24T09:00:00Z"), "on 24 December at 09:00");
        assert_eq!(stamp("2026-11-03T18:00:00Z".parse().unwrap(), moment(0)), "today at 18:00");
        assert_eq!(stamp("2026-11-04T09:00:00Z".parse().unwrap(), moment(0)), "tomorrow at 09:00");
    }

    #[test]
    fn other_days_are_named() {
        assert_eq!(says("2026-11-04T09:05:00Z", 0), "tomorrow at 09:05");
        assert_eq!(says("2026-11-03T23:30:00Z", 60), "tomorrow at 00:30");
        assert_eq!(says("2026-11-02T09:00:00Z", 0), "yesterday at 09:00");
        assert_eq!(says("2026-12-24T09:00:00Z", 0), "24 December at 09:00");
        assert_eq!(says("2027-01-01T09:00:00Z", 0), "1 January 2027 at 09:00");
    }
}
