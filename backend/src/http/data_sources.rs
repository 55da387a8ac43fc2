//! `GET /v1/data_sources`

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    App,
    listing::{Listing, is_named, unwritten},
    person::Visitor,
    problem::ApiError,
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
    let Listing { body, etag, .. } = Listing::of(&app, &sources).map_err(|_| ApiError::of(unwritten()))?;
    let own = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, own).into_response());
    }
    Ok((own, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.any(|names| is_named(etag, names))
}
