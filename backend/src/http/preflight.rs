//! `POST /v1/auth/mcp/preflight`

use std::sync::Arc;

use aiq_connect_shared::Preflight;
use axum::{Json, extract::State};

use super::{App, extract::JsonBody, person::Person, problem::ApiError};

/// Which of these sources would block a submission, and why: 200, or the body of 409.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    person: Person,
    JsonBody(asked): JsonBody<Preflight>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let found = app.connections.preflight(&person.id, asked.data_sources.as_deref()).await?;
    let ids: Vec<&str> = found.sources.iter().map(crate::domain::SourceId::as_str).collect();
    Ok(Json(serde_json::json!({ "data_sources": ids })))
}
