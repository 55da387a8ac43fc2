//! A process without the active key.

use serde_json::json;

use super::{Bench, VARIABLE, id, logged, of_kind, recorded, text, write};
use crate::support::{service::principal, until};

/// What needs sealing, and what opens what the active key sealed.
async fn assert_not_ready(bench: &Bench, other: &crate::support::service::Service) {
    let alice = other.same_person(&bench.alice);
    let health = alice.get("/health").await;
    assert_eq!(health.status, 503, "{}", health.body);
    let told = health.json();
    assert_eq!((&told["reason"], &told["encryption"]["ready"]), (&json!("key_missing"), &json!(false)));
    assert!(told["problems"][0]["message"].as_str().unwrap().contains("does not hold the key"), "{told}");
    assert!(!health.body.contains(&id('a').to_string()), "strangers learn no id");
    assert_eq!(alice.get("/live").await.status, 200);

    let submission = json!({"input": "What?", "data_sources": []});
    for answer in [
        alice.get("/v1/data_sources").await,
        alice.post("/v1/jobs/async/submit", submission).await,
        other.resolve(bench.question()).await,
    ] {
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("key_missing")), "{}", answer.body);
        assert!(!answer.header("retry-after").is_empty());
    }
    let page = alice.follow("/v1/auth/mcp/incidents/connect").await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(bench.provider.count("/token"), 1, "nothing was sent whose answer cannot be sealed");
}

#[tokio::test]
async fn a_replica_without_the_active_key_says_so_and_asks_nobody_to_connect_again() {
    let bench = Bench::new("a").await;
    let other = bench.service.with_other_variables(&[(VARIABLE, text('b'))]).await;
    assert_not_ready(&bench, &other).await;
    assert_eq!(bench.service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(bench.resolve().await.status, 200, "the one that holds it goes on");
    assert!(bench.service.grant("alice", "incidents").await.is_some());
}

#[tokio::test]
async fn a_replica_is_ready_by_itself_when_its_file_has_the_active_key() {
    let bench = Bench::new("a").await;
    let file = bench.service.folder().join("other-key");
    write(&file, "b");
    let other = bench.service.with_other_variables(&[("AIQ_CONNECT_KEY_FILE", file.display().to_string())]).await;
    assert_not_ready(&bench, &other).await;
    until("both say which keys they hold", || async {
        let book = bench.service.store.key_book().await.unwrap();
        book.replicas.len() == 2 && book.without(id('a')).len() == 1
    })
    .await;

    write(&file, "ba");
    let alice = other.same_person(&bench.alice);
    assert_eq!(other.resolve(bench.question()).await.status, 200, "whoever needs it looks");
    assert_eq!(alice.get("/health").await.status, 200);
    other.connect(&bench.provider, &alice, "tickets").await;

    // It tells what it lacked as soon as it can.
    until("the trail tells of it", || async {
        recorded(&bench.service).await.iter().any(|record| record.kind == "key_found")
    })
    .await;
    let told = recorded(&bench.service).await;
    let (before, after) = ["key_missing", "key_found"].map(|kind| of_kind(&told, kind)).into();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_eq!((&before[0]["key"], &before[0]["by"]), (&json!(id('a').to_string()), &after[0]["by"]));
    assert!(after[0]["by"].as_str().unwrap().starts_with("replica "), "{after:?}");
    let added = of_kind(&told, "key_added");
    assert_eq!(
        added.iter().map(|event| &event["key"]).collect::<Vec<_>>(),
        [&json!(id('a').to_string()), &json!(id('b').to_string())]
    );
    assert_eq!((added[0]["by"] == added[1]["by"], &added[1]["by"]), (false, &after[0]["by"]));
}

#[tokio::test]
async fn a_key_file_that_is_gone_is_not_replaced_and_works_again_when_it_is_back() {
    let bench = Bench::new("a").await;
    let file = bench.service.folder().join("away");
    let other = bench.service.with_other_variables(&[("AIQ_CONNECT_KEY_FILE", file.display().to_string())]).await;
    assert_not_ready(&bench, &other).await;
    assert!(!file.exists(), "no new key hides that the file is elsewhere");
    assert!(logged("the key file is gone", &file.display().to_string()) == 1);
    write(&file, "a");
    assert_eq!(other.resolve(bench.question()).await.status, 200);
}

#[tokio::test]
async fn an_expired_token_is_not_refreshed_where_the_answer_could_not_be_sealed() {
    let bench = Bench::new("ab").await;
    let other =
        bench.service.with_other_variables(&[(VARIABLE, text('a')), ("AIQ_CONNECT_KEY_FILE", String::new())]).await;
    bench.keys(&format!("activate {} --anyway", id('b'))).await.0.unwrap();
    assert_eq!(other.resolve(bench.question()).await.status, 200, "what it can open it hands out");
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    let answer = other.resolve(bench.question()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("key_missing")), "{}", answer.body);
    assert_eq!(bench.resolve().await.status, 200, "somebody who can does, at once: the lease was given back");
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.version.0, grant.fault, grant.key.principal), (2, None, principal("alice").id()));
}

#[tokio::test]
async fn a_replica_without_the_active_key_forgets_all_the_same_and_says_that_the_provider_is_not_told() {
    let bench = Bench::new("a").await;
    let other = bench.service.with_other_variables(&[(VARIABLE, text('b'))]).await;
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    let answer = other.same_person(&bench.alice).post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["revoked_at_provider"]),
        (200, &json!(false)),
        "{}",
        answer.body
    );
    assert!(bench.service.grant("alice", "incidents").await.is_none());
    assert_eq!(bench.provider.count("/revoke"), 0);
    assert!(bench.service.store.take_revocation().await.unwrap().is_none(), "nothing is queued");
    let said = "the key for the tokens of a disconnect is not held here, so the provider is not told";
    assert_eq!(logged(said, &grant.id.0.to_string()), 1);
}
