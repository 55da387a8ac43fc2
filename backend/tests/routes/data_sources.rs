//! `GET /v1/data_sources`

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    provider::{Provider, TokenFault},
    scrubbed,
    service::{Service, Wishes},
    until,
};

/// The block of a source that nobody connected.
fn disconnected(source: &str, required: bool) -> Value {
    json!({
        "required": required,
        "type": "mcp_oauth2",
        "provider": null,
        "mcp_server_id": source,
        "status": "disconnected",
        "connect_url": format!("/v1/auth/mcp/{source}/connect"),
        "disconnect_url": format!("/v1/auth/mcp/{source}/disconnect"),
        "scopes": [],
        "expires_at": null,
        "error": null,
        "last_error": null,
        "auth_url": null,
        "renewable": true,
        "account_label": null,
        "connected_at": null,
        "missing_scopes": [],
        "scope_labels": {},
        "provider_host": "login.example",
        "admin_disabled": false,
        "relaxations": [],
        "flow": null,
    })
}

/// Waits until the service has looked at the provider once, so that listings are complete.
async fn looked_at(service: &Service, servers: &[(&str, &str)]) {
    until("the service has looked at its providers", || async {
        let health = service.browser().get("/health").await.json();
        servers.iter().all(|(server, word)| health["servers"][server] == *word)
    })
    .await;
}

const BOTH_WORK: &[(&str, &str)] = &[("incidents", "ok"), ("tickets", "ok")];

#[tokio::test]
async fn without_a_session_the_answer_is_401_in_aiqs_words() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let answer = service.browser().get("/v1/data_sources").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json(), json!({"detail": "Sign in first.", "error": "token_missing"}));
}

#[tokio::test]
async fn a_person_who_connected_nothing_sees_every_source_with_all_fields_of_the_union() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    looked_at(&service, BOTH_WORK).await;
    let alice = service.sign_in("alice").await;
    assert_eq!(
        service.listing(&alice).await,
        json!([
            {
                "id": "incidents", "name": "Team Incidents", "description": "Incidents that belong to you.",
                "default_enabled": true, "requires_auth": false, "per_user_auth": disconnected("incidents", true),
            },
            {
                "id": "tickets", "name": "Tickets", "description": null,
                "default_enabled": true, "requires_auth": false, "per_user_auth": disconnected("tickets", false),
            },
            {
                "id": "handbook", "name": "Company handbook", "description": null,
                "default_enabled": true, "requires_auth": false, "per_user_auth": null,
            },
        ])
    );
}

#[tokio::test]
async fn a_connected_source_says_what_was_granted_and_until_when() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    looked_at(&service, BOTH_WORK).await;

    let listed = scrubbed(service.listed(&alice, "incidents").await, &[]);
    let mut expected = disconnected("incidents", true);
    expected["status"] = "connected".into();
    expected["scopes"] = json!(["rows:read", "offline_access"]);
    expected["expires_at"] = "<time>".into();
    expected["connected_at"] = "<time>".into();
    assert_eq!(listed["per_user_auth"], expected);
}

#[tokio::test]
async fn the_body_is_the_golden_one_that_the_page_is_tested_with() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    looked_at(&service, BOTH_WORK).await;

    let mut body = service.listing(&alice).await;
    for field in ["expires_at", "connected_at"] {
        body[0]["per_user_auth"][field] = "2026-01-02T03:04:05Z".into();
    }
    let golden = include_str!("../../../shared/tests/golden/data_sources.json");
    assert_eq!(body, serde_json::from_str::<Value>(golden).unwrap());
}

#[tokio::test]
async fn another_person_sees_nothing_of_it() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    alice.follow("/v1/auth/mcp/tickets/connect").await;
    looked_at(&service, BOTH_WORK).await;

    assert_eq!(service.listed(&alice, "tickets").await["per_user_auth"]["flow"]["state"], "pending");
    for source in ["incidents", "tickets"] {
        let listed = service.listed(&bob, source).await;
        assert_eq!(listed["per_user_auth"], disconnected(source, source == "incidents"));
    }
}

#[tokio::test]
async fn a_sign_in_under_way_is_listed_until_it_ends() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let flow = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";
    alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={flow}")).await;
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["flow"]["id"], &block["flow"]["state"]), (&json!(flow), &json!("pending")));

    service.age(TimeDelta::minutes(11)).await;
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["flow"], Value::Null);
}

#[tokio::test]
async fn an_access_token_that_lapsed_and_renews_itself_is_still_connected() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    service.age(TimeDelta::hours(2)).await;
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["renewable"]), (&json!("connected"), &json!(true)));
}

#[tokio::test]
async fn one_that_lapsed_and_cannot_renew_itself_is_expired() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.gives_refresh_tokens = false);
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");

    service.age(TimeDelta::hours(2)).await;
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["renewable"]), (&json!("expired"), &json!(false)));
    assert_eq!(block["error"], Value::Null);
}

#[tokio::test]
async fn a_grant_that_the_provider_ended_is_an_error_with_its_reason_and_a_reference() {
    let provider = Provider::start().await;
    let service = Service::with_research(&provider).await.0;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    service.age(TimeDelta::hours(2)).await;
    provider.set(|faults| faults.token_always = Some(TokenFault::InvalidGrant));
    service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;

    let block = scrubbed(service.listed(&alice, "incidents").await["per_user_auth"].clone(), &[]);
    let sentence = "The provider ended this sign-in. Reconnect to use the source again.";
    assert_eq!(block["status"], "error");
    assert_eq!(block["error"], json!({"code": "revoked", "message": sentence, "reference": "<reference>"}));
    assert_eq!(block["last_error"], sentence);
}

