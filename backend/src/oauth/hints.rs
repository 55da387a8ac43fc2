//! Times that an answer only hints at. Each is compared with the `Date` of the same answer (RFC 9110 §6.6.1), so that the
//! other side's clock may be as wrong as it likes.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use http::{HeaderName, header};
use serde::Deserialize;

use super::Answer;

/// How long the sender of this answer wishes not to be asked (RFC 9110 §10.2.3): seconds, or a date.
pub(super) fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = *answer.values(&header::RETRY_AFTER).first()?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    (date(text)? - date_of(answer, &header::DATE)?).to_std().ok()
}

/// How many seconds an access token lives that came without `expires_in`, where it is a JWT (RFC 9068 §2.2). Nothing of
/// it is verified: it is the MCP server that decides about the token, and this only about when to ask for the next one.
pub(super) fn seconds_of_life(token: &str, answer: &Answer) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
        iat: Option<i64>,
    }
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    // Some servers give the same token again: then it is older than its answer.
    let now = date_of(answer, &header::DATE).map(|date| date.timestamp()).or(claims.iat)?;
    u64::try_from(claims.exp.checked_sub(now)?).ok().filter(|life| *life > 0)
}

fn date_of(answer: &Answer, name: &HeaderName) -> Option<DateTime<Utc>> {
    date(answer.values(name).first()?)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the one form that is still sent.
fn date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const THEN: i64 = 784_111_777;

    fn answer(headers: &[(HeaderName, &'static str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        Answer { status: 429, headers: headers.collect::<HeaderMap>(), body: Vec::new().into() }
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_wish_is_in_seconds_or_a_date_by_the_clock_of_who_sent_it() {
        let wish = |text| retry_after(&answer(&[(header::RETRY_AFTER, text), (header::DATE, DATE)]));
        assert_eq!(wish("120"), Some(Duration::from_mins(2)));
        assert_eq!(wish("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        for nonsense in ["Sun, 06 Nov 1994 08:49:00 GMT", "-1", "soon", ""] {
            assert_eq!(wish(nonsense), None, "{nonsense}");
        }
        let undated = answer(&[(header::RETRY_AFTER, DATE)]);
        assert_eq!(retry_after(&undated), None);
    }

    #[test]
    fn the_end_of_a_jwt_counts_from_the_date_of_its_answer_or_from_when_it_was_issued() {
        let (dated, undated) = (answer(&[(header::DATE, DATE)]), answer(&[]));
        let claims = format!(r#"{{"exp":{},"iat":{}}}"#, THEN + 60, THEN - 30);
        assert_eq!(seconds_of_life(&jwt(&claims), &dated), Some(60));
        assert_eq!(seconds_of_life(&jwt(&claims), &undated), Some(90));
        let claims = format!(r#"{{"exp":{}}}"#, THEN + 60);
        assert_eq!(seconds_of_life(&jwt(&claims), &dated), Some(60));
        assert_eq!(seconds_of_life(&jwt(&claims), &undated), None);
    }

    #[test]
    fn what_is_no_jwt_or_has_no_end_to_come_says_nothing() {
        let dated = answer(&[(header::DATE, DATE)]);
        let past = format!(r#"{{"exp":{THEN}}}"#);
        for token in ["opaque", "a.b", "a.b.c", "a.b.c.d", &jwt("{}"), &jwt(r#"{"exp":"soon"}"#), &jwt(&past)] {
            assert_eq!(seconds_of_life(token, &dated), None, "{token}");
        }
        let far = format!(r#"{{"exp":{},"iat":{}}}"#, i64::MAX, i64::MIN);
        assert_eq!(seconds_of_life(&jwt(&far), &answer(&[])), None);
    }
}
