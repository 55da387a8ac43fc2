//! Questions.

use aiq_connect_shared::{JobReport, JobStatus, SubmitAnswer, SubmitRequest};
use gloo_net::http::Request;

use super::ApiError;

/// Sends a question.
pub async fn submit(request: &SubmitRequest) -> Result<SubmitAnswer, ApiError> {
    super::change(Request::post("/v1/jobs/async/submit"), request).await
}

/// Where a job is.
pub async fn status(id: &str) -> Result<JobStatus, ApiError> {
    super::get(&format!("/v1/jobs/async/job/{id}")).await
}

/// Its answer.
pub async fn report(id: &str) -> Result<JobReport, ApiError> {
    super::get(&format!("/v1/jobs/async/job/{id}/report")).await
}
