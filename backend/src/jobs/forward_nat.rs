//! Plain NAT, the NVIDIA agent toolkit: `nat serve` with asynchronous jobs.
//!
//! It authenticates nobody, so only the gate may reach it. Requests are built from nothing: what a caller sent along
//! stays here.

use aiq_connect_shared::JobState;
use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

use super::{ForwardError, ResearchService, ResearchStatus, Submission};
use crate::{domain::JobId, timing};

/// A NAT service. Its address comes from the configuration alone, so it may be a private one.
pub struct NatService {
    client: reqwest::Client,
    base: Url,
}

#[derive(Deserialize)]
struct Job {
    status: JobState,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    output: Option<serde_json::Value>,
    #[serde(default)]
    created_at: Option<String>,
}

impl NatService {
    /// The service at this address.
    #[expect(clippy::disallowed_methods, reason = "the operator names this one address, which may be an inner one")]
    pub fn new(base: Url) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timing::RESEARCH_REQUEST)
            .no_proxy()
            .build()?;
        Ok(Self { client, base })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        job: &JobId,
        user: &str,
        body: Option<serde_json::Value>,
    ) -> Result<(StatusCode, Vec<u8>), ForwardError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let mut headers = HeaderMap::new();
        let text = |text: &str| HeaderValue::from_str(text).map_err(|_| ForwardError::Malformed);
        headers.insert("x-aiq-connect-job", text(job.as_str())?);
        headers.insert(header::COOKIE, text(&format!("nat-session={user}"))?);
        let mut request = self.client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let unreachable = |error: reqwest::Error| ForwardError::Unreachable(Box::new(error));
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        Ok((status, response.bytes().await.map_err(unreachable)?.to_vec()))
    }
}

#[async_trait]
impl ResearchService for NatService {
    async fn answers(&self) -> bool {
        self.client.get(self.base.clone()).timeout(timing::RESEARCH_GLANCE).send().await.is_ok()
    }

    async fn submit(&self, submission: &Submission) -> Result<(), ForwardError> {
        let body = serde_json::json!({
            "job_id": submission.job.as_str(),
            "input_message": submission.input,
            "data_sources": submission.sources.iter().map(crate::domain::SourceId::as_str).collect::<Vec<_>>(),
            "expiry_seconds": submission.expiry_seconds,
        });
        let path = "/v1/workflow/async";
        let (status, _) = self.send(Method::POST, path, &submission.job, &submission.user, Some(body)).await?;
        if status.is_success() { Ok(()) } else { Err(ForwardError::Refused(status.as_u16())) }
    }

    async fn status(&self, job: &JobId, user: &str) -> Result<Option<ResearchStatus>, ForwardError> {
        let (status, body) = self.send(Method::GET, &format!("/v1/workflow/async/job/{job}"), job, user, None).await?;
        match status {
            StatusCode::NOT_FOUND => return Ok(None),
            status if !status.is_success() => return Err(ForwardError::Refused(status.as_u16())),
            _ => {}
        }
        let job: Job = serde_json::from_slice(&body).map_err(|_| ForwardError::Malformed)?;
        Ok(Some(ResearchStatus {
            state: job.status,
            error: job.error,
            output: job.output.and_then(as_text),
            created_at: job.created_at,
        }))
    }
}

/// A workflow's output is text, or an object with text in it, or else shown as it is.
fn as_text(output: serde_json::Value) -> Option<String> {
    match output {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Object(mut fields) => match fields.remove("value") {
            Some(serde_json::Value::String(text)) if fields.is_empty() => Some(text),
            Some(value) => {
                fields.insert("value".to_owned(), value);
                Some(serde_json::Value::Object(fields).to_string())
            }
            None => Some(serde_json::Value::Object(fields).to_string()),
        },
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::as_text;
    use serde_json::json;

    #[test]
    fn text_is_shown_as_it_is_and_everything_else_as_json() {
        assert_eq!(as_text(json!("two\nlines")).as_deref(), Some("two\nlines"));
        assert_eq!(as_text(json!({"value": "wrapped"})).as_deref(), Some("wrapped"));
        assert_eq!(as_text(json!({"a": 1})).as_deref(), Some("{\"a\":1}"));
        assert_eq!(as_text(json!(null)), None);
    }
}
