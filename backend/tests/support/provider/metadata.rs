//! What the MCP servers and the authorization server say of themselves (RFC 9728, RFC 8414).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::world::World;

/// RFC 9728 §5.1: whoever comes without a token is told where to ask for one.
pub(super) async fn challenge(State(world): State<Arc<World>>, uri: Uri) -> Response {
    if world.faults().metadata_unavailable {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let challenge = format!(
        "Bearer realm=\"mcp\", resource_metadata=\"{}/.well-known/oauth-protected-resource{}\"",
        world.origin,
        uri.path()
    );
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

pub(super) async fn of_resource(State(world): State<Arc<World>>, Path(path): Path<String>) -> Response {
    let faults = world.faults();
    if faults.metadata_unavailable {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(json!({
        "resource": faults.resource.unwrap_or_else(|| format!("{}/{path}", world.origin)),
        "authorization_servers": [world.origin],
        "scopes_supported": ["rows:read"],
    }))
    .into_response()
}

pub(super) async fn of_issuer(State(world): State<Arc<World>>) -> Response {
    let faults = world.faults();
    if let Some(gate) = &faults.metadata_gate {
        gate.acquire().await.unwrap().forget();
    }
    if faults.metadata_unavailable {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let at = |path: &str| format!("{}{path}", world.origin);
    Json(json!({
        "issuer": faults.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "registration_endpoint": at("/register"),
        "revocation_endpoint": faults.offers_revocation.then(|| at("/revoke")),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "scopes_supported": ["rows:read", "rows:write", "openid", "offline_access"],
        "token_endpoint_auth_methods_supported": [faults.auth_method],
        "code_challenge_methods_supported": faults.code_challenge_methods,
        "authorization_response_iss_parameter_supported": faults.promises_iss,
    }))
    .into_response()
}

pub(super) async fn keys(State(world): State<Arc<World>>) -> Response {
    Json(world.signer.published()).into_response()
}
