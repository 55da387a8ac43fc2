//! Our two cookies. The `__Host-` prefix ties them to this very host, https (or loopback) and the root path.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time::Duration};

use crate::vault::Secret;

/// Ties a flow to the browser that was sent out.
pub(super) const BROWSER: &str = "__Host-aiq-connect";
/// Our own sign-in session.
pub(super) const SESSION: &str = "__Host-aiq-connect-session";

/// The value of a cookie of ours, if it has the length of one that we made.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name && cookie.value().len() == 43)
        .map(|cookie| Secret::new(cookie.value()))
}

/// `Set-Cookie` for a value of ours.
pub(super) fn set(name: &'static str, value: &Secret, lifetime: chrono::TimeDelta) -> Option<HeaderValue> {
    header_for(name, value.expose(), Duration::seconds(lifetime.num_seconds()))
}

/// `Set-Cookie` that removes it.
pub(super) fn remove(name: &'static str) -> Option<HeaderValue> {
    header_for(name, "", Duration::ZERO)
}

fn header_for(name: &'static str, value: &str, age: Duration) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        // The provider's redirect is a cross-site navigation: Lax lets the cookie come along, Strict would not.
        .same_site(SameSite::Lax)
        .max_age(age)
        .build();
    HeaderValue::from_str(&cookie.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_of_ours_is_bound_to_the_host_and_hidden_from_scripts() {
        let header = set(BROWSER, &Secret::new("v"), chrono::TimeDelta::minutes(10)).unwrap();
        assert_eq!(header, "__Host-aiq-connect=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600");
    }

    #[test]
    fn only_values_of_our_own_length_are_read() {
        let mut headers = HeaderMap::new();
        let good = "a".repeat(43);
        headers.insert(header::COOKIE, format!("x=1; {SESSION}={good}; {BROWSER}=short").parse().unwrap());
        assert_eq!(read(&headers, SESSION).unwrap().expose(), good);
        assert!(read(&headers, BROWSER).is_none());
    }
}
