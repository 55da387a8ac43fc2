//! `/v1/auth/login`, `/v1/auth/login/callback`, `/v1/auth/logout`, `/v1/auth/session`

use std::sync::Arc;

use aiq_connect_shared::{Person as WirePerson, SessionView};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    App, cookies, credential,
    extract::Query,
    person::Visitor,
    problem::{ApiError, problem},
    stranger::Stranger,
    window::Window,
};
use crate::{
    identity::{SignInError, SignInReturn},
    oauth::{DiscoveryError, TokenError},
    timing,
    vault::Secret,
};

const LOGIN: &str = "/v1/auth/login";

/// `?return_to=`
#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    return_to: String,
}

/// The provider's answer.
#[derive(Deserialize)]
pub(super) struct Answer {
    state: Option<Secret>,
    code: Option<Secret>,
    iss: Option<String>,
}

/// Sends the browser to the OpenID provider.
pub(super) async fn begin(State(app): State<Arc<App>>, Query(wish): Query<Wish>, headers: HeaderMap) -> Response {
    let browser = cookies::read(&headers, cookies::BROWSER).unwrap_or_else(|| app.chance.text());
    match app.sign_in.begin(&wish.return_to, &browser.sha256_hex()).await {
        Ok(provider) => redirect(provider.as_str(), cookies::set(cookies::BROWSER, &browser, timing::SESSION_LIFETIME)),
        Err(error) => failed(&error),
    }
}

/// The browser comes back; a new session begins, under a new cookie.
pub(super) async fn finish(State(app): State<Arc<App>>, Query(answer): Query<Answer>, headers: HeaderMap) -> Response {
    let returned = SignInReturn {
        state: answer.state,
        code: answer.code,
        iss: answer.iss,
        browser_hash: cookies::read(&headers, cookies::BROWSER).map(|cookie| cookie.sha256_hex()),
    };
    match app.sign_in.finish(&returned).await {
        Ok(done) => redirect(&done.return_to, cookies::set(cookies::SESSION, &done.cookie, timing::SESSION_LIFETIME)),
        Err(error) => failed(&error),
    }
}

/// Ends our own session here; other people's tokens are theirs to end. Connected sources stay connected.
pub(super) async fn end(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, ApiError> {
    if app.callers.take_tokens() && credential::bearer(&headers).is_some() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if let Some(cookie) = cookies::read(&headers, cookies::SESSION) {
        let session = app.sign_in.session(&cookie).await?;
        app.sign_in.sign_out(&cookie).await?;
        if let Some(session) = session {
            // Streams of this session end.
            app.connections.heard(&session.principal.id());
        }
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookies::remove(cookies::SESSION) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Who is here, and where signing in starts. A bearer that is not good is refused; cookies that are not are nobody's.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Result<Json<SessionView>, ApiError> {
    let own = app.sign_in.is_configured();
    let person = match visitor {
        Ok(person) => Some(person),
        Err(Stranger::Off) => None,
        Err(stranger) if stranger.is_signed_out() && credential::bearer(&headers).is_none() => None,
        Err(stranger) => return Err(stranger.into()),
    };
    let can_end = own && person.as_ref().is_none_or(|person| person.has_own_session);
    Ok(Json(SessionView {
        person: person.map(|person| WirePerson {
            sub: person.session.principal.sub,
            name: person.session.profile.name,
            email: person.session.profile.email,
        }),
        login_url: own.then(|| LOGIN.to_owned()),
        logout_url: can_end.then(|| "/v1/auth/logout".to_owned()),
        personal_sources: app.config.has_people(),
    }))
}

fn redirect(location: &str, cookie: Option<HeaderValue>) -> Response {
    let (Some(cookie), Ok(location)) = (cookie, HeaderValue::from_str(location)) else {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The next address cannot be sent.");
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::SET_COOKIE, cookie)]).into_response()
}

fn failed(error: &SignInError) -> Response {
    tracing::warn!(%error, cause = ?std::error::Error::source(error).map(ToString::to_string), "nobody was signed in");
    let (status, text) = match error {
        SignInError::NotConfigured => {
            (StatusCode::NOT_FOUND, "This service has no sign-in of its own: set aiq_connect.sign_in.")
        }
        SignInError::AttemptOver => (StatusCode::BAD_REQUEST, "This sign-in took too long, or was used already."),
        SignInError::Refused => (StatusCode::FORBIDDEN, "The sign-in was not allowed."),
        SignInError::Discovery(DiscoveryError::Unusable(_))
        | SignInError::Token(TokenError::InvalidClient | TokenError::NotAllowed(_)) => (
            StatusCode::BAD_GATEWAY,
            "The sign-in isn't set up completely. Your administrator must finish setting it up; the log says what is missing.",
        ),
        SignInError::Token(TokenError::InvalidGrant | TokenError::Refused) => {
            (StatusCode::BAD_GATEWAY, "The sign-in did not accept this attempt. Trying again usually helps.")
        }
        SignInError::Discovery(_) | SignInError::Token(_) => {
            (StatusCode::BAD_GATEWAY, "We can't reach the sign-in right now. Try again in a minute.")
        }
        SignInError::Issuer | SignInError::NoIdToken | SignInError::IdToken(_) => {
            (StatusCode::BAD_GATEWAY, "The sign-in's answer could not be trusted, so we did not use it.")
        }
        SignInError::Store(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "We can't save anything right now. Try again in a few seconds.")
        }
    };
    Window {
        status,
        heading: "You're not signed in".to_owned(),
        text: vec![text.to_owned()],
        action: Some(("Sign in".to_owned(), LOGIN.to_owned())),
        ..Window::default()
    }
    .into_response()
}
