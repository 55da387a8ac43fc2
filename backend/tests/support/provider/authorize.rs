//! The authorization endpoint, with the person's answer in a cookie.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use reqwest::Url;

use super::world::{Code, Family, Iss, World};

/// Text that a hostile or careless provider sends along.
pub(super) const INSULT: &str = "<script>alert('provider text')</script>";

pub(super) async fn ask(
    State(world): State<Arc<World>>,
    Query(asked): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let faults = world.faults();
    let wrong = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned()).into_response();
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();

    let known = world.clients.lock().unwrap().get(&get("client_id")).cloned();
    let Some(client) = known else { return wrong("unknown client") };
    if !client.redirect_uris.contains(&get("redirect_uri")) {
        return wrong("redirect URI is not registered");
    }
    if get("response_type") != "code" || get("code_challenge_method") != "S256" || get("code_challenge").len() != 43 {
        return wrong("a code flow with PKCE S256 is needed");
    }
    if client.registered_itself && !get("resource").starts_with(&world.origin) {
        return wrong("the resource is not one of this provider");
    }
    world.note_secret(&get("state"));

    let mut back = Url::parse(&get("redirect_uri")).unwrap();
    let refused = headers[header::COOKIE] == "consent=refused";
    let error = faults.authorization_error.or(refused.then_some("access_denied"));
    if let Some(error) = error {
        back.query_pairs_mut()
            .append_pair("error", error)
            .append_pair("error_description", INSULT)
            .append_pair("error_uri", "https://evil.example/help");
    } else {
        let scope = faults.granted_scope.map_or_else(|| get("scope"), str::to_owned);
        back.query_pairs_mut().append_pair("code", &issue(&world, &asked, scope));
    }
    back.query_pairs_mut().append_pair("state", &get("state"));
    match faults.iss {
        Iss::Right => drop(back.query_pairs_mut().append_pair("iss", &world.origin)),
        Iss::Other(other) => drop(back.query_pairs_mut().append_pair("iss", &other)),
        Iss::Missing => {}
    }
    Redirect::to(back.as_str()).into_response()
}

fn issue(world: &World, asked: &BTreeMap<String, String>, scope: String) -> String {
    let mut families = world.families.lock().unwrap();
    let family = families.len();
    families.push(Family {
        client_id: asked["client_id"].clone(),
        resource: asked.get("resource").cloned(),
        scope: scope.clone(),
        revoked: true,
        refresh: None,
        used: Vec::new(),
        access: Vec::new(),
        revoked_access: Vec::new(),
    });
    let code = world.secret("code");
    let stored = Code {
        client_id: asked["client_id"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
        challenge: asked["code_challenge"].clone(),
        resource: asked.get("resource").cloned(),
        scope,
        nonce: asked.get("nonce").cloned(),
        used: false,
        family,
    };
    world.codes.lock().unwrap().insert(code.clone(), stored);
    code
}
