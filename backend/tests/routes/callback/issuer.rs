//! `iss` in the response (RFC 9207 §2.4), and errors that the provider sends a person back with.

use serde_json::json;

use crate::support::{
    browser::{Answer, Browser},
    provider::{Consent, Faults, Iss, Provider},
    service::{Service, path_of},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

struct Bench {
    provider: Provider,
    service: Service,
    alice: Browser,
}

impl Bench {
    async fn new(change: impl FnOnce(&mut Faults)) -> Self {
        let provider = Provider::start().await;
        provider.set(change);
        let service = Service::start(&provider).await;
        let alice = service.sign_in("alice").await;
        Self { provider, service, alice }
    }

    async fn come_back(&self, consent: Consent) -> Answer {
        let launched = self.alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
        let back = self.provider.walk(&launched.location(), consent).await;
        self.alice.arrive(&path_of(&back)).await
    }

    /// The flow ended like this, for the panel; nothing was stored or sent, and no word of the provider is shown.
    async fn ended(&self, answer: &Answer, state: &str, code: &str) {
        let status = self.alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FLOW}")).await.json();
        assert_eq!((&status["flow"]["state"], &status["flow"]["code"]), (&json!(state), &json!(code)));
        assert_eq!((answer.data("flow"), answer.data("ok")), (FLOW, "false"));
        assert_eq!(self.provider.count("/token"), 0, "no code was sent");
        assert!(self.service.grant("alice", "incidents").await.is_none());
        assert!(!answer.body.contains("alert(") && !answer.body.contains("provider text"), "{}", answer.body);
        assert!(!answer.body.contains("evil.example"), "{}", answer.body);
    }
}

async fn is_accepted(change: impl FnOnce(&mut Faults)) {
    let bench = Bench::new(change).await;
    let answer = bench.come_back(Consent::Given).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (200, "Team Incidents is connected"));
}

async fn is_refused(change: impl FnOnce(&mut Faults)) {
    let bench = Bench::new(change).await;
    let answer = bench.come_back(Consent::Given).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "Team Incidents wasn't connected"));
    assert_eq!(
        answer.sentences()[0],
        "The answer did not come from the sign-in we asked, so we did not use it. Nothing was saved."
    );
    bench.ended(&answer, "failed", "issuer_mismatch").await;
}

fn promised(promises: bool, iss: Iss) -> impl FnOnce(&mut Faults) {
    move |faults| {
        faults.promises_iss = promises;
        faults.iss = iss;
    }
}

#[tokio::test]
async fn the_right_issuer_is_accepted_whether_promised_or_not() {
    is_accepted(promised(true, Iss::Right)).await;
    is_accepted(promised(false, Iss::Right)).await;
}

#[tokio::test]
async fn a_missing_issuer_is_accepted_only_where_none_was_promised() {
    is_accepted(promised(false, Iss::Missing)).await;
    is_refused(promised(true, Iss::Missing)).await;
}

#[tokio::test]
async fn another_issuer_is_refused_whether_promised_or_not() {
    is_refused(promised(true, Iss::Other("https://evil.example".to_owned()))).await;
    is_refused(promised(false, Iss::Other("https://evil.example".to_owned()))).await;
}

#[tokio::test]
async fn an_issuer_is_compared_letter_by_letter() {
    is_refused(|faults| faults.iss = Iss::Other(format!("{}/", faults.issuer))).await;
    is_refused(|faults| faults.iss = Iss::Other(faults.issuer.to_uppercase())).await;
    is_refused(|faults| faults.iss = Iss::Other(format!("{} ", faults.issuer))).await;
    is_refused(|faults| faults.iss = Iss::Other(String::new())).await;
}

#[tokio::test]
async fn a_person_who_says_no_is_told_that_nothing_was_saved() {
    let bench = Bench::new(|_| {}).await;
    let answer = bench.come_back(Consent::Refused).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (200, "Nothing was connected"));
    assert_eq!(answer.sentences(), ["You chose not to allow access. Nothing was saved."]);
    assert_eq!(answer.link(), "/v1/auth/mcp/incidents/connect");
    bench.ended(&answer, "denied", "consent_denied").await;
}

#[tokio::test]
async fn a_provider_in_trouble_is_told_as_such() {
    for error in ["temporarily_unavailable", "server_error"] {
        let bench = Bench::new(|faults| faults.authorization_error = Some(error)).await;
        let answer = bench.come_back(Consent::Given).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (502, "Team Incidents wasn't connected"));
        bench.ended(&answer, "failed", "idp_unreachable").await;
    }
}

#[tokio::test]
async fn any_other_error_is_told_in_our_own_words() {
    for error in ["invalid_scope", "<script>alert(1)</script>"] {
        let bench = Bench::new(|faults| faults.authorization_error = Some(error)).await;
        let answer = bench.come_back(Consent::Given).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (400, "Team Incidents wasn't connected"));
        assert_eq!(
            answer.sentences()[0],
            "Something went wrong on the way. Nothing was saved; trying again usually helps."
        );
        bench.ended(&answer, "failed", "unknown").await;
    }
}

#[tokio::test]
async fn an_error_from_another_issuer_is_neither_believed_nor_shown() {
    let bench = Bench::new(|faults| faults.iss = Iss::Other("https://evil.example".to_owned())).await;
    let answer = bench.come_back(Consent::Refused).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "Team Incidents wasn't connected"));
    bench.ended(&answer, "failed", "issuer_mismatch").await;
}

#[tokio::test]
async fn an_answer_with_neither_code_nor_error_is_a_fault() {
    let bench = Bench::new(|_| {}).await;
    let launched = bench.alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
    let state = launched.location().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let path = format!("/v1/auth/mcp/incidents/callback?state={state}&iss={}", bench.provider.origin);
    let answer = bench.alice.arrive(&path).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "Team Incidents wasn't connected"));
    bench.ended(&answer, "failed", "unknown").await;
}

#[tokio::test]
async fn an_error_ends_the_flow_so_that_its_state_is_used_up() {
    let bench = Bench::new(|_| {}).await;
    let launched = bench.alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
    let refused = bench.provider.walk(&launched.location(), Consent::Refused).await;
    let given = bench.provider.walk(&launched.location(), Consent::Given).await;
    assert_eq!(bench.alice.arrive(&path_of(&refused)).await.heading(), "Nothing was connected");
    let answer = bench.alice.arrive(&path_of(&given)).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in link is no longer valid"));
    assert_eq!(bench.provider.count("/token"), 0);
}
