//! Who sends a request.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use chrono::{DateTime, Utc};
use url::{Host, Url};

use super::{
    App, cookies,
    credential::{self, Brought},
    problem::ApiError,
    request_log,
    stranger::Stranger,
};
use crate::domain::{PrincipalId, Session};

/// Somebody we know. Requests of others are answered with 401, or with why it cannot be told.
pub(super) struct Person {
    pub session: Session,
    pub id: PrincipalId,
    /// What a confirmation is tied to: SHA-256 (hex) of our session's cookie, else the person's id.
    pub session_hash: String,
    /// Whether it is a session of ours, which can be ended here.
    pub has_own_session: bool,
    /// When the token ends that told who this is, if it was one; by this process's clock.
    pub token_ends_at: Option<DateTime<Utc>>,
}

/// Perhaps somebody we know.
pub(super) struct Visitor(pub Result<Person, Stranger>);

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self(identify(app, parts).await))
    }
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        Ok(identify(app, parts).await?)
    }
}

async fn identify(app: &App, parts: &Parts) -> Result<Person, Stranger> {
    let headers = &parts.headers;
    if app.callers.are_local() {
        if !names_this_machine(parts, &app.config.public_url) {
            return Err(Stranger::OtherHost);
        }
        return app.callers.local().await?.map(Person::of).ok_or(Stranger::Off);
    }
    if !app.config.has_people() {
        return Err(Stranger::Off);
    }
    if app.callers.take_tokens()
        && let Some(bearer) = credential::bearer(headers)
    {
        return by_token(app, bearer).await;
    }
    if let Some(person) = own_session(app, headers).await? {
        return Ok(person);
    }
    match credential::id_token(headers) {
        Some(cookie) if app.callers.take_tokens() => by_token(app, cookie).await,
        _ if credential::bearer(headers).is_some() => Err(Stranger::NoIssuer),
        _ => Err(Stranger::Missing),
    }
}

async fn own_session(app: &App, headers: &HeaderMap) -> Result<Option<Person>, Stranger> {
    let cookie = cookies::read(headers, cookies::SESSION).filter(|_| app.sign_in.is_configured());
    let Some(cookie) = cookie else { return Ok(None) };
    let session = app.sign_in.session(&cookie).await?;
    Ok(session.map(|session| Person {
        session_hash: cookie.sha256_hex(),
        has_own_session: true,
        ..Person::of(session)
    }))
}

async fn by_token(app: &App, brought: Brought) -> Result<Person, Stranger> {
    match brought {
        Brought::Token(token) => {
            let (session, end) = app.callers.by_token(&token).await?;
            Ok(Person { token_ends_at: Some(end), ..Person::of(session) })
        }
        Brought::Ambiguous => Err(Stranger::Invalid),
    }
}

impl Person {
    fn of(session: Session) -> Self {
        let id = session.principal.id();
        request_log::note_person(&id);
        Self { session_hash: id.as_str().to_owned(), session, id, has_own_session: false, token_ends_at: None }
    }
}

/// Where everybody is one person, whoever can make a browser ask is that person. A foreign page may do so under a name of
/// its own that leads here ("DNS rebinding"), and the browser would let it read the answers.
fn names_this_machine(parts: &Parts, public: &Url) -> bool {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let named = host.to_str().ok().and_then(|host| Url::parse(&format!("http://{host}")).ok());
    let Some(named) = named else { return false };
    match named.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || public.host_str() == Some(name),
        None => false,
    }
}
