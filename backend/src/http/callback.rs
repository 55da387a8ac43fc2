//! `GET /v1/auth/mcp/{source}/callback`: the person comes back from the provider.

use std::sync::Arc;

use aiq_connect_shared::FaultCode;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    App, cookies,
    extract::{Path, Query},
    person::Visitor,
    problem::ApiError,
    sign_in_all::is_walk,
    window::{Ended, Window},
    words,
};
use crate::{
    connections::{CompleteError, Completed, Connections, Returned},
    domain::{FlowId, SourceId},
    vault::Secret,
};

/// The authorization response (RFC 6749 §4.1.2, RFC 9207). `error_description` and `error_uri` are not even read.
#[derive(Deserialize)]
pub(super) struct Answer {
    state: Option<Secret>,
    code: Option<Secret>,
    error: Option<String>,
    iss: Option<String>,
}

/// Checks that it is the same browser, person, source and issuer, stores the grant, and says so.
pub(super) async fn complete(
    State(app): State<Arc<App>>,
    Path(source): Path<String>,
    answer: Result<Query<Answer>, ApiError>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Response {
    // A parameter that comes twice is no answer (RFC 6749 §3.1); the person is told as of any link that is no good.
    let Ok(Query(answer)) = answer else { return refused(&CompleteError::LinkOver) };
    let principal = match visitor {
        Ok(person) => Some(person.id),
        Err(stranger) if stranger.is_signed_out() => None,
        Err(stranger) => return stranger.page(&app, "/"),
    };
    let source_id = SourceId(source.clone());
    let name = app.config.source(&source_id).map_or(source.as_str(), |known| &known.name);
    let returned = Returned {
        source: source.clone(),
        state: answer.state,
        code: answer.code,
        error: answer.error,
        iss: answer.iss,
        browser_hash: cookies::read(&headers, cookies::BROWSER).map(|cookie| cookie.sha256_hex()),
        principal,
    };
    let ended = |flow: FlowId, ok: bool| Ended {
        flow: flow.0.to_string(),
        source: &source,
        ok,
        origin: app.config.public_url.origin().ascii_serialization(),
    };
    match app.connections.complete(returned).await {
        Ok(Completed { return_to: Some(path), .. }) => Redirect::to(&path).into_response(),
        Ok(completed) => Window {
            heading: format!("{name} is connected"),
            text: vec!["You can close this window.".to_owned()],
            ended: vec![ended(completed.flow, true)],
            closable: true,
            ..Window::default()
        }
        .into_response(),
        Err(CompleteError::Fault(fault)) => {
            let next = fault.return_to.as_deref().filter(|path| is_walk(path)).map(str::to_owned);
            if let (Some(next), FaultCode::ConsentDenied) = (&next, fault.code) {
                return Redirect::to(next).into_response();
            }
            let (heading, status) = match fault.code {
                FaultCode::ConsentDenied => ("Nothing was connected".to_owned(), StatusCode::OK),
                FaultCode::IdpUnreachable => (format!("{name} wasn't connected"), StatusCode::BAD_GATEWAY),
                _ => (format!("{name} wasn't connected"), StatusCode::BAD_REQUEST),
            };
            Window {
                status,
                heading,
                text: vec![words::sentence(fault.code, name)],
                reference: (fault.code != FaultCode::ConsentDenied).then_some(fault.reference.as_str()),
                back: fault.return_to.clone().filter(|_| next.is_none()),
                // In a walk this sign-in is over: another try would be a new one, of which the walk knows nothing.
                action: Some(match next {
                    Some(next) => ("Continue".to_owned(), next),
                    None => ("Try again".to_owned(), again(&source_id, fault.return_to.as_deref())),
                }),
                skip: None,
                ended: vec![ended(fault.flow, false)],
                closable: fault.return_to.is_none(),
            }
            .into_response()
        }
        Err(error) => refused(&error),
    }
}

/// The launch page, with the way back that this sign-in had.
fn again(source: &SourceId, return_to: Option<&str>) -> String {
    let mut address = Connections::connect_path(source);
    if let Some(path) = return_to {
        address.push_str("?return=");
        address.extend(url::form_urlencoded::byte_serialize(path.as_bytes()));
    }
    address
}

/// The pages of those whose link is not good here. They name no flow: whose it is, is nobody's business.
fn refused(error: &CompleteError) -> Response {
    let again = "Go back to AI-Q and choose Connect again.";
    let (status, heading, text) = match error {
        CompleteError::NotProtected(_) => (StatusCode::NOT_FOUND, "There is nothing to connect here", again),
        CompleteError::LinkOver | CompleteError::Fault(_) => {
            (StatusCode::BAD_REQUEST, "This sign-in link is no longer valid", again)
        }
        CompleteError::OtherBrowser => (
            StatusCode::BAD_REQUEST,
            "This sign-in was started in another browser",
            "Finish it where you started it, or go back to AI-Q in this browser and choose Connect again. \
             Nothing was connected.",
        ),
        CompleteError::NotSignedIn => (
            StatusCode::UNAUTHORIZED,
            "You're signed out of AI-Q",
            "Sign in to AI-Q again and choose Connect once more. Nothing was connected.",
        ),
        CompleteError::OtherPerson => (
            StatusCode::FORBIDDEN,
            "You're signed in to AI-Q as someone else",
            "This link belongs to another person. Nothing was connected.",
        ),
        CompleteError::Store(error) => {
            tracing::error!(%error, "storage failed while a sign-in was completed");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "We couldn't save the connection",
                "Something on our side does not answer. Go back to AI-Q and choose Connect again in a minute.",
            )
        }
    };
    Window { status, heading: heading.to_owned(), text: vec![text.to_owned()], closable: true, ..Window::default() }
        .into_response()
}
