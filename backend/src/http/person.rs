//! Who sends a request, from our own session's cookie.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{
    App, cookies,
    problem::{ApiError, unauthenticated},
    request_log,
};
use crate::domain::{PrincipalId, Session};

/// A signed-in person. Requests without one are answered with 401.
pub(super) struct Person {
    pub session: Session,
    pub id: PrincipalId,
    /// SHA-256 (hex) of the session cookie.
    pub session_hash: String,
}

/// Perhaps a signed-in person.
pub(super) struct Visitor(pub Result<Option<Person>, Response>);

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let Some(cookie) = cookies::read(&parts.headers, cookies::SESSION) else { return Ok(Self(Ok(None))) };
        let found = app.sign_in.session(&cookie).await;
        if let Ok(Some(session)) = &found {
            request_log::note_person(&session.principal.id());
        }
        Ok(Self(match found {
            Ok(session) => Ok(session.map(|session| Person {
                id: session.principal.id(),
                session,
                session_hash: cookie.sha256_hex(),
            })),
            Err(error) => Err(ApiError::from(error).into_response()),
        }))
    }
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let Ok(Visitor(visitor)) = Visitor::from_request_parts(parts, app).await;
        visitor?.ok_or_else(unauthenticated)
    }
}
