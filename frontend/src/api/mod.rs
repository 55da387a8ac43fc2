//! Requests to our own service.

pub mod flows;
pub mod jobs;
pub mod session;
pub mod sources;

use aiq_connect_shared::{AuthRequired, Problem};
use gloo_net::http::{Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a request has no answer to work with.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// Nobody answered, or the answer was not ours. Passes by itself.
    Unreachable,
    /// Nobody is signed in (any more).
    SignedOut,
    /// Sources are in the way of a submission.
    AuthRequired(AuthRequired),
    /// Refused, with this status and the service's code.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Empty when the body named none.
        code: String,
    },
}

/// Sends a request that changes nothing.
async fn get<T: DeserializeOwned>(url: &str) -> Result<T, ApiError> {
    let response = Request::get(url).send().await.map_err(|_| ApiError::Unreachable)?;
    read(response).await
}

/// Sends a request that changes something: always JSON, which a foreign page cannot send without asking.
async fn change<T: DeserializeOwned>(request: RequestBuilder, body: &impl Serialize) -> Result<T, ApiError> {
    let response = send(request, body).await?;
    read(response).await
}

async fn send(request: RequestBuilder, body: &impl Serialize) -> Result<Response, ApiError> {
    let request = request.json(body).map_err(|_| ApiError::Unreachable)?;
    request.send().await.map_err(|_| ApiError::Unreachable)
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ApiError> {
    if response.ok() {
        return response.json().await.map_err(|_| ApiError::Unreachable);
    }
    Err(refusal(response).await)
}

/// What a status that is not 2xx means.
async fn refusal(response: Response) -> ApiError {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    understand(status, &body)
}

fn understand(status: u16, body: &str) -> ApiError {
    match status {
        401 => ApiError::SignedOut,
        // What stands in front of the service answers so, without a code of ours, while the service is away.
        502 | 504 if serde_json::from_str::<Problem>(body).is_err() => ApiError::Unreachable,
        _ => match serde_json::from_str::<AuthRequired>(body) {
            Ok(blocked) if status == 409 && blocked.error == "mcp_auth_required" => ApiError::AuthRequired(blocked),
            _ => {
                let code = serde_json::from_str::<Problem>(body).map(|problem| problem.error).unwrap_or_default();
                ApiError::Refused { status, code }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_409_that_names_sources_is_the_blocker_and_not_an_error() {
        let body =
            r#"{"error":"mcp_auth_required","message":"…","sources":[{"source_id":"a","status":"not_connected"}]}"#;
        let ApiError::AuthRequired(blocked) = understand(409, body) else { panic!("not understood") };
        assert_eq!(blocked.sources[0].source_id, "a");
    }

    #[test]
    fn only_a_409_is_the_blocker() {
        let body = r#"{"error":"mcp_auth_required","message":"…","sources":[]}"#;
        let refused = ApiError::Refused { status: 403, code: "mcp_auth_required".to_owned() };
        assert_eq!(understand(403, body), refused);
    }

    #[test]
    fn another_409_is_a_refusal_with_its_code() {
        let error = understand(409, r#"{"error":"job_exists","message":"…"}"#);
        assert_eq!(error, ApiError::Refused { status: 409, code: "job_exists".to_owned() });
    }

    #[test]
    fn a_401_means_signed_out_whatever_its_body() {
        assert_eq!(understand(401, "<html>"), ApiError::SignedOut);
    }

    #[test]
    fn a_service_that_is_away_is_not_a_refusal() {
        assert_eq!(understand(502, "bad gateway"), ApiError::Unreachable);
        let research = ApiError::Refused { status: 502, code: "upstream_unreachable".to_owned() };
        assert_eq!(understand(502, r#"{"error":"upstream_unreachable"}"#), research);
        let not_ready = ApiError::Refused { status: 503, code: "not_ready".to_owned() };
        assert_eq!(understand(503, r#"{"error":"not_ready"}"#), not_ready);
        assert_eq!(understand(404, ""), ApiError::Refused { status: 404, code: String::new() });
    }
}
