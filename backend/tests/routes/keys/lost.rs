//! A key that nobody has any more: disconnected, everywhere, and connecting again is the way out.

use aiq_connect::admin::Ended;
use axum::http::StatusCode;
use serde_json::json;

use super::{Bench, id, logged, of_kind, recorded, write};
use crate::support::{
    browser::Answer,
    provider::Consent,
    service::{Service, path_of},
};

/// Everything was sealed with `a`; the process that is left holds `b`, which was declared the active one.
async fn after_the_loss() -> (Bench, Service) {
    let bench = Bench::new("a").await;
    write(&bench.key_file(), "b");
    let refused = bench.refused(&format!("activate {} --anyway", id('b'))).await;
    assert!(refused.contains("--old-is-lost"), "{refused}");
    give_up(&bench).await;
    let left = bench.service.another_process().await;
    (bench, left)
}

/// What an operator does who has `b` and not `a`. The process from before still runs, and has `a` in its memory.
async fn give_up(bench: &Bench) {
    let (ended, said) = bench.keys(&format!("activate {} --old-is-lost --anyway", id('b'))).await;
    assert_eq!(ended.unwrap(), Ended::WithWarnings, "{said}");
    let (ended, said) = bench.keys(&format!("remove {} --lost", id('a'))).await;
    assert_eq!(ended.unwrap(), Ended::WithWarnings, "{said}");
    assert!(said.contains("1 connection, 1 living job and 1 OAuth client of ours"), "{said}");
    let told = recorded(&bench.service).await;
    let (activated, removed) = (of_kind(&told, "key_activated"), of_kind(&told, "key_removed"));
    assert!(activated[1]["not_held_by"].as_str().unwrap().contains("process"), "{activated:?}");
    assert_eq!(of_kind(&told, "key_retired")[0]["lost"], "true");
    assert_eq!(removed[0]["although_used_by"], "1 connection, 1 living job and 1 OAuth client of ours");
}

fn is_409_disconnected(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    assert_eq!(answer.json()["reason"], "disconnected");
}

#[tokio::test]
async fn a_lost_key_shows_as_disconnected_everywhere_and_connecting_replaces_it() {
    let (bench, left) = after_the_loss().await;
    let alice = left.same_person(&bench.alice);
    assert_eq!(alice.get("/health").await.status, 200);
    let listed = left.listed(&alice, "incidents").await;
    assert_eq!(
        (&listed["per_user_auth"]["status"], &listed["per_user_auth"]["error"]),
        (&json!("disconnected"), &json!(null))
    );
    let status = alice.get("/v1/auth/mcp/incidents/status").await;
    assert_eq!((status.status.as_u16(), &status.json()["status"]), (200, &json!("disconnected")));

    for (path, body) in [
        ("/v1/auth/mcp/preflight", json!({"data_sources": ["incidents"]})),
        ("/v1/jobs/async/submit", json!({"input": "What?", "data_sources": ["incidents"]})),
    ] {
        let answer = alice.post(path, body).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}: {}", answer.body);
        assert_eq!(answer.json()["sources"][0]["status"], "not_connected", "{path}");
    }
    // Its jobs carry a tag of the lost key, too: nobody can tell any more whose they are.
    assert_eq!(left.resolve(bench.question()).await.status, StatusCode::NOT_FOUND);

    let before = bench.provider.count("/register");
    left.connect(&bench.provider, &alice, "incidents").await;
    assert_eq!(bench.provider.count("/register"), before + 1, "a client whose secret is lost is registered anew");
    assert_eq!(left.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
    let job = left.submit(&alice, &["incidents"]).await;
    assert_eq!(left.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await.status, 200);
}

#[tokio::test]
async fn a_living_job_is_told_that_its_owner_has_to_connect_when_the_tokens_key_is_lost() {
    let (bench, left) = after_the_loss().await;
    let alice = left.same_person(&bench.alice);
    left.connect(&bench.provider, &alice, "tickets").await;
    let job = left.submit(&alice, &["tickets"]).await;
    // As if the tokens had been sealed with the lost key.
    left.sql("UPDATE grants SET access_token = (SELECT access_token FROM grants WHERE server = 'incidents') WHERE server = 'tickets'", &[])
        .await;
    let question = json!({"job_id": job, "mcp_server_id": "tickets"});
    for _ in 0..3 {
        is_409_disconnected(&left.resolve(question.clone()).await);
    }
    let grant = left.grant("alice", "tickets").await.unwrap();
    assert_eq!(logged("sealed with a key that nobody holds", &grant.id.0.to_string()), 1, "told once");
}

#[tokio::test]
async fn what_a_lost_key_sealed_can_be_disconnected() {
    let (bench, left) = after_the_loss().await;
    let alice = left.same_person(&bench.alice);
    let answer = alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["revoked_at_provider"]),
        (200, &json!(false)),
        "{}",
        answer.body
    );
    assert_eq!(left.grant("alice", "incidents").await, None);
}

#[tokio::test]
async fn a_sign_in_whose_verifier_is_lost_fails_with_a_sentence() {
    let bench = Bench::new("a").await;
    let launched = bench.alice.follow("/v1/auth/mcp/tickets/connect").await.location();
    write(&bench.key_file(), "b");
    bench.keys(&format!("activate {} --old-is-lost --anyway", id('b'))).await.0.unwrap();
    bench.keys(&format!("remove {} --lost", id('a'))).await.0.unwrap();
    let left = bench.service.another_process().await;
    let back = bench.provider.walk(&launched, Consent::Given).await;
    let page = left.same_person(&bench.alice).arrive(&path_of(&back)).await;
    assert!(page.status.is_client_error() || page.status == StatusCode::BAD_GATEWAY, "{}: {}", page.status, page.body);
    assert!(page.body.contains("Reference"), "{}", page.body);
    assert_eq!(left.grant("alice", "tickets").await, None);
}

#[tokio::test]
async fn a_retired_key_that_only_another_replica_holds_is_missing_and_not_lost() {
    let bench = Bench::new("ab").await;
    bench.well(&format!("activate {} --anyway", id('b'))).await;
    let file = bench.service.folder().join("new-alone");
    write(&file, "b");
    let other = bench.service.with_other_variables(&[("AIQ_CONNECT_KEY_FILE", file.display().to_string())]).await;
    let alice = other.same_person(&bench.alice);
    assert_eq!(alice.get("/health").await.status, 200, "it holds the active one");
    let answer = alice.get("/v1/data_sources").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("key_missing")));

    let (ended, said) = bench.keys("status").await;
    assert_eq!(ended.unwrap(), Ended::Well, "{said}");
    bench.well("rotate").await;
    assert_eq!(other.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
}
