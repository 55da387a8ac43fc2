//! How often the page asks. Every interval is here.

use chrono::TimeDelta;

/// How long a sign-in may take before the page stops following it; the service says the same.
pub const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);
/// From here on the row says that it is still waiting, and until when.
pub const FLOW_IS_SLOW: TimeDelta = TimeDelta::minutes(3);
/// A token that cannot renew itself is announced this long before its end.
pub const EXPIRY_WARNING: TimeDelta = TimeDelta::minutes(15);
/// A page that is looked at again asks anew, but not more often than this.
pub const REFRESH_ON_FOCUS: TimeDelta = TimeDelta::seconds(10);
/// How long between attempts while the service does not answer.
pub const RETRY: TimeDelta = TimeDelta::seconds(3);
/// A source whose sign-in cannot be reached is asked about again.
pub const RECHECK_UNREACHABLE: TimeDelta = TimeDelta::seconds(15);
/// ... for this long.
pub const RECHECK_AT_MOST: TimeDelta = TimeDelta::minutes(5);
/// A job that its stream tells about is asked about nevertheless: a stream can fall silent without being cut.
pub const STREAMED_JOB: TimeDelta = TimeDelta::seconds(20);
/// Timers are not exact: this much too early is early enough.
pub const HASTE: TimeDelta = TimeDelta::milliseconds(100);
/// A stream that could not be had is asked for again.
pub const STREAM_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// How long jobs that take turns are listened to.
pub const STREAM_TURN: TimeDelta = TimeDelta::seconds(5);
/// After a job's end its stream may still tell what was missing.
pub const STREAM_TAIL: TimeDelta = TimeDelta::seconds(2);
/// What a stream says this soon after it opened may be a replay.
pub const REPLAY: TimeDelta = TimeDelta::seconds(2);
/// How soon a stream of news has to say its first word; whatever keeps that back keeps the rest back too.
pub const STREAM_PROOF: TimeDelta = TimeDelta::seconds(3);
/// How often the listing is read while no news would come; and how often the tab that listens says so to the others.
pub const LISTING: TimeDelta = TimeDelta::seconds(5);
/// From then on the tab that listened is taken to be gone.
pub const LEADER_PATIENCE: TimeDelta = TimeDelta::seconds(12);
/// From here on the page says that it takes longer than usual.
pub const SLOW: TimeDelta = TimeDelta::seconds(5);
/// How often the page looks at the clock, for words like "expires at 18:00".
pub const CLOCK: TimeDelta = TimeDelta::seconds(30);
/// How long a toast stays.
pub const TOAST: TimeDelta = TimeDelta::seconds(6);

/// How long until the next question about a sign-in of this age; `None` when it is over.
pub fn flow(age: TimeDelta) -> Option<TimeDelta> {
    match age {
        age if age < TimeDelta::seconds(30) => Some(TimeDelta::milliseconds(1_500)),
        age if age < FLOW_IS_SLOW => Some(TimeDelta::seconds(3)),
        age if age < FLOW_LIFE => Some(TimeDelta::seconds(10)),
        _ => None,
    }
}

/// How long until the next question about a job of this age.
pub fn job(age: TimeDelta) -> TimeDelta {
    match age {
        age if age < TimeDelta::seconds(30) => TimeDelta::seconds(1),
        age if age < TimeDelta::minutes(5) => TimeDelta::seconds(2),
        _ => TimeDelta::seconds(5),
    }
}

/// For timers, which take whole milliseconds.
pub fn millis(duration: TimeDelta) -> u32 {
    u32::try_from(duration.num_milliseconds()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_young_sign_in_is_asked_about_more_often_than_an_old_one() {
        let at = |seconds| flow(TimeDelta::seconds(seconds)).map(|pace| pace.num_milliseconds());
        assert_eq!(at(0), Some(1_500));
        assert_eq!(at(29), Some(1_500));
        assert_eq!(at(30), Some(3_000));
        assert_eq!(at(179), Some(3_000));
        assert_eq!(at(180), Some(10_000));
        assert_eq!(at(599), Some(10_000));
    }

    #[test]
    fn a_sign_in_older_than_ten_minutes_is_not_asked_about() {
        assert_eq!(flow(FLOW_LIFE), None);
    }

    #[test]
    fn a_long_job_is_asked_about_less_often() {
        assert!(job(TimeDelta::seconds(1)) < job(TimeDelta::minutes(1)));
        assert!(job(TimeDelta::minutes(1)) < job(TimeDelta::hours(1)));
    }
}
