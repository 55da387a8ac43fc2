//! The token endpoint: codes once, refresh tokens rotated, a reused one burns the whole sign-in (RFC 9700 §4.14.2).

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    authorize::INSULT,
    clients, desk,
    world::{Family, TokenFault, World},
};

pub(super) type Fields = BTreeMap<String, String>;

pub(super) async fn token(State(world): State<Arc<World>>, headers: HeaderMap, body: String) -> Response {
    let form: Fields = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let faults = world.faults();
    if let Some(gate) = &faults.token_gate {
        gate.acquire().await.unwrap().forget();
    }
    if let Some(desk) = &faults.desk {
        return desk::hold(desk, &world, headers, form).await;
    }
    let fault = {
        let mut faults = world.faults.lock().unwrap();
        if faults.token.is_empty() { faults.token_always } else { Some(faults.token.remove(0)) }
    };
    if let Some(refusal) = fault.and_then(refused) {
        return refusal;
    }
    let answer = work(&world, &headers, &form);
    if fault == Some(TokenFault::LostResponse) { broken() } else { answer }
}

/// What is answered instead of the work.
pub(super) fn refused(fault: TokenFault) -> Option<Response> {
    let busy = |status: StatusCode| Some((status, [(header::RETRY_AFTER, "7")]).into_response());
    match fault {
        TokenFault::Unavailable => busy(StatusCode::SERVICE_UNAVAILABLE),
        TokenFault::TooMany => busy(StatusCode::TOO_MANY_REQUESTS),
        TokenFault::InvalidGrant => Some(refusal("invalid_grant")),
        TokenFault::InvalidClient => Some(refusal("invalid_client")),
        TokenFault::Insulting => Some(refusal(INSULT)),
        TokenFault::LostResponse => None,
    }
}

/// The work, and its answer.
pub(super) fn work(world: &World, headers: &HeaderMap, form: &Fields) -> Response {
    match serve(world, headers, form) {
        Ok(answer) => Json(answer).into_response(),
        Err(code) => refusal(code),
    }
}

/// An answer on the way of which the connection breaks.
pub(super) fn broken() -> Response {
    Response::new(Body::new(Broken))
}

fn refusal(code: &str) -> Response {
    let status = if code == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    (status, Json(json!({"error": code, "error_description": INSULT}))).into_response()
}

fn serve(world: &World, headers: &HeaderMap, form: &Fields) -> Result<Value, &'static str> {
    let client = clients::proven(world, headers, form).ok_or("invalid_client")?;
    match form.get("grant_type").map(String::as_str) {
        Some("authorization_code") => redeem(world, &client, form),
        Some("refresh_token") => refresh(world, &client, form),
        _ => Err("unsupported_grant_type"),
    }
}

fn redeem(world: &World, client: &str, form: &Fields) -> Result<Value, &'static str> {
    let verifier = form.get("code_verifier").ok_or("invalid_request")?;
    world.note_secret(verifier);
    let mut codes = world.codes.lock().unwrap();
    let code = codes.get_mut(form.get("code").ok_or("invalid_request")?).ok_or("invalid_grant")?;
    let mut families = world.families.lock().unwrap();
    if std::mem::replace(&mut code.used, true) {
        families[code.family].revoked = true;
        return Err("invalid_grant");
    }
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let fits =
        code.client_id == client && form.get("redirect_uri") == Some(&code.redirect_uri) && challenge == code.challenge;
    if !fits {
        return Err("invalid_grant");
    }
    if form.get("resource") != code.resource.as_ref() {
        return Err("invalid_target");
    }
    let family = &mut families[code.family];
    family.revoked = false;
    let mut answer = issue(world, family);
    if code.scope.split(' ').any(|scope| scope == "openid") {
        let faults = world.faults();
        let token = world.signer.id_token(&world.origin, client, code.nonce.as_deref(), faults.id_token);
        world.note_secret(&token);
        answer["id_token"] = token.into();
    }
    Ok(answer)
}

fn refresh(world: &World, client: &str, form: &Fields) -> Result<Value, &'static str> {
    let given = form.get("refresh_token").ok_or("invalid_request")?;
    let mut families = world.families.lock().unwrap();
    let family = families
        .iter_mut()
        .find(|family| family.refresh.as_ref() == Some(given) || family.used.contains(given))
        .ok_or("invalid_grant")?;
    if family.client_id != client || family.revoked {
        return Err("invalid_grant");
    }
    if form.get("resource") != family.resource.as_ref() {
        return Err("invalid_target");
    }
    if family.refresh.as_ref() != Some(given) && !world.faults().forgives_reuse {
        family.revoked = true;
        return Err("invalid_grant");
    }
    Ok(issue(world, family))
}

fn issue(world: &World, family: &mut Family) -> Value {
    let faults = world.faults();
    let mut access = world.secret("access");
    if let Some(seconds) = faults.jwt_access_seconds {
        let now = super::super::service::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let claims = json!({"exp": now + seconds, "jti": access}).to_string();
        access = format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        world.note_secret(&access);
    }
    access.extend(std::iter::repeat_n('x', faults.access_token_length.saturating_sub(access.len())));
    family.access.push(access.clone());
    let mut answer = json!({"access_token": access, "token_type": "Bearer", "scope": family.scope});
    if let Some(seconds) = faults.access_token_seconds {
        answer["expires_in"] = seconds.into();
    }
    if faults.gives_refresh_tokens {
        let refresh = world.secret("refresh");
        family.used.extend(family.refresh.replace(refresh.clone()));
        answer["refresh_token"] = refresh.into();
    }
    answer
}

/// A body that breaks off before its first byte, and the connection with it.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}
