//! The only place that turns what went wrong into a status code and a JSON body.

use aiq_connect_shared::{AuthRequired, Problem};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::stranger::Stranger;
use crate::{
    connections::{DisconnectError, FreshTokenError, NotProtected, PreflightError, StartError, StatusError},
    identity::TokenRefused,
    jobs::{ForwardError, JobError, RegisterError, StreamError, SubmitError, WaitError},
    storage::StoreError,
};

/// A status code with a [`Problem`] body.
pub(super) fn problem(status: StatusCode, code: &str, message: impl Into<String>) -> Response {
    (status, Json(Problem { error: code.to_owned(), message: message.into() })).into_response()
}

/// For whoever is answered while this process lacks a key. The log names it.
pub(super) const KEY_MISSING: &str = "This process does not hold the key that people's tokens are sealed with, and is \
    not ready. Try again in a few seconds; if that does not help, the service's log names the key.";

/// 401 as AIQ says it, with the challenge that belongs to one (RFC 6750 §3).
fn unauthenticated(error: &str, detail: &str) -> ApiError {
    let challenge = if error == "token_missing" { "Bearer" } else { "Bearer error=\"invalid_token\"" };
    let body = serde_json::json!({"detail": detail, "error": error});
    ApiError((StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)], Json(body)).into_response())
}

/// An error of the rules, on its way out as JSON.
pub(super) struct ApiError(Response);

impl ApiError {
    /// An answer that is ready.
    pub(super) fn of(response: Response) -> Self {
        Self(response)
    }

    /// A worker brought a token of somebody that is no good. Its own credential was, so this is not 401.
    pub(super) fn of_subject_token(refused: TokenRefused) -> Self {
        let message = refused.to_string();
        match refused {
            TokenRefused::Expired => Self(problem(StatusCode::BAD_REQUEST, "token_expired", message)),
            TokenRefused::NoIssuer => {
                let message = "No issuer is configured by which a person's token could be verified: set AIQ_JWT_ISSUER \
                               and AIQ_JWT_AUDIENCE.";
                Self(problem(StatusCode::NOT_IMPLEMENTED, "issuer_not_configured", message))
            }
            TokenRefused::IssuerAway => Stranger::IssuerAway.into(),
            TokenRefused::Store(error) => error.into(),
            TokenRefused::Invalid(cause) => {
                tracing::info!(%cause, "a worker's subject token was refused");
                Self(problem(StatusCode::BAD_REQUEST, "token_invalid", message))
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::storage(&error)
    }
}

impl ApiError {
    /// The database does not answer, or not as it should.
    fn storage(error: &StoreError) -> Self {
        if let StoreError::KeyMissing(_) = error {
            return Self(later("key_missing", KEY_MISSING.to_owned(), 5));
        }
        tracing::error!(%error, cause = ?std::error::Error::source(error).map(ToString::to_string), "storage failed");
        let message = "The database does not answer at the moment; nothing was changed. Try again in a few seconds.";
        let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", message);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        Self(response)
    }
}

impl From<Stranger> for ApiError {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Missing => unauthenticated("token_missing", "Sign in first."),
            Stranger::Expired => unauthenticated("token_expired", "The token has expired. Sign in again."),
            Stranger::Invalid => unauthenticated("token_invalid", "The token is not valid here. Sign in again."),
            Stranger::NoIssuer => {
                unauthenticated("token_invalid", "This service verifies no tokens: AIQ_JWT_ISSUER is not set.")
            }
            Stranger::IssuerAway => {
                let message = "The issuer of the token does not tell its keys at the moment, so the token cannot be \
                               verified. Try again in a few seconds.";
                Self(later("idp_unreachable", message.to_owned(), 5))
            }
            Stranger::Off => {
                let message = "Nobody can be told apart here, so personal sources are off: set aiq_connect.sign_in, or \
                               AIQ_JWT_ISSUER and AIQ_JWT_AUDIENCE.";
                Self(problem(StatusCode::FORBIDDEN, "auth_off", message))
            }
            Stranger::OtherHost => {
                let message = "With aiq_connect.local_user this service answers under the name of this machine alone.";
                Self(problem(StatusCode::FORBIDDEN, "other_host", message))
            }
            Stranger::Store(error) => error.into(),
        }
    }
}

impl From<NotProtected> for ApiError {
    fn from(error: NotProtected) -> Self {
        let code = match error {
            NotProtected::Unknown(_) => "source_unknown",
            NotProtected::Unprotected(_) => "source_unprotected",
        };
        Self(problem(StatusCode::NOT_FOUND, code, error.to_string()))
    }
}

impl From<StartError> for ApiError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NotProtected(error) => error.into(),
            StartError::Store(error) => error.into(),
            StartError::Disabled(_) => Self(problem(StatusCode::FORBIDDEN, "source_disabled", error.to_string())),
            StartError::FlowOver => Self(problem(StatusCode::GONE, "flow_over", error.to_string())),
            StartError::Fault(fault) => {
                Self(problem(StatusCode::BAD_GATEWAY, fault.code.as_str(), fault.code.sentence()))
            }
        }
    }
}

