//! `/v1/jobs/async/*`: the gate.

use std::sync::Arc;

use aiq_connect_shared::{JobReport, JobStatus, SubmitAnswer, SubmitRequest};
use axum::{Json, extract::State};

use super::{
    App,
    extract::{JsonBody, Path},
    person::Person,
    problem::ApiError,
};
use crate::domain::JobId;

/// Checks, records and forwards a submission.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    person: Person,
    JsonBody(request): JsonBody<SubmitRequest>,
) -> Result<Json<SubmitAnswer>, ApiError> {
    Ok(Json(app.gate.submit(&person.session.principal, request).await?))
}

/// Where the person's own job is; 404 for anybody else's.
pub(super) async fn status(
    State(app): State<Arc<App>>,
    person: Person,
    Path(job): Path<String>,
) -> Result<Json<JobStatus>, ApiError> {
    Ok(Json(app.gate.status(&person.session.principal, &JobId(job)).await?))
}

/// What came out of it.
pub(super) async fn report(
    State(app): State<Arc<App>>,
    person: Person,
    Path(job): Path<String>,
) -> Result<Json<JobReport>, ApiError> {
    Ok(Json(app.gate.report(&person.session.principal, &JobId(job)).await?))
}
