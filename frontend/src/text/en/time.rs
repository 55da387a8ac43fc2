//! Times, in the person's own zone.

use chrono::{DateTime, Datelike, Utc};

use crate::state::moment::Moment;

/// How many days from today a time is.
fn days(at: DateTime<Utc>, moment: Moment) -> i64 {
    (moment.wall.day(at) - moment.wall.day(moment.now)).num_days()
}

/// "18:00", "tomorrow at 09:00", "3 November at 09:00".
pub fn at(at: DateTime<Utc>, moment: Moment) -> String {
    let clock = moment.wall.clock(at);
    match days(at, moment) {
        0 => clock,
        1 => format!("tomorrow at {clock}"),
        -1 => format!("yesterday at {clock}"),
        _ => format!("{} at {clock}", date(at, moment)),
    }
}

/// The same as an adverb: "at 18:00", "tomorrow at 09:00", "on 3 November at 09:00".
pub fn when(then: DateTime<Utc>, moment: Moment) -> String {
    match days(then, moment) {
        0 => format!("at {}", at(then, moment)),
        -1 | 1 => at(then, moment),
        _ => format!("on {}", at(then, moment)),
    }
}

/// Standing alone: "today at 18:00", "tomorrow at 09:00", "3 November at 09:00".
pub fn stamp(then: DateTime<Utc>, moment: Moment) -> String {
    match days(then, moment) {
        0 => format!("today at {}", at(then, moment)),
        _ => at(then, moment),
    }
}

/// "3 November", with the year when it is another one.
pub fn date(at: DateTime<Utc>, moment: Moment) -> String {
    let is_other_year = moment.wall.day(at).year() != moment.wall.day(moment.now).year();
    moment.wall.date(at, is_other_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::state::moment::samples::East;

    fn moment(wall: &'static East) -> Moment {
        Moment { now: "2026-11-03T12:00:00Z".parse().unwrap(), wall }
    }

    fn says(text: &str, wall: &'static East) -> String {
        at(text.parse().unwrap(), moment(wall))
    }

    #[test]
    fn times_are_told_in_the_persons_own_zone() {
        assert_eq!(says("2026-11-03T18:00:00Z", &East(0)), "18:00");
        assert_eq!(says("2026-11-03T18:00:00Z", &East(60)), "19:00");
        assert_eq!(says("2026-11-03T18:00:00Z", &East(-330)), "12:30");
    }

    #[test]
    fn as_an_adverb_a_time_brings_its_own_preposition() {
        let adverb = |text: &str| when(text.parse().unwrap(), moment(&East(0)));
        assert_eq!(adverb("2026-11-03T18:00:00Z"), "at 18:00");
        assert_eq!(adverb("2026-11-04T09:00:00Z"), "tomorrow at 09:00");
        assert_eq!(adverb("2026-12-24T09:00:00Z"), "on 24 December at 09:00");
        assert_eq!(stamp("2026-11-03T18:00:00Z".parse().unwrap(), moment(&East(0))), "today at 18:00");
        assert_eq!(stamp("2026-11-04T09:00:00Z".parse().unwrap(), moment(&East(0))), "tomorrow at 09:00");
    }

    #[test]
    fn other_days_are_named() {
        assert_eq!(says("2026-11-04T09:05:00Z", &East(0)), "tomorrow at 09:05");
        assert_eq!(says("2026-11-03T23:30:00Z", &East(60)), "tomorrow at 00:30");
        assert_eq!(says("2026-11-02T09:00:00Z", &East(0)), "yesterday at 09:00");
        assert_eq!(says("2026-12-24T09:00:00Z", &East(0)), "24 December at 09:00");
        assert_eq!(says("2027-01-01T09:00:00Z", &East(0)), "1 January 2027 at 09:00");
    }
}
