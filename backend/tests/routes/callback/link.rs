//! Links that are not good here: the page says what happened, nothing is stored, and no code is sent anywhere.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::{sync::Barrier, task::JoinSet};

use crate::support::{
    browser::{Answer, BROWSER, Browser, SESSION},
    provider::{Consent, Provider},
    service::{Service, path_of},
};

struct Bench {
    provider: Provider,
    service: Service,
    alice: Browser,
    /// Where the provider sent alice back to.
    back: String,
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let service = Service::start(&provider).await;
        let alice = service.sign_in("alice").await;
        let launched = alice.follow("/v1/auth/mcp/incidents/connect").await;
        let back = path_of(&provider.walk(&launched.location(), Consent::Given).await);
        Self { provider, service, alice, back }
    }

    /// The same link, as if the person had refused.
    fn refused(&self) -> String {
        self.back.replace("code=", "error=access_denied&x=")
    }

    /// Nothing was stored or sent.
    async fn is_untouched(&self) {
        for person in ["alice", "bob"] {
            for server in ["incidents", "tickets"] {
                assert!(self.service.grant(person, server).await.is_none(), "{person} has a grant for {server}");
            }
        }
        assert_eq!(self.provider.count("/token"), 0, "no code was sent");
    }

    /// The same link is still good for the one it was made for.
    async fn still_works_for_alice(&self) {
        let answer = self.alice.arrive(&self.back).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (200, "Team Incidents is connected"));
    }
}

fn is_over(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in link is no longer valid"));
    assert_eq!(answer.sentences(), ["Go back to AI-Q and choose Connect again."]);
    assert_eq!(answer.data("flow"), "", "whose flow it was is nobody's business");
}

#[tokio::test]
async fn a_state_works_once() {
    let bench = Bench::new().await;
    bench.still_works_for_alice().await;
    is_over(&bench.alice.arrive(&bench.back).await);
    is_over(&bench.alice.arrive(&bench.refused()).await);
    assert_eq!(bench.provider.count("/token"), 1);
    assert_eq!(bench.provider.living_grants(), 1, "the code was not sent twice, which would have burnt the sign-in");
    assert!(bench.service.grant("alice", "incidents").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_returns_at_the_same_moment_send_the_code_once() {
    let bench = Bench::new().await;
    let gate = bench.provider.hold_tokens();
    let together = Arc::new(Barrier::new(20));
    let mut returns = JoinSet::new();
    for _ in 0..20 {
        let (alice, back, together) = (bench.alice.clone(), bench.back.clone(), Arc::clone(&together));
        returns.spawn(async move {
            together.wait().await;
            alice.arrive(&back).await.heading().to_owned()
        });
    }
    bench.provider.has_seen("/token", 1).await;
    gate.add_permits(20);
    let mut headings = returns.join_all().await;
    headings.sort();
    headings.dedup();
    assert_eq!(headings, ["Team Incidents is connected", "This sign-in link is no longer valid"]);
    assert_eq!(bench.provider.count("/token"), 1);
    assert_eq!(bench.provider.living_grants(), 1);
}

#[tokio::test]
async fn an_unknown_an_empty_and_a_missing_state_are_refused() {
    let bench = Bench::new().await;
    for query in ["?code=x&state=unknown", "?code=x&state=", "?code=x", "", "?error=access_denied"] {
        is_over(&bench.alice.arrive(&format!("/v1/auth/mcp/incidents/callback{query}")).await);
    }
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}

#[tokio::test]
async fn an_expired_state_is_refused() {
    let bench = Bench::new().await;
    bench.service.age(TimeDelta::minutes(11)).await;
    is_over(&bench.alice.arrive(&bench.back).await);
    is_over(&bench.alice.arrive(&bench.refused()).await);
    bench.is_untouched().await;
}

#[tokio::test]
async fn a_state_of_another_source_is_refused() {
    let bench = Bench::new().await;
    is_over(&bench.alice.arrive(&bench.back.replace("/incidents/", "/tickets/")).await);
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}

#[tokio::test]
async fn a_source_that_cannot_be_connected_has_no_callback() {
    let bench = Bench::new().await;
    for source in ["nothing", "handbook"] {
        let answer = bench.alice.arrive(&bench.back.replace("/incidents/", &format!("/{source}/"))).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (404, "There is nothing to connect here"));
    }
    bench.is_untouched().await;
}

#[tokio::test]
async fn another_browser_of_the_same_person_is_refused() {
    let bench = Bench::new().await;
    let elsewhere = bench.service.sign_in("alice").await;
    let with_own_cookie = bench.service.sign_in("alice").await.with_cookie(BROWSER, &"x".repeat(43));
    for browser in [elsewhere, with_own_cookie] {
        let answer = browser.arrive(&bench.back).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in was started in another browser"));
        assert!(answer.sentences()[0].ends_with("Nothing was connected."));
    }
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}

#[tokio::test]
async fn somebody_who_is_signed_out_by_now_is_refused() {
    let bench = Bench::new().await;
    let signed_out = bench.service.browser().with_cookie(BROWSER, &bench.alice.cookie(BROWSER).unwrap());
    let answer = signed_out.arrive(&bench.back).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (401, "You're signed out of AI-Q"));
    assert_eq!(answer.sentences(), ["Sign in to AI-Q again and choose Connect once more. Nothing was connected."]);
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}

