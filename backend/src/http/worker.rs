//! `POST /v1/worker/tokens/resolve`, on the workers' own listener.

use std::{sync::Arc, time::Duration};

use aiq_connect_shared::ResolveRequest;
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use subtle::{Choice, ConstantTimeEq};

use super::{
    App,
    extract::JsonBody,
    problem::{ApiError, problem},
    request_log,
};
use crate::{
    connections::{FreshToken, TokenQuestion},
    domain::JobId,
    timing,
};

/// Proof that a worker asks. Checked before anything else of the request is read.
pub(super) struct WorkerCredential;

impl FromRequestParts<Arc<App>> for WorkerCredential {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        if has_worker_key(app, &parts.headers) {
            return Ok(Self);
        }
        let message =
            "The worker credential is missing or wrong: AIQ_CONNECT_WORKER_KEY has to be the same on both sides.";
        Err(ApiError::of(problem(StatusCode::UNAUTHORIZED, "worker_key_invalid", message)))
    }
}

/// A fresh token of the job's owner, for a worker that proves itself and names a living job.
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    _: WorkerCredential,
    JsonBody(request): JsonBody<ResolveRequest>,
) -> Result<Response, ApiError> {
    request_log::note_job(&request.job_id);
    let wait = Duration::from_secs(request.wait_seconds.unwrap_or_default().into());
    if wait > timing::LONG_POLL {
        let message = format!("`wait_seconds` has to be between 0 and {}.", timing::LONG_POLL.as_secs());
        return Err(ApiError::of(problem(StatusCode::BAD_REQUEST, "wait_invalid", message)));
    }
    let question = TokenQuestion {
        job: JobId(request.job_id),
        server: request.mcp_server_id.as_str().into(),
        sub: request.user_sub,
        min_ttl: request.min_ttl_seconds.map_or(timing::MIN_TTL, |seconds| TimeDelta::seconds(seconds.into())),
        known: request.known_sha256,
        rejected: request.rejected_sha256,
        wait,
    };
    let answer = tokio::select! {
        answer = app.connections.fresh_token(&question) => answer,
        // Whoever waits asks again, and finds another process or a new one.
        () = app.stopped() => {
            app.connections.fresh_token(&TokenQuestion { wait: Duration::ZERO, ..question }).await
        }
    };
    Ok(match answer? {
        FreshToken::Token(token) => Json(token).into_response(),
        FreshToken::StillCurrent => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Compares with every valid key, so that the time taken tells nothing.
fn has_worker_key(app: &App, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default().as_bytes();
    let found =
        app.config.worker.keys.iter().fold(Choice::from(0), |found, key| found | key.expose().as_bytes().ct_eq(given));
    found.into()
}
