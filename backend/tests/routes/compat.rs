//! `aiq_connect.compat.upstream_status_words`

use serde_json::json;

use crate::support::{
    provider::Provider,
    service::{Service, Wishes},
};

const STATUS: &str = "/v1/auth/mcp/incidents/status";

async fn words(settings: &str) -> (String, String, String) {
    let provider = Provider::start().await;
    let service = Service::with(&provider, Wishes { settings: settings.to_owned(), ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    let word = |status: &serde_json::Value| status.as_str().unwrap().to_owned();
    let listed = word(&service.listed(&alice, "incidents").await["per_user_auth"]["status"]);
    let status = word(&alice.get(STATUS).await.json()["status"]);
    assert_eq!(service.listed(&alice, "handbook").await["per_user_auth"], json!(null));
    service.connect(&provider, &alice, "incidents").await;
    let connected = word(&alice.get(STATUS).await.json()["status"]);
    let told = alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await.json();
    assert_eq!(told["status"], "disconnected", "an act of ours keeps its word");
    (listed, status, connected)
}

#[tokio::test]
async fn aiqs_word_is_said_where_it_is_asked_for_and_only_there() {
    let own = ("disconnected", "disconnected", "connected");
    let upstream = ("not_connected", "not_connected", "connected");
    for (settings, expected) in [
        ("", own),
        ("  compat: {upstream_status_words: false}\n", own),
        ("  compat: {upstream_status_words: true}\n", upstream),
    ] {
        let (listed, status, connected) = words(settings).await;
        assert_eq!((listed.as_str(), status.as_str(), connected.as_str()), expected, "{settings}");
    }
}
