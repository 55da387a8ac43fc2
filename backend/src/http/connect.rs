//! `GET` (the launch page) and `POST /v1/auth/mcp/{source}/connect`

use std::sync::Arc;

use aiq_connect_shared::{AuthStatus, ConnectAnswer, ConnectRequest, Intent};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    App, cookies,
    extract::{Path, Query},
    person::{Person, Visitor},
    problem::{ApiError, problem},
    sign_in_all::is_walk,
    window::{Ended, Window},
    words,
};
use crate::{
    connections::{Launch, StartError},
    domain::{FlowId, SourceId},
    identity::safe_return_to,
    timing,
    vault::Secret,
};

/// The launch page's query.
#[derive(Deserialize)]
pub(super) struct LaunchQuery {
    flow: Option<Uuid>,
    #[serde(default)]
    intent: Intent,
    confirm: Option<String>,
    /// A path of ours to go to afterwards, for a sign-in in the page's own tab.
    r#return: Option<String>,
}

/// For clients that open the window themselves: makes a flow, and says which page of ours starts it.
pub(super) async fn announce(
    State(app): State<Arc<App>>,
    person: Person,
    Path(source): Path<String>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let wish = if body.is_empty() { Ok(ConnectRequest::default()) } else { serde_json::from_slice(&body) };
    let Ok(ConnectRequest { intent }) = wish else {
        let message = "`intent` has to be reconnect, switch_account or more_permission.";
        return Ok(problem(StatusCode::UNPROCESSABLE_ENTITY, "intent_unknown", message));
    };
    if intent.is_none() && app.connections.status(&person.id, &source, None).await?.status == AuthStatus::Connected {
        return Ok(Json(ConnectAnswer {
            source_id: source,
            status: "connected".to_owned(),
            auth_url: None,
            expires_at: None,
            flow_id: None,
        })
        .into_response());
    }
    let announced = app.connections.announce(&person.id, &source, intent.unwrap_or_default()).await?;
    Ok(Json(ConnectAnswer {
        source_id: source,
        status: "auth_required".to_owned(),
        auth_url: Some(announced.launch.to_string()),
        expires_at: Some(announced.expires_at),
        flow_id: Some(announced.flow.0),
    })
    .into_response())
}

/// What a sign-in window opens: checks who is here, ties the flow to this browser, and goes on to the provider.
pub(super) async fn launch(
    State(app): State<Arc<App>>,
    Path(source): Path<String>,
    query: Result<Query<LaunchQuery>, ApiError>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(query)) = query else { return not_a_link() };
    let flow = FlowId(query.flow.unwrap_or_else(|| app.chance.uuid()));
    let return_to = query.r#return.as_deref().map(safe_return_to);
    let address = launch_address(&source, flow, query.intent, return_to);
    let person = match visitor {
        Ok(person) => person,
        Err(stranger) => return stranger.page(&app, &address),
    };
    let source_id = SourceId(source.clone());
    let confirmed = query
        .confirm
        .as_deref()
        .is_some_and(|tag| app.vault.verify_confirm_tag(&person.session_hash, flow, &source_id, tag));
    let from_us = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    let name = app.config.source(&source_id).map(|known| known.name.clone());
    if let Err(error) = app.connections.check_startable(&source) {
        return failed(&app, &error, &source, name.as_deref().unwrap_or(&source), flow, return_to);
    }
    if let (Some(name), false) = (&name, confirmed || from_us) {
        let tag = app.vault.confirm_tag(&person.session_hash, flow, &source_id).unwrap_or_default();
        let host = app.connections.provider_host(&source_id);
        return confirm(name, host.as_deref(), &person, &format!("{address}&confirm={tag}"));
    }

    let browser = cookies::read(&headers, cookies::BROWSER).unwrap_or_else(|| app.chance.text());
    let launch = Launch {
        principal: &person.id,
        source: &source,
        flow: Some(flow),
        intent: query.intent,
        browser_hash: &browser.sha256_hex(),
        return_to,
    };
    match app.connections.launch(&launch).await {
        Ok(provider) => to_provider(provider.as_str(), &browser),
        Err(error) => failed(&app, &error, &source, name.as_deref().unwrap_or(&source), flow, return_to),
    }
}