#[tokio::test]
async fn a_source_whose_provider_is_away_says_so_and_heals_by_itself() {
    let mut provider = Provider::away();
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    looked_at(&service, &[("incidents", "idp_unreachable"), ("tickets", "idp_unreachable")]).await;
    let block = scrubbed(service.listed(&alice, "incidents").await["per_user_auth"].clone(), &[]);
    let sentence = "The provider's sign-in cannot be reached at the moment.";
    assert_eq!(block["status"], "error");
    assert_eq!(block["error"], json!({"code": "idp_unreachable", "message": sentence, "reference": "<reference>"}));
    assert_eq!(block["provider_host"], Value::Null);
    assert_eq!(service.listed(&alice, "handbook").await["per_user_auth"], Value::Null);

    provider.come();
    looked_at(&service, BOTH_WORK).await;
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"], disconnected("incidents", true));
}

#[tokio::test]
async fn a_grant_that_works_stays_connected_while_its_provider_is_away_and_the_trouble_is_a_notice() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;

    provider.set(|faults| faults.metadata_unavailable = true);
    let service = service.another_process().await;
    let alice = service.same_person(&alice);
    looked_at(&service, &[("incidents", "idp_unreachable")]).await;
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("connected"), &json!("idp_unreachable")));
}

#[tokio::test]
async fn a_source_that_is_not_set_up_says_so() {
    let provider = Provider::start().await;
    let settings = "  servers: {incidents: {client_id: us, token_endpoint_auth_method: client_secret_post}}\n";
    let service = Service::with(&provider, Wishes { settings: settings.to_owned(), ..Wishes::default() }).await;
    looked_at(&service, &[("incidents", "client_misconfigured"), ("tickets", "ok")]).await;
    let alice = service.sign_in("alice").await;
    let block = scrubbed(service.listed(&alice, "incidents").await["per_user_auth"].clone(), &[]);
    let sentence = "The source is not set up completely; an administrator has to finish it.";
    assert_eq!(block["status"], "error");
    assert_eq!(
        block["error"],
        json!({"code": "client_misconfigured", "message": sentence, "reference": "<reference>"})
    );
}

#[tokio::test]
async fn fewer_permissions_than_configured_are_an_error_that_names_them() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.granted_scope = Some("rows:read"));
    let settings = "  servers: {incidents: {scopes: [rows:read, rows:write]}}\n";
    let service = Service::with(&provider, Wishes { settings: settings.to_owned(), ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("error"), &json!("scope_mismatch")));
    assert_eq!((&block["scopes"], &block["missing_scopes"]), (&json!(["rows:read"]), &json!(["rows:write"])));
}

#[tokio::test]
async fn an_unchanged_listing_is_not_sent_again_and_a_changed_one_is() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    looked_at(&service, BOTH_WORK).await;
    let alice = service.sign_in("alice").await;
    let first = alice.get("/v1/data_sources").await;
    let etag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "private, no-cache");

    let known = [("if-none-match", etag.as_str())];
    let again = alice.send(Method::GET, "/v1/data_sources", &known, None).await;
    assert_eq!((again.status.as_u16(), again.body.as_str(), again.header("etag")), (304, "", etag.as_str()));
    for (value, status) in [(format!("W/{etag}"), 304), (format!("\"x\", W/{etag}"), 304), ("\"x\"".to_owned(), 200)] {
        let headers = [("if-none-match", value.as_str())];
        assert_eq!(alice.send(Method::GET, "/v1/data_sources", &headers, None).await.status, status, "{value}");
    }

    service.connect(&provider, &alice, "incidents").await;
    let changed = alice.send(Method::GET, "/v1/data_sources", &known, None).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);
}

#[tokio::test]
async fn the_tag_of_one_persons_listing_spares_nobody_else_theirs() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    looked_at(&service, BOTH_WORK).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    let hers = alice.get("/v1/data_sources").await.header("etag").to_owned();
    let known = [("if-none-match", hers.as_str())];
    assert_eq!(alice.send(Method::GET, "/v1/data_sources", &known, None).await.status, 304);

    let his = bob.send(Method::GET, "/v1/data_sources", &known, None).await;
    assert_eq!((his.status.as_u16(), his.body.as_str()), (200, bob.get("/v1/data_sources").await.body.as_str()));
    assert_ne!(his.header("etag"), hers);
    let nobodys = service.browser().send(Method::GET, "/v1/data_sources", &known, None).await;
    assert_eq!((nobodys.status.as_u16(), nobodys.header("etag")), (401, ""));
}

#[tokio::test]
async fn a_session_that_ended_or_was_never_there_opens_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let stranger = service.browser().with_cookie("__Host-aiq-connect-session", &"x".repeat(43));
    assert_eq!(stranger.get("/v1/data_sources").await.status, 401);
    assert_eq!(alice.post("/v1/auth/logout", json!({})).await.status, 204);
    assert_eq!(alice.get("/v1/data_sources").await.status, 401);

    let bob = service.sign_in("bob").await;
    service.age(TimeDelta::hours(241)).await;
    assert_eq!(bob.get("/v1/data_sources").await.status, 401);
}
