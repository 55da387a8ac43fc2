//! Providers that are not to be trusted: the person is told, nothing is stored, and nobody is registered.

use serde_json::json;

use crate::support::{
    provider::{Faults, Provider},
    service::{Service, Wishes},
};

const LAUNCH: &str = "/v1/auth/mcp/incidents/connect";
const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

async fn is_refused(provider: &Provider, settings: String, code: &str) {
    let service = Service::with(provider, Wishes { settings, ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.follow(&format!("{LAUNCH}?flow={FLOW}")).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (502, "We couldn't start the sign-in"));
    assert_eq!(
        answer.sentences()[0],
        "Team Incidents isn't set up completely. Your administrator must finish setting it up."
    );
    assert_eq!(provider.registered_clients(), 0);
    assert_eq!(service.count("SELECT COUNT(*) FROM flows WHERE state_hash IS NOT NULL").await, 0);
    assert_eq!(service.count("SELECT COUNT(*) FROM registrations").await, 0);
    let status = alice.get(&format!("{LAUNCH}?flow={FLOW}").replace("connect", "status")).await.json();
    assert_eq!((&status["flow"]["state"], &status["flow"]["code"]), (&json!("failed"), &json!(code)));
    assert_eq!(status["error"]["code"], code);
}

async fn with(change: impl FnOnce(&mut Faults)) -> Provider {
    let provider = Provider::start().await;
    provider.set(change);
    provider
}

#[tokio::test]
async fn an_issuer_that_differs_by_a_slash_is_refused() {
    let provider = with(|faults| faults.issuer.push('/')).await;
    is_refused(&provider, String::new(), "client_misconfigured").await;
}

#[tokio::test]
async fn a_provider_that_does_not_promise_pkce_is_refused() {
    let provider = with(|faults| faults.code_challenge_methods = vec!["plain"]).await;
    is_refused(&provider, String::new(), "client_misconfigured").await;
    let provider = with(|faults| faults.code_challenge_methods = vec![]).await;
    is_refused(&provider, String::new(), "client_misconfigured").await;
}

#[tokio::test]
async fn metadata_about_another_resource_is_refused() {
    let provider = with(|faults| faults.resource = Some("https://other.example/mcp".to_owned())).await;
    is_refused(&provider, String::new(), "client_misconfigured").await;
}

#[tokio::test]
async fn another_authorization_server_than_the_pinned_one_is_refused() {
    let provider = Provider::start().await;
    let settings = "  servers: {incidents: {issuer: \"https://login.example\"}}\n".to_owned();
    is_refused(&provider, settings, "client_misconfigured").await;
}

#[tokio::test]
async fn a_provider_that_registers_nobody_is_named_and_its_own_text_is_not_shown() {
    let provider = with(|faults| faults.refuses_registration = true).await;
    is_refused(&provider, String::new(), "registration_rejected").await;
}
