//! `POST /v1/worker/jobs`, on the workers' own listener: a job that did not come through the gate.

use std::sync::Arc;

use aiq_connect_shared::{RegisterJob, RegisteredJob};
use axum::{Json, extract::State, http::StatusCode};

use super::{App, extract::JsonBody, problem::ApiError, worker::WorkerCredential};
use crate::{domain::JobId, jobs::NewJob, vault::Secret};

/// Makes a job reference for the person whose own token is brought. A name alone is never accepted: workers may be many,
/// and none of them decides who somebody is.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    _: WorkerCredential,
    JsonBody(request): JsonBody<RegisterJob>,
) -> Result<(StatusCode, Json<RegisteredJob>), ApiError> {
    let (owner, _) =
        app.callers.by_token(&Secret::new(request.subject_token)).await.map_err(ApiError::of_subject_token)?;
    let wanted =
        NewJob { id: request.job_id.map(JobId), sources: request.data_sources, expiry_seconds: request.expiry_seconds };
    let job = app.gate.register(&owner.principal, wanted).await?;
    Ok((
        StatusCode::CREATED,
        Json(RegisteredJob {
            job_id: job.id.0,
            user_sub: job.sub,
            mcp_server_ids: job.servers.into_iter().map(|server| server.0).collect(),
            expires_at: job.ends_at,
        }),
    ))
}