impl From<StatusError> for ApiError {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::NotProtected(error) => error.into(),
            StatusError::Store(error) => error.into(),
            StatusError::NoFlow => Self(problem(StatusCode::NOT_FOUND, "flow_unknown", "No such sign-in of yours.")),
        }
    }
}

impl From<DisconnectError> for ApiError {
    fn from(error: DisconnectError) -> Self {
        match error {
            DisconnectError::NotProtected(error) => error.into(),
            DisconnectError::Store(error) => error.into(),
        }
    }
}

impl From<PreflightError> for ApiError {
    fn from(error: PreflightError) -> Self {
        match error {
            PreflightError::Store(error) => error.into(),
            PreflightError::Blocked(sources) => {
                Self((StatusCode::CONFLICT, Json(AuthRequired::new(sources))).into_response())
            }
            PreflightError::Unknown { ref invalid, ref known } => {
                // AIQ's own shape, so that its clients understand it.
                let detail = serde_json::json!({
                    "message": error.to_string(), "invalid_ids": invalid, "unavailable_for_agent": [], "known_ids": known,
                });
                let body = serde_json::json!({"error": "data_sources_unknown", "message": error.to_string(), "detail": detail});
                Self((StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response())
            }
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Preflight(error) => error.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Forward(error) => forward(&error),
            SubmitError::NotConfigured => not_configured(),
            SubmitError::EmptyInput | SubmitError::Expiry => {
                Self(problem(StatusCode::UNPROCESSABLE_ENTITY, "submission_invalid", error.to_string()))
            }
        }
    }
}

impl From<RegisterError> for ApiError {
    fn from(error: RegisterError) -> Self {
        let message = error.to_string();
        match error {
            RegisterError::Preflight(error) => error.into(),
            RegisterError::Store(error) => error.into(),
            RegisterError::Exists => Self(problem(StatusCode::CONFLICT, "job_exists", message)),
            RegisterError::Id | RegisterError::Expiry => {
                Self(problem(StatusCode::UNPROCESSABLE_ENTITY, "submission_invalid", message))
            }
        }
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Store(error) => error.into(),
            JobError::Forward(error) => forward(&error),
            JobError::NotConfigured => not_configured(),
            JobError::NotFound => Self(problem(StatusCode::NOT_FOUND, "job_unknown", "No such job of yours.")),
        }
    }
}

impl From<StreamError> for ApiError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Job(error) => error.into(),
            StreamError::TooMany => {
                let message = "You have too many job streams open. Close some pages of this service, then try again.";
                let mut response = problem(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message);
                response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("10"));
                Self(response)
            }
        }
    }
}

impl From<WaitError> for ApiError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Job(error) => error.into(),
            WaitError::Store(error) => error.into(),
            WaitError::SourceUnknown => {
                Self(problem(StatusCode::NOT_FOUND, "source_unknown", "This job has no such source."))
            }
            WaitError::Over => {
                let message = "The job does not wait for this source any more.";
                Self(problem(StatusCode::CONFLICT, "wait_over", message))
            }
        }
    }
}

impl From<FreshTokenError> for ApiError {
    fn from(error: FreshTokenError) -> Self {
        let message = error.to_string();
        match error {
            FreshTokenError::Store(error) => Self::storage(&error),
            // `fresh_token` answers `ReconnectRequired` instead.
            FreshTokenError::NeedsPerson(_) => Self(problem(StatusCode::CONFLICT, "mcp_auth_required", message)),
            FreshTokenError::ReconnectRequired(body) => Self((StatusCode::CONFLICT, Json(body)).into_response()),
            FreshTokenError::JobUnknown => Self(problem(StatusCode::NOT_FOUND, "job_unknown", message)),
            FreshTokenError::NotCovered(_) => Self(problem(StatusCode::FORBIDDEN, "server_not_covered", message)),
            FreshTokenError::IdpUnreachable { retry_after } => {
                Self(later("idp_unreachable", message, whole_seconds(retry_after)))
            }
            FreshTokenError::RefreshInProgress { retry_after } => {
                Self(later("refresh_in_progress", message, whole_seconds(retry_after)))
            }
        }
    }
}

fn forward(error: &ForwardError) -> ApiError {
    tracing::error!(error = %error, cause = ?std::error::Error::source(error).map(ToString::to_string), "the research service failed");
    let (code, message) = match error {
        ForwardError::Unreachable(_) => {
            ("upstream_unreachable", "The research service does not answer. Check that it runs, then try again.")
        }
        ForwardError::Refused(_) | ForwardError::Malformed => {
            ("upstream_failed", "The research service could not take this. Its own log says why.")
        }
    };
    ApiError(problem(StatusCode::BAD_GATEWAY, code, message))
}

fn not_configured() -> ApiError {
    let message = "No research service is configured: set aiq_connect.upstream.url.";
    ApiError(problem(StatusCode::SERVICE_UNAVAILABLE, "upstream_not_configured", message))
}

/// At least so many, and at least one.
fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1)
}

fn later(code: &str, message: String, seconds: u64) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, code, message);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    response
}
