//! The person's zone and calendar, as the browser knows them.

use chrono::{DateTime, NaiveDate, Utc};
use js_sys::{Array, Date, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::state::moment::Wall;

/// Times are told in the language of the words: "3 November", "18:00".
const LOCALE: &str = "en-GB";

/// The wall of the person in front of the browser.
pub struct Browser;

impl Wall for Browser {
    fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        let date = date(at);
        let year = i32::try_from(date.get_full_year()).unwrap_or_default();
        NaiveDate::from_ymd_opt(year, date.get_month() + 1, date.get_date()).unwrap_or_else(|| at.date_naive())
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        told(at, &[("hour", "2-digit"), ("minute", "2-digit"), ("hourCycle", "h23")])
    }

    fn date(&self, at: DateTime<Utc>, with_year: bool) -> String {
        let parts = [("day", "numeric"), ("month", "long"), ("year", "numeric")];
        told(at, if with_year { &parts } else { &parts[..2] })
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact until the year 285,000")]
fn date(at: DateTime<Utc>) -> Date {
    Date::new(&JsValue::from_f64(at.timestamp_millis() as f64))
}

/// What `Intl.DateTimeFormat` makes of a time.
fn told(at: DateTime<Utc>, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (part, how) in parts {
        // Fails only for objects that cannot be changed.
        let _ = Reflect::set(&options, &(*part).into(), &(*how).into());
    }
    let format = Intl::DateTimeFormat::new(&Array::of1(&LOCALE.into()), &options).format();
    let told = format.call1(&JsValue::NULL, &date(at)).ok().and_then(|text| text.as_string());
    told.unwrap_or_else(|| format!("{at:?}"))
}
