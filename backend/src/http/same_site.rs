//! One layer against forged requests: what changes something has to come from our own pages, and as JSON.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::{App, credential, problem::problem};

/// Refuses state-changing requests that a foreign page could have made a browser send.
///
/// No page can make a browser send a bearer that it does not know, so where bearers count, one needs no `Origin`; nor
/// does a request without anything that tells a person, which changes nothing.
pub(super) async fn require(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    if is_a_browsers(&app, request.headers())
        && !is_from_us(request.headers(), &app.config.public_url.origin().ascii_serialization())
    {
        let message = "This request does not come from a page of this service.";
        return problem(StatusCode::FORBIDDEN, "cross_site", message);
    }
    if !is_json_or_empty(request.headers()) {
        let message = "Send JSON, with `Content-Type: application/json`.";
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_expected", message);
    }
    next.run(request).await
}

/// Whether a stream may be opened: a foreign page could not read it, but use up the person's streams.
pub(super) fn may_listen(app: &App, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    !is_a_browsers(app, headers) || matches!(site, None | Some("same-origin" | "none"))
}

/// Whether the browser may have added by itself what tells the person.
fn is_a_browsers(app: &App, headers: &HeaderMap) -> bool {
    if app.callers.take_tokens() && credential::bearer(headers).is_some() {
        return false;
    }
    app.callers.are_local() || credential::has_cookie(headers)
}

fn is_from_us(headers: &HeaderMap, own_origin: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) => origin == own_origin,
        (None, Some(site)) => site == "same-origin",
        (None, None) => false,
    }
}

fn is_json_or_empty(headers: &HeaderMap) -> bool {
    match headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
        Some(media_type) => media_type
            .split(';')
            .next()
            .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json")),
        None => {
            !headers.contains_key(header::TRANSFER_ENCODING)
                && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_origin_may_change_something() {
        let own = "https://connect.example";
        for (pairs, allowed) in [
            (vec![("origin", own)], true),
            (vec![("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (vec![("origin", "null")], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![], false),
        ] {
            assert_eq!(is_from_us(&headers(&pairs), own), allowed, "{pairs:?}");
        }
    }

    #[test]
    fn a_form_cannot_pose_as_json() {
        for (pairs, allowed) in [
            (vec![("content-type", "application/json; charset=utf-8")], true),
            (vec![("content-type", "text/plain")], false),
            (vec![("content-type", "application/x-www-form-urlencoded")], false),
            (vec![], true),
            (vec![("content-length", "0")], true),
            (vec![("content-length", "2")], false),
            (vec![("transfer-encoding", "chunked")], false),
        ] {
            assert_eq!(is_json_or_empty(&headers(&pairs)), allowed, "{pairs:?}");
        }
    }
}
