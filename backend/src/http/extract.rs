//! Bodies, paths and queries, with our own words when they cannot be read.

use axum::{
    extract::{
        FromRequest, FromRequestParts,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};

use super::problem::{ApiError, problem};

/// A JSON body.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub(super) struct JsonBody<T>(pub T);

/// Parts of the path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(super) struct Path<T>(pub T);

/// Parts of the query.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(super) struct Query<T>(pub T);

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let (status, code) = match rejection {
            JsonRejection::JsonDataError(_) => (StatusCode::UNPROCESSABLE_ENTITY, "body_invalid"),
            JsonRejection::JsonSyntaxError(_) => (StatusCode::BAD_REQUEST, "body_invalid"),
            JsonRejection::MissingJsonContentType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_expected"),
            _ => (rejection.status(), "body_unreadable"),
        };
        // serde names the field and the line; what was sent there is not repeated but for unknown words.
        Self::of(problem(status, code, rejection.body_text()))
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::of(problem(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address; ids of flows are UUIDs.",
        ))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(_: QueryRejection) -> Self {
        let message =
            "The query cannot be read: `flow` is a UUID, `intent` is reconnect, switch_account or more_permission.";
        Self::of(problem(StatusCode::BAD_REQUEST, "query_invalid", message))
    }
}
