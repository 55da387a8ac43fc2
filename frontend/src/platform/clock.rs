//! The browser's clock.

use chrono::{DateTime, Utc};

use crate::state::moment::Moment;

/// Now.
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds since 1970 fit an i64")]
    let millis = js_sys::Date::now() as i64;
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Now, and the person's zone.
pub fn moment() -> Moment {
    #[expect(clippy::cast_possible_truncation, reason = "whole minutes of a day")]
    let minutes_west = js_sys::Date::new_0().get_timezone_offset() as i32;
    Moment { now: now(), minutes_east: -minutes_west }
}
