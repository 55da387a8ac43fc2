//! The browser's clock.

use chrono::{DateTime, Utc};

use super::wall::Browser;
use crate::state::moment::Moment;

/// Now.
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds since 1970 fit an i64")]
    let millis = js_sys::Date::now() as i64;
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Now, and the person's wall.
pub fn moment() -> Moment {
    Moment { now: now(), wall: &Browser }
}
