//! A grant in quarantine, as its person and their jobs meet it.

use serde_json::json;

use crate::support::{provider::Provider, service::Service};

#[tokio::test]
async fn a_grant_in_quarantine_is_disconnected_to_everybody_until_it_is_released_or_replaced() {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    let status = async || service.listed(&alice, "incidents").await["per_user_auth"]["status"].clone();
    let resolve = async || service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;

    assert!(service.store.set_quarantine(grant.id, true).await.unwrap());
    assert_eq!(status().await, "disconnected");
    let answer = resolve().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("disconnected")));
    let refused = alice.post("/v1/jobs/async/submit", json!({"input": "?", "data_sources": ["incidents"]})).await;
    assert_eq!(refused.status, 409);

    assert!(service.store.set_quarantine(grant.id, false).await.unwrap());
    assert_eq!(status().await, "connected");
    assert_eq!(resolve().await.status, 200);

    assert!(service.store.set_quarantine(grant.id, true).await.unwrap());
    service.connect(&provider, &alice, "incidents").await;
    assert_eq!(status().await, "connected");
    assert_ne!(service.grant("alice", "incidents").await.unwrap().id, grant.id);
}

#[tokio::test]
async fn a_refresh_under_way_does_not_end_a_quarantine_and_is_not_lost_either() {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    service.age(chrono::TimeDelta::hours(2)).await;
    let gate = provider.hold_tokens();
    let question = json!({"job_id": job, "mcp_server_id": "incidents"});
    let (asking, ()) = tokio::join!(service.resolve(question.clone()), async {
        provider.has_seen("/token", 2).await;
        assert!(service.store.set_quarantine(grant.id, true).await.unwrap());
        gate.add_permits(10);
    });
    assert_ne!(asking.status, 200, "{}", asking.body);
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "disconnected");
    let kept = service.grant("alice", "incidents").await.unwrap();
    assert_eq!((kept.id, kept.version), (grant.id, grant.version.next()), "what came late is kept");
    assert!(service.store.set_quarantine(grant.id, false).await.unwrap());
    assert_eq!(service.resolve(question).await.status, 200);
}
