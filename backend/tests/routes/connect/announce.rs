//! `POST`: for clients that open the window themselves.

use axum::http::Method;
use serde_json::json;

use crate::support::{
    provider::{Consent, Provider},
    scrubbed,
    service::{PUBLIC, Service, path_of},
};

const CONNECT: &str = "/v1/auth/mcp/incidents/connect";

#[tokio::test]
async fn the_answer_names_a_flow_and_our_own_launch_page() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.post(CONNECT, json!({})).await;
    assert_eq!(answer.status, 200);
    let flow = answer.json()["flow_id"].as_str().unwrap().to_owned();
    assert_eq!(
        scrubbed(answer.json(), &[(&flow, "<flow>")]),
        json!({
            "source_id": "incidents",
            "status": "auth_required",
            "auth_url": format!("{PUBLIC}{CONNECT}?flow=<flow>"),
            "expires_at": "<time>",
            "flow_id": "<uuid>",
        })
    );
    assert_eq!(provider.count("/register"), 0, "nothing leaves before the person opens the page");

    let launched = alice.follow(&format!("{CONNECT}?flow={flow}")).await;
    let back = provider.walk(&launched.location(), Consent::Given).await;
    assert_eq!(alice.arrive(&path_of(&back)).await.data("flow"), flow);
}

#[tokio::test]
async fn an_empty_body_will_do() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.send(Method::POST, CONNECT, &[("origin", PUBLIC)], None).await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].as_str()), (200, Some("auth_required")));
}

#[tokio::test]
async fn a_connected_source_has_nothing_to_do_unless_an_intent_says_otherwise() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let answer = alice.post(CONNECT, json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (
            200,
            json!({"source_id": "incidents", "status": "connected", "auth_url": null, "expires_at": null, "flow_id": null})
        )
    );
    for intent in ["reconnect", "switch_account", "more_permission"] {
        assert_eq!(alice.post(CONNECT, json!({"intent": intent})).await.json()["status"], "auth_required", "{intent}");
    }
}

#[tokio::test]
async fn an_intent_that_was_announced_is_the_one_that_is_launched() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let flow = alice.post(CONNECT, json!({"intent": "switch_account"})).await.json()["flow_id"].clone();
    let location = alice.follow(&format!("{CONNECT}?flow={}", flow.as_str().unwrap())).await.location();
    assert!(location.query_pairs().any(|(name, value)| name == "prompt" && value == "select_account login"));
}

#[tokio::test]
async fn an_unknown_intent_is_422_with_the_known_ones() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.post(CONNECT, json!({"intent": "conquer"})).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json(),
        json!({"error": "intent_unknown", "message": "`intent` has to be reconnect, switch_account or more_permission."})
    );
}

#[tokio::test]
async fn an_unknown_source_and_one_that_needs_no_connection_are_404_with_the_reason() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    for (source, body) in [
        ("nothing", json!({"error": "source_unknown", "message": "no data source is called `nothing`"})),
        (
            "handbook",
            json!({
                "error": "source_unprotected",
                "message": "data source `handbook` needs no connection of your own",
            }),
        ),
    ] {
        for rest in ["connect", "disconnect"] {
            let answer = alice.post(&format!("/v1/auth/mcp/{source}/{rest}"), json!({})).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()));
        }
        let answer = alice.get(&format!("/v1/auth/mcp/{source}/status")).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()));
    }
}

#[tokio::test]
async fn nobody_announces_anything_without_a_session() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let answer = service.browser().post(CONNECT, json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (401, Some("token_missing")));
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
}