/// This very page again, after a sign-in or a confirmation.
pub(super) fn launch_address(source: &str, flow: FlowId, intent: Intent, return_to: Option<&str>) -> String {
    let flow = flow.0.to_string();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("flow", &flow).append_pair("intent", intent.as_str());
    if let Some(path) = return_to {
        query.append_pair("return", path);
    }
    format!("/v1/auth/mcp/{source}/connect?{}", query.finish())
}

fn to_provider(address: &str, browser: &Secret) -> Response {
    let cookie = cookies::set(cookies::BROWSER, browser, timing::SESSION_LIFETIME);
    let (Some(cookie), Ok(location)) = (cookie, HeaderValue::from_str(address)) else {
        return problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The provider's address cannot be sent.");
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::SET_COOKIE, cookie)]).into_response()
}

/// A page, because a person may have followed it: `flow` is no UUID, or `intent` none that there is.
pub(super) fn not_a_link() -> Response {
    Window {
        status: StatusCode::BAD_REQUEST,
        heading: "This sign-in link is not complete".to_owned(),
        text: vec!["Go back to AI-Q and choose Connect again.".to_owned()],
        closable: true,
        ..Window::default()
    }
    .into_response()
}

fn confirm(name: &str, host: Option<&str>, person: &Person, address: &str) -> Response {
    let who = who(person);
    Window {
        heading: format!("Connect {name} to AI-Q?"),
        text: vec![format!("You are signed in to AI-Q as {who}."), words::where_to(host, name)],
        action: Some((format!("Connect {name}"), address.to_owned())),
        ..Window::default()
    }
    .into_response()
}

/// What a person is called on these pages.
pub(super) fn who(person: &Person) -> &str {
    let profile = &person.session.profile;
    profile.email.as_deref().unwrap_or(&profile.name)
}

/// The page of a sign-in that was not started.
pub(super) fn failed(
    app: &App,
    error: &StartError,
    source: &str,
    name: &str,
    flow: FlowId,
    return_to: Option<&str>,
) -> Response {
    let next = return_to.filter(|path| is_walk(path));
    let (status, heading, text) = match error {
        StartError::NotProtected(error) => {
            (StatusCode::NOT_FOUND, "There is nothing to connect here", error.to_string())
        }
        StartError::Disabled(_) => {
            (StatusCode::FORBIDDEN, "This source is turned off", format!("Your administrator turned {name} off."))
        }
        StartError::FlowOver => (
            StatusCode::GONE,
            "This sign-in link is no longer valid",
            "Go back to AI-Q and choose Connect again.".to_owned(),
        ),
        StartError::Fault(fault) => {
            (StatusCode::BAD_GATEWAY, "We couldn't start the sign-in", words::sentence(fault.code, name))
        }
        StartError::Store(error) => {
            tracing::error!(%error, "storage failed while a sign-in was started");
            let text = "We can't save anything right now. Try again in a few seconds.".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, "We couldn't start the sign-in", text)
        }
    };
    let reference = match error {
        StartError::Fault(fault) => Some(fault.reference.as_str()),
        _ => None,
    };
    Window {
        status,
        heading: heading.to_owned(),
        text: vec![text],
        reference,
        action: next.map(|path| ("Continue".to_owned(), path.to_owned())),
        ended: vec![Ended {
            flow: flow.0.to_string(),
            source,
            ok: false,
            origin: app.config.public_url.origin().ascii_serialization(),
        }],
        closable: return_to.is_none(),
        back: return_to.filter(|_| next.is_none()).map(str::to_owned),
        ..Window::default()
    }
    .into_response()
}
