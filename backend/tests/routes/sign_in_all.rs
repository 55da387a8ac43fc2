//! `GET /sign-in/all`: several sources in one window, one visit each.

use axum::http::Method;
use url::form_urlencoded::byte_serialize;

use crate::support::{
    browser::{Answer, Browser},
    provider::{Consent, Provider},
    service::{Service, path_of},
};

const FIRST: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";
const SECOND: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b12";

fn walk() -> String {
    format!("/sign-in/all?sources=incidents,tickets&flows={FIRST},{SECOND}")
}

async fn bench() -> (Provider, Service, Browser) {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    (provider, service, alice)
}

/// One visit: to the launch page, to the provider, and back to where that leads.
async fn visit(provider: &Provider, person: &Browser, launch: &str, consent: Consent) -> Answer {
    let launched = person.follow(launch).await;
    let returned = person.arrive(&path_of(&provider.walk(&launched.location(), consent).await)).await;
    assert_eq!(returned.status, 303, "{returned:?}");
    // The browser goes on from the provider's redirect, so it is still another site that led here.
    person.arrive(returned.header("location")).await
}

async fn state(person: &Browser, source: &str, flow: &str) -> String {
    let answer = person.get(&format!("/v1/auth/mcp/{source}/status?flow={flow}")).await;
    answer.json()["flow"]["state"].as_str().unwrap_or_default().to_owned()
}

