//! When the code is not exchanged, or its tokens are not wanted any more by then.

use aiq_connect::domain::Grant;

use crate::support::{
    browser::{Answer, Browser},
    provider::{Consent, Provider, TokenFault},
    service::{Service, path_of},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

struct Bench {
    provider: Provider,
    service: Service,
    alice: Browser,
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let service = Service::start(&provider).await;
        let alice = service.sign_in("alice").await;
        Self { provider, service, alice }
    }

    async fn back(&self) -> String {
        let launched = self.alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
        path_of(&self.provider.walk(&launched.location(), Consent::Given).await)
    }

    async fn fails_with(&self, fault: TokenFault) -> Answer {
        let back = self.back().await;
        self.provider.set(|faults| faults.token = vec![fault; 2]);
        let answer = self.alice.arrive(&back).await;
        self.provider.set(|faults| faults.token.clear());
        assert_eq!((answer.heading(), answer.data("ok")), ("Team Incidents wasn't connected", "false"));
        assert!(!answer.body.contains("alert("), "{}", answer.body);
        answer
    }

    async fn flow(&self) -> (String, Option<String>) {
        let status = self.alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FLOW}")).await.json();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        (text(&status["flow"]["state"]).unwrap(), text(&status["flow"]["code"]))
    }

    async fn grant(&self) -> Option<Grant> {
        self.service.grant("alice", "incidents").await
    }
}

#[tokio::test]
async fn a_token_endpoint_that_fails_stores_nothing_and_says_why() {
    for (fault, status, code, sentence) in [
        (
            TokenFault::Unavailable,
            502,
            "idp_unreachable",
            "We can't reach Team Incidents's sign-in right now. It is not your fault; try again in a minute.",
        ),
        (
            TokenFault::InvalidGrant,
            400,
            "revoked",
            "Team Incidents did not accept this sign-in any more. Trying again usually helps.",
        ),
        (
            TokenFault::InvalidClient,
            400,
            "client_misconfigured",
            "Team Incidents isn't set up completely. Your administrator must finish setting it up.",
        ),
        (
            TokenFault::Insulting,
            400,
            "unknown",
            "Something went wrong on the way. Nothing was saved; trying again usually helps.",
        ),
        (
            TokenFault::LostResponse,
            502,
            "idp_unreachable",
            "We can't reach Team Incidents's sign-in right now. It is not your fault; try again in a minute.",
        ),
    ] {
        let bench = Bench::new().await;
        let answer = bench.fails_with(fault).await;
        assert_eq!((answer.status.as_u16(), answer.sentences()[0]), (status, sentence), "{fault:?}");
        assert_eq!(bench.flow().await, ("failed".to_owned(), Some(code.to_owned())), "{fault:?}");
        assert_eq!(bench.grant().await, None, "{fault:?}");
        bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    }
}

#[tokio::test]
async fn a_reconnect_that_fails_leaves_the_old_grant_as_it_was() {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let before = bench.grant().await.unwrap();
    bench.fails_with(TokenFault::Unavailable).await;
    assert_eq!(bench.grant().await, Some(before));
    assert_eq!(bench.service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "connected");
}

#[tokio::test]
async fn a_reconnect_that_the_person_refuses_leaves_the_old_grant_as_it_was() {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let before = bench.grant().await.unwrap();
    let launched = bench.alice.follow("/v1/auth/mcp/incidents/connect").await;
    let back = bench.provider.walk(&launched.location(), Consent::Refused).await;
    assert_eq!(bench.alice.arrive(&path_of(&back)).await.heading(), "Nothing was connected");
    assert_eq!(bench.grant().await, Some(before));
}

/// The person calls it off while the code is at the provider: that wish wins, and the tokens that come are ended.
async fn called_off(method: axum::http::Method, path: &str, state: &str) {
    let bench = Bench::new().await;
    let back = bench.back().await;
    let gate = bench.provider.hold_tokens();
    let returning = {
        let alice = bench.alice.clone();
        tokio::spawn(async move { alice.arrive(&back).await })
    };
    bench.provider.has_seen("/token", 1).await;
    let origin = [("origin", crate::support::service::PUBLIC)];
    assert_eq!(bench.alice.send(method, path, &origin, None).await.status, 200);
    gate.add_permits(1);

    let answer = returning.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in link is no longer valid"));
    assert_eq!(bench.grant().await, None);
    assert_eq!(bench.flow().await, (state.to_owned(), None));
    assert_eq!(bench.provider.living_grants(), 0, "the tokens that came late were ended at the provider");
    let revoked = &bench.provider.seen("/revoke")[0];
    assert_eq!(revoked.form["token_type_hint"], "refresh_token");
    assert!(revoked.headers.contains_key("authorization"), "the client proved itself");
}

#[tokio::test]
async fn disconnecting_while_the_code_is_exchanged_wins() {
    called_off(axum::http::Method::POST, "/v1/auth/mcp/incidents/disconnect", "cancelled").await;
}

#[tokio::test]
async fn cancelling_while_the_code_is_exchanged_wins() {
    called_off(axum::http::Method::DELETE, &format!("/v1/auth/mcp/incidents/flows/{FLOW}"), "cancelled").await;
}

#[tokio::test]
async fn a_client_that_the_provider_forgot_is_registered_anew_by_connecting_again() {
    let bench = Bench::new().await;
    let back = bench.back().await;
    bench.provider.forget_clients();
    let answer = bench.alice.arrive(&back).await;
    assert_eq!(answer.heading(), "Team Incidents wasn't connected");
    assert_eq!(bench.flow().await, ("failed".to_owned(), Some("client_misconfigured".to_owned())));
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    assert_eq!(bench.provider.count("/register"), 2);
}
