//! A sign-in in the page's own tab ends where it began.

use crate::support::{
    browser::{Answer, Browser},
    provider::{Consent, Provider},
    service::{Service, path_of},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

async fn bench() -> (Provider, Service, Browser) {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    (provider, service, alice)
}

async fn come_back(provider: &Provider, alice: &Browser, wish: &str, consent: Consent) -> Answer {
    let launched = alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}&return={wish}")).await;
    alice.arrive(&path_of(&provider.walk(&launched.location(), consent).await)).await
}

#[tokio::test]
async fn connecting_in_the_pages_own_tab_goes_back_to_the_row() {
    let (provider, service, alice) = bench().await;
    let answer = come_back(&provider, &alice, "%2Fconnections%23source-incidents", Consent::Given).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/connections#source-incidents");
    assert!(service.grant("alice", "incidents").await.is_some());
}

#[tokio::test]
async fn a_refusal_offers_the_way_back_and_another_try_that_comes_back_too() {
    let (provider, _service, alice) = bench().await;
    let answer = come_back(&provider, &alice, "%2Fconnections%23source-incidents", Consent::Refused).await;
    assert_eq!(answer.heading(), "Nothing was connected");
    assert!(answer.body.contains(r#"href="/connections#source-incidents">Back to AI-Q"#), "{}", answer.body);
    assert_eq!(answer.link(), "/v1/auth/mcp/incidents/connect?return=%2Fconnections%23source-incidents");
}

#[tokio::test]
async fn the_way_back_is_never_another_site() {
    for wish in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let (provider, _service, alice) = bench().await;
        let answer = come_back(&provider, &alice, wish, Consent::Given).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{wish}");
    }
}

#[tokio::test]
async fn asking_first_keeps_the_way_back() {
    let (_provider, _service, alice) = bench().await;
    let asked = alice.arrive("/v1/auth/mcp/incidents/connect?return=%2Fconnections").await;
    assert_eq!(asked.heading(), "Connect Team Incidents to AI-Q?");
    assert!(asked.link().contains("return=%2Fconnections"), "{}", asked.link());
}
