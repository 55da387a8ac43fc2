//! Tokens that are good as they are.

use serde_json::json;

use super::{Bench, sha256};
use crate::support::{kept::Place, scrubbed};

on_both_databases! {
    a_worker_gets_the_owners_token_and_where_it_may_be_sent_and_no_refresh_token,
    each_job_gets_its_own_owners_token,
    a_token_that_the_worker_holds_already_is_not_sent_again,
    a_worker_that_knows_its_owner_may_say_so,
    one_of_several_valid_keys_is_enough,
}

async fn a_worker_gets_the_owners_token_and_where_it_may_be_sent_and_no_refresh_token(place: Place) {
    let bench = Bench::on(place).await;
    let answer = bench.resolve().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert!(bench.provider.takes(&token));
    let mut told = answer.json();
    let left = told["expires_in_seconds"].take().as_u64().unwrap();
    assert!((3500..=3600).contains(&left), "{left}");
    assert_eq!(
        scrubbed(told, &[(&bench.provider.origin, "<provider>"), (&token, "<token>")]),
        json!({
            "access_token": "<token>",
            "token_type": "Bearer",
            "expires_at": "<time>",
            "expires_in_seconds": null,
            "scopes": ["rows:read", "offline_access"],
            "resource": "<provider>/mcp",
            "server_url": "<provider>/mcp",
        })
    );
    assert_eq!(bench.refreshes(), 0);
}

async fn each_job_gets_its_own_owners_token(place: Place) {
    let bench = Bench::on(place).await;
    let bob = bench.service.sign_in("bob").await;
    bench.service.connect(&bench.provider, &bob, "incidents").await;
    let his_job = bench.service.submit(&bob, &["incidents"]).await;
    let his = bench.service.resolve(json!({"job_id": his_job, "mcp_server_id": "incidents"})).await.json();
    let hers = bench.token().await;
    assert_ne!(his["access_token"], hers);
    assert!(bench.provider.takes(his["access_token"].as_str().unwrap()) && bench.provider.takes(&hers));
}

async fn a_token_that_the_worker_holds_already_is_not_sent_again(place: Place) {
    let bench = Bench::on(place).await;
    let token = bench.token().await;
    let known = bench.question(&json!({"known_sha256": sha256(&token)}));
    let answer = bench.service.resolve(known).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""));

    let other = bench.question(&json!({"known_sha256": sha256("another")}));
    assert_eq!(bench.service.resolve(other).await.json()["access_token"], token);
}

async fn a_worker_that_knows_its_owner_may_say_so(place: Place) {
    let bench = Bench::on(place).await;
    let answer = bench.service.resolve(bench.question(&json!({"user_sub": "alice", "min_ttl_seconds": 60}))).await;
    assert_eq!(answer.status, 200);
}

async fn one_of_several_valid_keys_is_enough(place: Place) {
    let bench = Bench::on(place).await;
    let headers = [("authorization", "Bearer another-worker-key-0123456789")];
    let answer = bench.service.worker_asks("/v1/worker/tokens/resolve", &headers, bench.question(&json!({}))).await;
    assert_eq!(answer.status, 200);
}
