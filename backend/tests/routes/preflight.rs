//! `POST /v1/auth/mcp/preflight`

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser},
    provider::Provider,
    service::{PUBLIC, Service, Wishes},
};

async fn preflight(browser: &Browser, sources: Value) -> Answer {
    browser.post("/v1/auth/mcp/preflight", json!({"data_sources": sources})).await
}

/// The 409 body about the one required source.
pub(crate) fn blocked(status: &str) -> Value {
    json!({
        "error": "mcp_auth_required",
        "message": "Some selected data sources need you to connect your account before this can be sent.",
        "sources": [{
            "source_id": "incidents",
            "status": status,
            "connect_url": "/v1/auth/mcp/incidents/connect",
            "auth_url": format!("{PUBLIC}/v1/auth/mcp/incidents/connect"),
            "name": "Team Incidents",
        }],
    })
}

#[tokio::test]
async fn a_source_that_is_not_connected_blocks_with_the_way_out() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = preflight(&alice, json!(["incidents"])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, blocked("not_connected")));
}

#[tokio::test]
async fn null_means_every_source_and_an_empty_list_none() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = preflight(&alice, Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, blocked("not_connected")));
    let answer = alice.post("/v1/auth/mcp/preflight", json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, blocked("not_connected")));
    let answer = preflight(&alice, json!([])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"data_sources": []})));

    service.connect(&provider, &alice, "incidents").await;
    let answer = preflight(&alice, Value::Null).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"data_sources": ["incidents", "tickets", "handbook"]}))
    );
}

#[tokio::test]
async fn names_are_compared_without_regard_to_case_and_answered_as_configured() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = preflight(&alice, json!(["Handbook", "TICKETS", "handbook"])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"data_sources": ["tickets", "handbook"]})));
    assert_eq!(preflight(&alice, json!(["INCIDENTS"])).await.json(), blocked("not_connected"));
}

#[tokio::test]
async fn unknown_names_are_422_in_aiqs_shape() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = preflight(&alice, json!(["handbook", "Nothing", "moon"])).await;
    let message = "unknown data sources: Nothing, moon";
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json(),
        json!({
            "error": "data_sources_unknown",
            "message": message,
            "detail": {
                "message": message,
                "invalid_ids": ["Nothing", "moon"],
                "unavailable_for_agent": [],
                "known_ids": ["incidents", "tickets", "handbook"],
            },
        })
    );
}

#[tokio::test]
async fn one_that_expired_says_expired_and_one_that_renews_itself_blocks_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.gives_refresh_tokens = false);
    service.connect(&provider, &bob, "incidents").await;
    service.age(TimeDelta::hours(2)).await;
    assert_eq!(preflight(&alice, json!(["incidents"])).await.status, 200);
    let answer = preflight(&bob, json!(["incidents"])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, blocked("expired")));
}

#[tokio::test]
async fn one_that_does_not_work_says_why() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.granted_scope = Some("rows:read"));
    let settings = "  servers: {incidents: {scopes: [rows:read, rows:write]}}\n".to_owned();
    let service = Service::with(&provider, Wishes { settings, ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let mut expected = blocked("error");
    expected["sources"][0]["reason"] = "scope_mismatch".into();
    let answer = preflight(&alice, json!(["incidents"])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, expected));
}

#[tokio::test]
async fn without_a_session_it_is_401() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    assert_eq!(preflight(&service.browser(), json!([])).await.status, 401);
}
