//! The revocation endpoint (RFC 7009): a refresh token ends the whole sign-in, an access token itself.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};

use super::{clients, world::World};

pub(super) async fn revoke(State(world): State<Arc<World>>, headers: HeaderMap, body: String) -> StatusCode {
    let status = end(&world, &headers, &body);
    let gate = world.faults().revocation_gate;
    if let Some(gate) = gate {
        gate.acquire().await.unwrap().forget();
    }
    status
}

fn end(world: &World, headers: &HeaderMap, body: &str) -> StatusCode {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    if world.faults().refuses_revocation {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let Some(client) = clients::proven(world, headers, &form) else { return StatusCode::UNAUTHORIZED };
    let token = &form["token"];
    let mut families = world.families.lock().unwrap();
    for family in families.iter_mut().filter(|family| family.client_id == client) {
        if family.refresh.as_ref() == Some(token) || family.used.contains(token) {
            family.revoked = true;
        } else if family.access.contains(token) {
            family.revoked_access.push(token.clone());
        }
    }
    StatusCode::OK
}
