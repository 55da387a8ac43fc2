//! `GET /v1/auth/mcp/{source}/status` and `DELETE /v1/auth/mcp/{source}/flows/{flow}`

use std::sync::Arc;

use aiq_connect_shared::{Flow, StatusAnswer};
use axum::{Json, extract::State};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    App,
    extract::{Path, Query},
    person::Person,
    problem::ApiError,
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
) -> Result<Json<StatusAnswer>, ApiError> {
    Ok(Json(app.connections.status(&person.id, &source, which.flow.map(FlowId)).await?))
}

/// Calls a flow off. Whoever comes back from the provider afterwards finds the link no longer valid.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    person: Person,
    Path((source, flow)): Path<(String, Uuid)>,
) -> Result<Json<Flow>, ApiError> {
    Ok(Json(app.connections.cancel(&person.id, &source, FlowId(flow)).await?))
}
