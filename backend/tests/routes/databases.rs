//! What people and workers meet is the same on every database, and behind a pooler that gives every transaction another
//! connection.

use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    kept::Kept,
    provider::Provider,
    research::Research,
    service::{Service, Wishes},
};

macro_rules! on_every_database {
    ($($case:ident,)*) => {
        $(
            mod $case {
                use crate::support::kept::Kept;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn in_a_file() {
                    super::$case(Kept::File).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_a_server() {
                    super::$case(Kept::on_a_server()).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn behind_a_pooler() {
                    super::$case(Kept::behind_a_pooler()).await;
                }
            }
        )*
    };
}
on_every_database! {
    a_source_is_connected_shown_and_disconnected,
    workers_of_two_processes_get_one_refreshed_token,
    a_job_waits_for_its_owner_and_goes_on,
    a_flow_is_cancelled_and_a_new_one_ends_well,
}

/// With a research service behind the gate.
async fn start(kept: Kept) -> (Provider, Research, Service) {
    let (provider, research) = (Provider::start().await, Research::start().await);
    let wishes = Wishes { kept, upstream: Some(research.origin.clone()), ..Wishes::default() };
    let service = Service::with(&provider, wishes).await;
    (provider, research, service)
}

async fn a_source_is_connected_shown_and_disconnected(kept: Kept) {
    let (provider, _research, service) = start(kept).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(service.listed(&bob, "incidents").await["per_user_auth"]["status"], "disconnected");
    assert_eq!(service.count("SELECT COUNT(*) FROM grants").await, 1);

    let ended = alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.body);
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "disconnected");
    assert_eq!(service.count("SELECT COUNT(*) FROM grants").await, 0);
}

async fn workers_of_two_processes_get_one_refreshed_token(kept: Kept) {
    let (provider, _research, service) = start(kept).await;
    let other = service.another_process().await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    service.age(TimeDelta::hours(2)).await;

    let before = provider.count("/token");
    let both = std::sync::Arc::new([service, other]);
    let mut workers = JoinSet::new();
    for worker in 0..12 {
        let (both, job) = (std::sync::Arc::clone(&both), job.clone());
        workers.spawn(async move {
            let question = json!({"job_id": job, "mcp_server_id": "incidents"});
            let answer = both[worker % 2].resolve(question).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()["access_token"].as_str().unwrap().to_owned()
        });
    }
    let mut tokens = workers.join_all().await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert!(provider.takes(&tokens[0]));
    assert_eq!(provider.count("/token"), before + 1);
}

async fn a_job_waits_for_its_owner_and_goes_on(kept: Kept) {
    let (provider, _research, service) = start(kept).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    service.connect(&provider, &alice, "incidents").await;
    let question = json!({"job_id": job, "mcp_server_id": "incidents"});
    assert_eq!(service.resolve(question.clone()).await.status, 200);

    service.age(TimeDelta::hours(2)).await;
    provider.set(|faults| faults.token_always = Some(crate::support::provider::TokenFault::InvalidGrant));
    let waits = service.resolve(question.clone()).await;
    assert_eq!(waits.status, 409, "{}", waits.body);
    assert!(waits.json()["waits_until"].is_string(), "{}", waits.body);
    provider.set(|faults| faults.token_always = None);
    service.connect(&provider, &alice, "incidents").await;
    assert_eq!(service.resolve(question).await.status, 200);
    assert!(service.count("SELECT COUNT(*) FROM job_events").await >= 2);
}

async fn a_flow_is_cancelled_and_a_new_one_ends_well(kept: Kept) {
    const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";
    let (provider, _research, service) = start(kept).await;
    let alice = service.sign_in("alice").await;
    alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await.location();
    let cancelled = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    assert_eq!(cancelled.json()["state"], "cancelled", "{}", cancelled.body);
    service.connect(&provider, &alice, "incidents").await;
    assert!(service.grant("alice", "incidents").await.is_some());
}
