//! Registering (RFC 7591), and proving to be a client (RFC 6749 §2.3).

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::world::{KnownClient, World};

pub(super) async fn register(State(world): State<Arc<World>>, Json(asked): Json<Value>) -> Response {
    let faults = world.faults();
    if let Some(gate) = &faults.registration_gate {
        gate.acquire().await.unwrap().forget();
    }
    if faults.refuses_registration {
        let body = json!({"error": "invalid_client_metadata", "error_description": "<script>alert(1)</script>"});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    let redirect_uris: Vec<String> = serde_json::from_value(asked["redirect_uris"].clone()).unwrap();
    let auth_method = asked["token_endpoint_auth_method"].as_str().unwrap().to_owned();
    let client_id = format!("client-{}", super::super::service::random());
    let secret = (auth_method != "none").then(|| world.secret("client-secret"));
    let mut answer = asked;
    answer["client_id"] = client_id.clone().into();
    if let Some(secret) = &secret {
        answer["client_secret"] = secret.clone().into();
        answer["client_secret_expires_at"] = 0.into();
    }
    let client = KnownClient { secret, auth_method, redirect_uris, registered_itself: true };
    world.clients.lock().unwrap().insert(client_id, client);
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// The client that sends a request, if it proves to be one by exactly the method it registered.
pub(super) fn proven(world: &World, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Option<String> {
    let basic = headers.get(header::AUTHORIZATION).map(|value| basic_parts(value.to_str().unwrap()));
    let id = basic.as_ref().map_or_else(|| form.get("client_id"), |(id, _)| Some(id))?;
    let clients = world.clients.lock().unwrap();
    let client = clients.get(id)?;
    let in_form = form.get("client_secret");
    let fits = match client.auth_method.as_str() {
        "client_secret_basic" => {
            in_form.is_none() && basic.as_ref().is_some_and(|(_, secret)| Some(secret) == client.secret.as_ref())
        }
        "client_secret_post" => basic.is_none() && in_form.is_some() && in_form == client.secret.as_ref(),
        _ => basic.is_none() && in_form.is_none(),
    };
    fits.then(|| id.clone())
}

fn basic_parts(value: &str) -> (String, String) {
    let pair = BASE64_STANDARD.decode(value.strip_prefix("Basic ").unwrap()).unwrap();
    let pair = String::from_utf8(pair).unwrap();
    let (id, secret) = pair.split_once(':').unwrap();
    let decode = |text: &str| {
        let whole = format!("x={text}");
        url::form_urlencoded::parse(whole.as_bytes()).next().unwrap().1.into_owned()
    };
    (decode(id), decode(secret))
}
