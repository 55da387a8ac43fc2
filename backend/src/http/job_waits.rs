//! `POST /v1/jobs/async/job/{id}/waits/{source}`

use std::sync::Arc;

use aiq_connect_shared::{JobWait, WaitRequest};
use axum::{Json, extract::State};

use super::{
    App,
    extract::{JsonBody, Path},
    person::Person,
    problem::ApiError,
};
use crate::domain::JobId;

/// Ends or extends a wait of the person's own job.
pub(super) async fn act(
    State(app): State<Arc<App>>,
    person: Person,
    Path((job, source)): Path<(String, String)>,
    JsonBody(request): JsonBody<WaitRequest>,
) -> Result<Json<JobWait>, ApiError> {
    let owner = &person.session.principal;
    Ok(Json(app.gate.act_on_wait(owner, &JobId(job), &source, request.action).await?))
}
