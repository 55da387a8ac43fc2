//! The session.

use aiq_connect_shared::SessionView;
use gloo_net::http::Request;

use super::ApiError;

/// Who is here.
pub async fn read() -> Result<SessionView, ApiError> {
    super::get("/v1/auth/session").await
}

/// Ends the session. An answer without a body is as good as one with.
pub async fn end(url: &str) -> Result<(), ApiError> {
    let response = super::send(Request::post(url), &serde_json::json!({})).await?;
    match response.status() {
        200..=399 | 401 => Ok(()),
        _ => Err(super::refusal(response).await),
    }
}