/// Where the page's Skip leads.
fn skip(answer: &Answer) -> String {
    let before = answer.body.split("\">Skip</a>").next().unwrap();
    assert!(before.len() < answer.body.len(), "no Skip: {}", answer.body);
    before.rsplit("href=\"").next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn one_window_connects_one_source_after_the_other_and_closes_at_the_end() {
    let (provider, service, alice) = bench().await;
    let opened = alice.follow(&walk()).await;
    assert_eq!(opened.status, 303, "the first click leads straight to the first sign-in");
    assert_eq!(state(&alice, "tickets", SECOND).await, "pending", "the page can ask about one whose turn has not come");

    let between = visit(&provider, &alice, opened.header("location"), Consent::Given).await;
    assert_eq!(between.heading(), "Team Incidents is connected");
    assert_eq!(between.sentences()[0], "Next, step 2 of 2: Tickets.");
    assert!(between.sentences()[1].starts_with("You are signed in to AI-Q as alice"), "{:?}", between.sentences());
    assert!(between.sentences()[2].contains("AI-Q never sees your password"));
    assert_eq!((between.data("flow"), between.data("ok"), between.data("closes")), (FIRST, "true", ""));
    assert_eq!(between.header("cache-control"), "no-store");
    assert!(between.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(service.grant("alice", "tickets").await.is_none());

    let end = visit(&provider, &alice, &between.link(), Consent::Given).await;
    assert_eq!(end.heading(), "All set: 2 connected");
    assert_eq!(end.data("flow"), format!("{FIRST} {SECOND}"));
    assert_eq!((end.data("source"), end.data("ok"), end.data("closes")), ("incidents tickets", "true true", "1200"));
    for source in ["incidents", "tickets"] {
        assert!(service.grant("alice", source).await.is_some(), "{source}");
    }
}

#[tokio::test]
async fn a_refusal_at_the_first_is_told_and_the_walk_goes_on() {
    let (provider, service, alice) = bench().await;
    let opened = alice.follow(&walk()).await;
    let between = visit(&provider, &alice, opened.header("location"), Consent::Refused).await;
    assert_eq!(between.heading(), "Team Incidents wasn't connected");
    assert_eq!(between.sentences()[0], "You chose not to allow access. Nothing was saved.");
    let end = visit(&provider, &alice, &between.link(), Consent::Given).await;
    assert_eq!(end.heading(), "1 of 2 connected");
    assert_eq!(end.sentences()[0], "Team Incidents: You chose not to allow access. Nothing was saved.");
    assert_eq!((end.data("ok"), end.data("closes")), ("false true", ""), "what went wrong stays on the screen");
    assert!(service.grant("alice", "incidents").await.is_none());
    assert!(service.grant("alice", "tickets").await.is_some());
}

#[tokio::test]
async fn a_failure_keeps_its_reference_on_the_screen_and_leads_on() {
    let (provider, _service, alice) = bench().await;
    let opened = alice.follow(&walk()).await;
    let provider_page = alice.follow(opened.header("location")).await.location();
    let state = provider_page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let origin: String = byte_serialize(provider.origin.as_bytes()).collect();
    let back = format!("/v1/auth/mcp/incidents/callback?state={state}&error=server_error&iss={origin}");
    let failed = alice.arrive(&back).await;
    assert_eq!((failed.status.as_u16(), failed.heading()), (502, "Team Incidents wasn't connected"));
    assert!(failed.body.contains("Reference ") && failed.body.contains(">Continue</a>"), "{}", failed.body);
    assert!(!failed.body.contains("Try again") && !failed.body.contains("Back to AI-Q"), "{}", failed.body);
    let next = alice.follow(&failed.link()).await;
    assert_eq!(next.heading(), "Team Incidents wasn't connected");
    assert!(next.link().starts_with(&format!("/v1/auth/mcp/tickets/connect?flow={SECOND}")), "{}", next.link());
}

#[tokio::test]
async fn skipping_calls_the_sign_in_off_and_goes_on() {
    let (provider, service, alice) = bench().await;
    let opened = alice.follow(&walk()).await;
    let between = visit(&provider, &alice, opened.header("location"), Consent::Given).await;

    alice.arrive(&skip(&between)).await;
    assert_eq!(state(&alice, "tickets", SECOND).await, "pending", "another site cannot call it off");

    let end = alice.follow(&skip(&between)).await;
    assert_eq!(end.heading(), "1 of 2 connected");
    assert_eq!(end.sentences()[0], "Tickets: You skipped it.");
    assert_eq!(state(&alice, "tickets", SECOND).await, "cancelled");
    assert!(service.grant("alice", "incidents").await.is_some());
}

#[tokio::test]
async fn what_was_called_off_on_the_page_is_not_asked_for_in_the_window() {
    let (provider, _service, alice) = bench().await;
    let opened = alice.follow(&walk()).await;
    alice.delete(&format!("/v1/auth/mcp/tickets/flows/{SECOND}")).await;
    let end = visit(&provider, &alice, opened.header("location"), Consent::Given).await;
    assert_eq!(end.heading(), "1 of 2 connected");
    assert_eq!(end.sentences()[0], "Tickets: This sign-in was called off.");

    let way_back: String = byte_serialize(walk().as_bytes()).collect();
    let late = alice.follow(&format!("/v1/auth/mcp/tickets/connect?flow={SECOND}&return={way_back}")).await;
    assert_eq!((late.status.as_u16(), late.heading()), (410, "This sign-in link is no longer valid"));
    assert!(late.body.contains(">Continue</a>") && late.link().starts_with("/sign-in/all?"), "{}", late.body);
}

#[tokio::test]
async fn opened_from_elsewhere_it_asks_first_and_makes_nothing() {
    let (_provider, _service, alice) = bench().await;
    let asked = alice.arrive(&walk()).await;
    assert_eq!(asked.heading(), "Step 1 of 2: Team Incidents");
    assert!(asked.sentences()[0].starts_with("You are signed in to AI-Q as alice"));
    assert!(asked.body.contains(">Connect Team Incidents</a>"));
    assert!(asked.link().starts_with(&format!("/v1/auth/mcp/incidents/connect?flow={FIRST}")), "{}", asked.link());
    assert_eq!(alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FIRST}")).await.status, 404);
}

#[tokio::test]
async fn somebody_elses_sign_ins_are_no_longer_valid_and_stay_as_they_are() {
    let (_provider, service, alice) = bench().await;
    alice.follow(&walk()).await;
    let bob = service.sign_in("bob").await;
    let refused = bob.follow(&walk()).await;
    assert_eq!((refused.status.as_u16(), refused.heading()), (410, "This sign-in link is no longer valid"));
    bob.follow(&format!("{}&skip=incidents", walk())).await;
    assert_eq!(state(&alice, "incidents", FIRST).await, "pending");
}

#[tokio::test]
async fn a_flow_of_another_source_is_no_longer_valid() {
    let (_provider, _service, alice) = bench().await;
    alice.follow(&walk()).await;
    let swapped = alice.follow(&format!("/sign-in/all?sources=tickets,incidents&flows={FIRST},{SECOND}")).await;
    assert_eq!((swapped.status.as_u16(), swapped.heading()), (410, "This sign-in link is no longer valid"));
}

#[tokio::test]
async fn what_is_no_walk_is_answered_with_a_page_and_repeats_nothing() {
    let (_provider, _service, alice) = bench().await;
    let many: Vec<_> = (0..21).map(|number| format!("s{number}")).collect();
    let ids: Vec<_> = (0..21).map(|number| format!("3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b{number:02}")).collect();
    for query in [
        String::new(),
        "sources=incidents".to_owned(),
        format!("sources=incidents&flows={FIRST},{SECOND}"),
        format!("sources=incidents,incidents&flows={FIRST},{SECOND}"),
        format!("sources=incidents,tickets&flows={FIRST},{FIRST}"),
        "sources=incidents&flows=%3Cscript%3E".to_owned(),
        format!("sources=incidents&flows={FIRST}&intents=%3Cscript%3E"),
        format!("sources={}&flows={}", many.join(","), ids.join(",")),
    ] {
        let answer = alice.follow(&format!("/sign-in/all?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in link is not complete"), "{query}");
        assert!(!answer.body.contains("<script>"), "{query}");
    }
    for hostile in ["%3Cscript%3Ealert(1)%3C/script%3E", "https://evil.example", "..%2F..%2Fevil", "handbook"] {
        let answer = alice.follow(&format!("/sign-in/all?sources={hostile}&flows={FIRST}")).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (404, "There is nothing to connect here"), "{hostile}");
        assert!(!answer.body.contains("<script>alert"), "{hostile}");
        assert!(!answer.body.contains("href=\"http"), "{hostile}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_comes_back_to_the_walk_after_signing_in() {
    let (_provider, service, _alice) = bench().await;
    let asked = service.browser().send(Method::GET, &walk(), &[], None).await;
    assert_eq!((asked.status.as_u16(), asked.heading()), (401, "Sign in to AI-Q first"));
    assert!(asked.body.contains("return_to=%2Fsign-in%2Fall%3Fsources%3D"), "{}", asked.body);
}
