//! `GET /v1/auth/mcp/{source}/status` and `DELETE /v1/auth/mcp/{source}/flows/{flow}`

use std::sync::Arc;

use aiq_connect_shared::Flow;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    App, compat,
    extract::{Path, Query},
    person::Person,
    problem::{ApiError, problem},
};
use crate::domain::FlowId;

/// `?flow=`
#[derive(Deserialize)]
pub(super) struct Which {
    flow: Option<Uuid>,
}

/// The truth that the panel polls.
pub(super) async fn tell(
    State(app): State<Arc<App>>,
    person: Person,
    Path(source): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, ApiError> {
    let answer = app.connections.status(&person.id, &source, which.flow.map(FlowId)).await?;
    Ok(match compat::in_asked_words(&app, &answer) {
        Ok(body) => Json(body).into_response(),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The status could not be written."),
    })
}

/// Calls a flow off. Whoever comes back from the provider afterwards finds the link no longer valid.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    person: Person,
    Path((source, flow)): Path<(String, Uuid)>,
) -> Result<Json<Flow>, ApiError> {
    Ok(Json(app.connections.cancel(&person.id, &source, FlowId(flow)).await?))
}
