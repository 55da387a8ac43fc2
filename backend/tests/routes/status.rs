//! `GET /v1/auth/mcp/{source}/status` and `DELETE /v1/auth/mcp/{source}/flows/{flow}`

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    browser::Browser,
    provider::{Consent, Provider},
    scrubbed,
    service::{Service, path_of},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

fn status_of(flow: &str) -> String {
    format!("/v1/auth/mcp/incidents/status?flow={flow}")
}

async fn started(service: &Service, name: &str) -> (Browser, reqwest::Url) {
    let person = service.sign_in(name).await;
    let launched = person.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
    let location = launched.location();
    (person, location)
}

#[tokio::test]
async fn the_panel_sees_a_sign_in_from_its_start_to_its_end() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, location) = started(&service, "alice").await;
    let answer = alice.get(&status_of(FLOW)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let pending = json!({
        "source_id": "incidents",
        "status": "disconnected",
        "expires_at": null,
        "connect_url": "/v1/auth/mcp/incidents/connect",
        "error": null,
        "last_error": null,
        "flow": {"id": "<uuid>", "state": "pending", "expires_at": "<time>"},
    });
    assert_eq!(scrubbed(answer.json(), &[]), pending);
    assert_eq!(answer.json()["flow"]["id"], FLOW);

    alice.arrive(&path_of(&provider.walk(&location, Consent::Given).await)).await;
    let mut succeeded = pending;
    succeeded["status"] = "connected".into();
    succeeded["expires_at"] = "<time>".into();
    succeeded["flow"]["state"] = "succeeded".into();
    assert_eq!(scrubbed(alice.get(&status_of(FLOW)).await.json(), &[]), succeeded);
}

#[tokio::test]
async fn without_a_name_the_flow_under_way_is_told_if_there_is_one() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, _) = started(&service, "alice").await;
    assert_eq!(alice.get("/v1/auth/mcp/incidents/status").await.json()["flow"]["id"], FLOW);
    assert_eq!(alice.get("/v1/auth/mcp/tickets/status").await.json()["flow"], Value::Null);
}

#[tokio::test]
async fn a_flow_whose_time_is_over_is_expired() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, _) = started(&service, "alice").await;
    service.age(TimeDelta::minutes(11)).await;
    assert_eq!(alice.get(&status_of(FLOW)).await.json()["flow"]["state"], "expired");
    let cancelled = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    assert_eq!((cancelled.status.as_u16(), &cancelled.json()["state"]), (200, &json!("expired")));
}

#[tokio::test]
async fn a_flow_of_somebody_else_of_another_source_or_of_nobody_is_404() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, _) = started(&service, "alice").await;
    let bob = service.sign_in("bob").await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let body = json!({"error": "flow_unknown", "message": "No such sign-in of yours."});
    for answer in [
        bob.get(&status_of(FLOW)).await,
        bob.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await,
        alice.get(&status_of(FLOW).replace("incidents", "tickets")).await,
        alice.delete(&format!("/v1/auth/mcp/tickets/flows/{FLOW}")).await,
        alice.get(&status_of(nowhere)).await,
        alice.delete(&format!("/v1/auth/mcp/incidents/flows/{nowhere}")).await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()));
    }
    assert_eq!(alice.get(&status_of(FLOW)).await.json()["flow"]["state"], "pending");
}

#[tokio::test]
async fn a_person_calls_off_a_sign_in_once_and_it_stays_as_it_ended() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, location) = started(&service, "alice").await;
    let answer = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(scrubbed(answer.json(), &[]), json!({"id": "<uuid>", "state": "cancelled", "expires_at": "<time>"}));
    let again = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    assert_eq!((again.status.as_u16(), &again.json()["state"]), (200, &json!("cancelled")));
    alice.arrive(&path_of(&provider.walk(&location, Consent::Given).await)).await;
    assert_eq!(alice.get(&status_of(FLOW)).await.json()["flow"]["state"], "cancelled");
    assert!(service.grant("alice", "incidents").await.is_none());
}

#[tokio::test]
async fn a_sign_in_that_succeeded_cannot_be_called_off() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, location) = started(&service, "alice").await;
    alice.arrive(&path_of(&provider.walk(&location, Consent::Given).await)).await;
    let answer = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["state"]), (200, &json!("succeeded")));
    assert!(service.grant("alice", "incidents").await.is_some());
}

#[tokio::test]
async fn nobody_polls_or_cancels_without_a_session() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, _) = started(&service, "alice").await;
    for answer in [
        service.browser().get(&status_of(FLOW)).await,
        service.browser().delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await,
    ] {
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (401, &json!("token_missing")));
    }
    assert_eq!(alice.get(&status_of(FLOW)).await.json()["flow"]["state"], "pending");
}