#[tokio::test]
async fn another_person_in_the_same_browser_is_refused() {
    let bench = Bench::new().await;
    let bob = bench.service.sign_in("bob").await.with_cookie(BROWSER, &bench.alice.cookie(BROWSER).unwrap());
    let answer = bob.arrive(&bench.back).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (403, "You're signed in to AI-Q as someone else"));
    assert_eq!(answer.sentences(), ["This link belongs to another person. Nothing was connected."]);
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}

#[tokio::test]
async fn the_same_subject_of_another_issuer_is_another_person() {
    const STRANGER: &str = "INSERT INTO principals (id, issuer, kind, sub, name, first_seen_at) \
                            VALUES (?1, 'https://other.example', 'jwt', 'alice', 'Alice', 0)";
    let bench = Bench::new().await;
    let cookie = bench.alice.cookie(SESSION).unwrap();
    let hash = aiq_connect::vault::Secret::new(cookie).sha256_hex();
    let other = aiq_connect::domain::Principal {
        issuer: "https://other.example".into(),
        ..crate::support::service::principal("alice")
    };
    let id = other.id();
    assert_eq!(bench.service.sql(STRANGER, &[id.as_str()]).await, 1);
    assert_eq!(
        bench.service.sql("UPDATE sessions SET principal = ?1 WHERE cookie_hash = ?2", &[id.as_str(), &hash]).await,
        1
    );
    let answer = bench.alice.arrive(&bench.back).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (403, "You're signed in to AI-Q as someone else"));
    bench.is_untouched().await;
}

#[tokio::test]
async fn a_flow_that_was_called_off_is_over() {
    let bench = Bench::new().await;
    let flow = bench.service.listed(&bench.alice, "incidents").await["per_user_auth"]["flow"]["id"].clone();
    let cancelled = bench.alice.delete(&format!("/v1/auth/mcp/incidents/flows/{}", flow.as_str().unwrap())).await;
    assert_eq!(cancelled.json()["state"], "cancelled");
    is_over(&bench.alice.arrive(&bench.back).await);
    bench.is_untouched().await;
}

#[tokio::test]
async fn a_parameter_that_comes_twice_is_no_answer() {
    let bench = Bench::new().await;
    for more in ["state=another", "code=another", "iss=another", "error=access_denied&error=access_denied"] {
        is_over(&bench.alice.arrive(&format!("{}&{more}", bench.back)).await);
    }
    bench.is_untouched().await;
    bench.still_works_for_alice().await;
}
