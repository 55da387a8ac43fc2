//! Questions.

use aiq_connect_shared::{JobReport, JobStatus, JobWait, SubmitAnswer, SubmitRequest, WaitAction, WaitRequest};
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

/// Where its stream is; behind the event that was heard last.
pub fn stream_url(id: &str, last_event: u64) -> String {
    match last_event {
        0 => format!("/v1/jobs/async/job/{id}/stream"),
        last => format!("/v1/jobs/async/job/{id}/stream/{last}"),
    }
}

/// Asks a job that waits to go on without a source, or to wait longer.
pub async fn wait(id: &str, source: &str, action: WaitAction) -> Result<JobWait, ApiError> {
    let url = format!("/v1/jobs/async/job/{id}/waits/{source}");
    super::change(Request::post(&url), &WaitRequest { action }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_on_behind_what_was_heard() {
        assert_eq!(stream_url("j1", 0), "/v1/jobs/async/job/j1/stream");
        assert_eq!(stream_url("j1", 41), "/v1/jobs/async/job/j1/stream/41");
    }
}
