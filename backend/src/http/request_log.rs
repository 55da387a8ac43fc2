//! One line for every request, and the ids that all lines of a request carry.
//!
//! A line names the route, never the path or the query: those carry codes, states and whatever people paste.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State},
    http::{HeaderName, HeaderValue, Uri, request::Parts},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use super::App;
use crate::domain::{PrincipalId, SourceId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request its id, answers it in `x-request-id`, and writes the line when the answer is there.
pub(super) async fn tell(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let since = Instant::now();
    let (mut parts, body) = request.into_parts();
    let id = named(&parts).unwrap_or_else(|| app.chance.uuid().to_string());
    let route = parts.extensions.get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // An error span: its ids belong to every line that is written at all.
    let span = tracing::error_span!(
        "request", request.id = id, http.method = %parts.method, http.route = route,
        user.key_hash = Empty, source.id = Empty, flow.id = Empty, job.id = Empty,
    );
    note_ids(&app, &mut parts, &span).await;
    let mut response = next.run(Request::from_parts(parts, body)).instrument(span.clone()).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| match (route.as_str(), status) {
        (_, 500..) => tracing::warn!(http.status = status, duration_ms = milliseconds, "could not answer"),
        // Asked every few seconds by whoever watches us.
        ("/live" | "/health", _) => tracing::debug!(http.status = status, duration_ms = milliseconds, "looked after"),
        _ => tracing::info!(http.status = status, duration_ms = milliseconds, "answered"),
    });
    response
}

/// Lets the lines of this request name whose it is.
pub(super) fn note_person(principal: &PrincipalId) {
    Span::current().record("user.key_hash", principal.as_str());
}

/// Lets the lines of this request name the job it is about. Only ids as we make them are written.
pub(super) fn note_job(job: &str) {
    if is_uuid(job) {
        Span::current().record("job.id", job);
    }
}

/// The caller's own id for this request: up to 64 letters, digits, `-` and `_`. Anything else is not believed.
fn named(parts: &Parts) -> Option<String> {
    let given = parts.headers.get(REQUEST_ID)?.to_str().ok()?;
    let is_sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    ((1..=64).contains(&given.len()) && given.chars().all(is_sane)).then(|| given.to_owned())
}

/// What path and query name, as far as it is ours: configured sources, and ids that are UUIDs.
async fn note_ids(app: &App, parts: &mut Parts, span: &Span) {
    if let Ok(names) = RawPathParams::from_request_parts(parts, &()).await {
        for (name, value) in &names {
            match name {
                "source" if app.config.source(&SourceId(value.to_owned())).is_some() => span.record("source.id", value),
                "flow" if is_uuid(value) => span.record("flow.id", value),
                "job" if is_uuid(value) => span.record("job.id", value),
                _ => span,
            };
        }
    }
    if let Some(flow) = flow_of(&parts.uri) {
        span.record("flow.id", flow);
    }
}

/// `?flow=`
fn flow_of(uri: &Uri) -> Option<String> {
    let query = url::form_urlencoded::parse(uri.query()?.as_bytes());
    query.into_iter().find(|(name, value)| name == "flow" && is_uuid(value)).map(|(_, value)| value.into_owned())
}

/// Any spelling that [`Uuid`] reads would do, but only the usual one is written.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::parse_str(text).is_ok()
}
