//! `GET /v1/data_sources`

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{
    App, compat,
    person::Visitor,
    problem::{ApiError, problem},
    stranger::Stranger,
};

/// A bare array of sources with the person's own connections; without them where authentication is off. `ETag` and `If-None-Match` spare the body.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let sources = match visitor {
        Ok(person) => app.connections.data_sources(&person.id).await?,
        Err(Stranger::Off) => app.connections.data_sources_of_nobody(),
        Err(stranger) => return Err(stranger.into()),
    };
    let Ok(body) = compat::in_asked_words(&app, &sources).and_then(|body| serde_json::to_vec(&body)) else {
        return Ok(problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The listing could not be written."));
    };
    let etag = format!("\"{}\"", &crate::domain::hex(&Sha256::digest(&body))[..32]);
    let own = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, own).into_response());
    }
    Ok((own, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// `If-None-Match` compares weakly (RFC 9110 §13.1.2): a proxy that compresses the body may have made the tag weak.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == etag)
}
