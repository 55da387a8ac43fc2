//! Nothing of a sign-in lives in a process: it is finished after a restart, and by any replica.

use serde_json::json;

use crate::support::{
    provider::{Consent, Provider},
    service::{Service, path_of, random},
};

const LAUNCH: &str = "/v1/auth/mcp/incidents/connect";
const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

/// Ends this process and starts a new one on the same database.
async fn restarted(service: Service) -> Service {
    let next = service.another_process().await;
    drop(service);
    next
}

#[tokio::test]
async fn a_flow_started_before_a_restart_is_finished_after_it() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let launched = alice.follow(&format!("{LAUNCH}?flow={FLOW}")).await.location();

    let service = restarted(service).await;
    let alice = service.same_person(&alice);
    let status = alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FLOW}")).await.json();
    assert_eq!(status["flow"]["state"], "pending");
    let back = provider.walk(&launched, Consent::Given).await;
    let page = alice.arrive(&path_of(&back)).await;
    assert_eq!((page.status.as_u16(), page.heading()), (200, "Team Incidents is connected"));
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(provider.count("/register"), 1);
}

#[tokio::test]
async fn a_flow_announced_before_a_restart_is_launched_after_it() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let announced = alice.post(LAUNCH, json!({})).await.json();

    let service = restarted(service).await;
    let alice = service.same_person(&alice);
    let launch = reqwest::Url::parse(announced["auth_url"].as_str().unwrap()).unwrap();
    let launched = alice.follow(&path_of(&launch)).await.location();
    alice.arrive(&path_of(&provider.walk(&launched, Consent::Given).await)).await;
    assert!(service.grant("alice", "incidents").await.is_some());
}

#[tokio::test]
async fn a_sign_in_to_ourselves_that_began_before_a_restart_ends_after_it() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let somebody = service.browser();
    let begun = somebody.follow("/v1/auth/login").await.location();

    let service = restarted(service).await;
    let somebody = service.same_person(&somebody);
    let back = provider.walk(&begun, Consent::Given).await;
    assert_eq!(somebody.arrive(&path_of(&back)).await.status, 303);
    assert!(somebody.get("/v1/auth/session").await.json()["person"]["sub"].is_string());
}

#[tokio::test]
async fn a_job_submitted_before_a_restart_gets_tokens_after_it_refreshed_as_the_same_client() {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    service.age(chrono::TimeDelta::hours(2)).await;

    let service = restarted(service).await;
    let answer = service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(provider.takes(answer.json()["access_token"].as_str().unwrap()));
    assert_eq!(provider.count("/register"), 1);
}

#[tokio::test]
async fn what_one_replica_calls_off_no_other_finishes() {
    let provider = Provider::start().await;
    let first = Service::start(&provider).await;
    let second = first.another_process().await;
    let alice = first.sign_in("alice").await;
    let launched = alice.follow(&format!("{LAUNCH}?flow={FLOW}")).await.location();
    let path = format!("/v1/auth/mcp/incidents/flows/{FLOW}");
    assert_eq!(second.same_person(&alice).delete(&path).await.json()["state"], "cancelled");

    let back = provider.walk(&launched, Consent::Given).await;
    assert_eq!(alice.arrive(&path_of(&back)).await.heading(), "This sign-in link is no longer valid");
    assert!(first.grant("alice", "incidents").await.is_none());
    assert_eq!(provider.count("/token"), 0, "the code was not sent");
}

#[tokio::test]
async fn a_session_that_one_replica_ended_is_over_at_every_other() {
    let provider = Provider::start().await;
    let first = Service::start(&provider).await;
    let second = first.another_process().await;
    let alice = first.sign_in("alice").await;
    let kept = first
        .browser()
        .with_cookie(crate::support::browser::SESSION, &alice.cookie(crate::support::browser::SESSION).unwrap());
    assert_eq!(second.same_person(&kept).get("/v1/data_sources").await.status, 200);
    alice.post("/v1/auth/logout", json!({})).await;
    assert_eq!(second.same_person(&kept).get("/v1/data_sources").await.status, 401);
    assert_eq!(
        second.browser().with_cookie(crate::support::browser::SESSION, &random()).get("/v1/data_sources").await.status,
        401
    );
}
