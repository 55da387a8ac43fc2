//! One refresh, ever.

use aiq_connect::domain::Version;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Bench, sha256};
use crate::support::{
    kept::Place,
    provider::{Provider, TokenFault},
    scrubbed,
};

on_both_databases! {
    a_lapsed_token_is_refreshed_once_for_the_same_resource_and_client_and_the_new_one_stays,
    twenty_workers_at_the_same_moment_cost_one_refresh,
    twenty_workers_at_two_processes_cost_one_refresh,
    a_token_that_the_mcp_server_refused_is_refreshed_once_however_many_say_so,
    a_worker_that_goes_away_does_not_lose_the_refresh_that_it_caused,
    a_refresh_token_that_the_provider_ended_needs_the_person_and_is_not_tried_again,
    a_client_that_the_provider_forgot_needs_the_person_once,
    a_busy_provider_is_503_with_its_own_wish_and_the_grant_stays,
    an_issuer_that_wished_for_a_pause_is_asked_for_nobody_by_any_process,
    a_provider_that_is_away_is_503_and_heals_by_itself,
    while_the_provider_is_busy_a_token_that_is_still_good_is_handed_out,
    a_lost_response_is_asked_for_again_at_once_and_a_provider_that_forgives_gives_it,
    a_response_that_is_lost_twice_leaves_the_grant_in_doubt_and_not_dead,
    after_a_lost_response_a_provider_that_does_not_forgive_needs_the_person,
    disconnecting_while_a_refresh_is_under_way_wins_and_what_comes_late_is_revoked,
    a_grant_is_refreshed_at_its_own_issuer_even_when_the_server_names_another_by_now,
}

async fn a_lapsed_token_is_refreshed_once_for_the_same_resource_and_client_and_the_new_one_stays(place: Place) {
    let bench = Bench::on(place).await;
    let first = bench.token().await;
    bench.lapse().await;
    let second = bench.token().await;
    assert_ne!(first, second);
    assert_eq!(bench.token().await, second);
    assert_eq!(bench.refreshes(), 1);

    let seen = bench.provider.seen("/token");
    let refresh = &seen.last().unwrap().form;
    assert_eq!(refresh["resource"], format!("{}/mcp", bench.provider.origin));
    assert!(refresh["refresh_token"].starts_with("refresh-") && !refresh.contains_key("client_secret"));
    assert_eq!(seen[0].headers["authorization"], seen[1].headers["authorization"], "the same client, the same way");
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.version, grant.in_doubt_since), (Version(2), None));

    bench.lapse().await;
    bench.token().await;
    assert_eq!(bench.refreshes(), 2, "the rotated refresh token is the one that was used");
    assert_eq!(bench.provider.living_grants(), 1);
}

async fn twenty_workers_at_the_same_moment_cost_one_refresh(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let bench = std::sync::Arc::new(bench);
    let mut workers = JoinSet::new();
    for _ in 0..20 {
        let bench = std::sync::Arc::clone(&bench);
        workers.spawn(async move { bench.token().await });
    }
    bench.provider.has_seen("/token", before + 1).await;
    gate.add_permits(20);
    let mut tokens = workers.join_all().await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got the same token");
    assert_eq!(bench.refreshes(), 1);
    assert_eq!(bench.provider.living_grants(), 1);
}

async fn twenty_workers_at_two_processes_cost_one_refresh(place: Place) {
    let bench = Bench::on(place).await;
    let other = bench.service.another_process().await;
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let bench = std::sync::Arc::new((bench, other));
    let mut workers = JoinSet::new();
    for worker in 0..20 {
        let both = std::sync::Arc::clone(&bench);
        workers.spawn(async move {
            let (bench, other) = &*both;
            let service = if worker % 2 == 0 { &bench.service } else { other };
            service.resolve(bench.question(&json!({}))).await.json()["access_token"].clone()
        });
    }
    let (bench, _) = &*bench;
    bench.provider.has_seen("/token", before + 1).await;
    gate.add_permits(20);
    let mut tokens = workers.join_all().await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got the same token");
    assert_eq!(bench.refreshes(), 1);
    assert_eq!(bench.provider.living_grants(), 1);
}

async fn a_token_that_the_mcp_server_refused_is_refreshed_once_however_many_say_so(place: Place) {
    let bench = Bench::on(place).await;
    let refused = bench.token().await;
    let question =
        bench.question(&json!({"rejected_sha256": sha256(&refused), "challenge": "Bearer error=\"invalid_token\""}));
    let fresh = bench.service.resolve(question.clone()).await.json()["access_token"].clone();
    assert_ne!(fresh, refused);
    for _ in 0..3 {
        assert_eq!(bench.service.resolve(question.clone()).await.json()["access_token"], fresh);
    }
    assert_eq!(bench.refreshes(), 1);
}

async fn a_worker_that_goes_away_does_not_lose_the_refresh_that_it_caused(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let asking = {
        let (workers, question) = (bench.service.workers.clone(), bench.question(&json!({})));
        let key = format!("Bearer {}", crate::support::service::WORKER_KEY);
        tokio::spawn(async move {
            let worker = crate::support::browser::Browser::new(workers, std::sync::Arc::default());
            let headers = [("authorization", key.as_str())];
            worker.send(axum::http::Method::POST, "/v1/worker/tokens/resolve", &headers, Some(question)).await
        })
    };
    bench.provider.has_seen("/token", before + 1).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    gate.add_permits(9);
    crate::support::until("the refresh is stored", || async {
        bench.service.grant("alice", "incidents").await.unwrap().version == Version(2)
    })
    .await;
    bench.token().await;
    assert_eq!(bench.refreshes(), 1);
}

async fn a_refresh_token_that_the_provider_ended_needs_the_person_and_is_not_tried_again(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.token_always = Some(TokenFault::InvalidGrant));
    for _ in 0..3 {
        let answer = bench.resolve().await;
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")));
    }
    assert_eq!(bench.refreshes(), 1);
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!(grant.renewal.fault_detail, None, "no answer was lost");
    let block = bench.service.listed(&bench.alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("error"), &json!("revoked")));
    let mut expected = super::super::preflight::blocked("error");
    expected["sources"][0]["reason"] = "revoked".into();
    let answer = bench.alice.post("/v1/jobs/async/submit", json!({"input": "x", "data_sources": ["incidents"]})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, expected));
}

async fn a_client_that_the_provider_forgot_needs_the_person_once(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.forget_clients();
    let answer = bench.resolve().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")));
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    bench.token().await;
    assert_eq!(bench.provider.count("/register"), 2);
}

async fn a_busy_provider_is_503_with_its_own_wish_and_the_grant_stays(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.token = vec![TokenFault::Unavailable]);
    let answer = bench.resolve().await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "7"));
    assert_eq!(
        answer.json(),
        json!({"error": "idp_unreachable", "message": "the provider cannot be reached at the moment"})
    );
    assert_eq!(bench.service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(bench.resolve().await.status, 503);
    assert_eq!(bench.refreshes(), 1, "the wish is kept to");
    bench.service.age(TimeDelta::seconds(7)).await;
    bench.token().await;
}

async fn an_issuer_that_wished_for_a_pause_is_asked_for_nobody_by_any_process(place: Place) {
    let bench = Bench::on(place).await;
    let bob = bench.service.sign_in("bob").await;
    bench.service.connect(&bench.provider, &bob, "incidents").await;
    let his = json!({"job_id": bench.service.submit(&bob, &["incidents"]).await, "mcp_server_id": "incidents"});
    let other = bench.service.another_process().await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.token = vec![TokenFault::Unavailable]);
    assert_eq!(bench.resolve().await.status, 503);
    let answer = other.resolve(his.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
    assert!(["6", "7"].contains(&answer.header("retry-after")), "{}", answer.header("retry-after"));
    assert_eq!(bench.refreshes(), 1);
    bench.service.age(TimeDelta::seconds(7)).await;
    assert_eq!(other.resolve(his).await.status, 200);
}

async fn a_provider_that_is_away_is_503_and_heals_by_itself(place: Place) {
    let mut bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.go().await;
    let answer = bench.resolve().await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (503, json!("idp_unreachable")));
    assert!(["1", "2"].contains(&answer.header("retry-after")), "{}", answer.header("retry-after"));
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.fault, grant.in_doubt_since), (None, None), "nothing was sent");
    bench.provider.come();
    bench.service.age(TimeDelta::seconds(2)).await;
    bench.token().await;
    assert_eq!(bench.refreshes(), 1);
}

async fn while_the_provider_is_busy_a_token_that_is_still_good_is_handed_out(place: Place) {
    let bench = Bench::on(place).await;
    let token = bench.token().await;
    bench.service.age(TimeDelta::seconds(3580)).await;
    bench.provider.set(|faults| faults.token_always = Some(TokenFault::Unavailable));
    assert_eq!(bench.token().await, token);
    assert_eq!(bench.refreshes(), 1, "a refresh was tried");

    bench.provider.set(|faults| faults.token_always = None);
    bench.service.age(TimeDelta::seconds(7)).await;
    assert_ne!(bench.token().await, token);
}

async fn a_lost_response_is_asked_for_again_at_once_and_a_provider_that_forgives_gives_it(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| {
        faults.token = vec![TokenFault::LostResponse];
        faults.forgives_reuse = true;
    });
    let token = bench.token().await;
    assert!(bench.provider.takes(&token));
    assert_eq!(bench.refreshes(), 2);
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.version, grant.in_doubt_since), (Version(2), None));
}

async fn a_response_that_is_lost_twice_leaves_the_grant_in_doubt_and_not_dead(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| {
        faults.token = vec![TokenFault::LostResponse; 2];
        faults.forgives_reuse = true;
    });
    assert_eq!(bench.resolve().await.status, 503);
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.version, grant.fault, grant.in_doubt_since.is_some()), (Version::FIRST, None, true));
    bench.service.age(TimeDelta::seconds(2)).await;
    let token = bench.token().await;
    assert!(bench.provider.takes(&token));
}

async fn after_a_lost_response_a_provider_that_does_not_forgive_needs_the_person(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.token = vec![TokenFault::LostResponse]);
    let answer = bench.resolve().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")));
    let block = scrubbed(bench.service.listed(&bench.alice, "incidents").await["per_user_auth"].clone(), &[]);
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("error"), &json!("revoked")));
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!(grant.renewal.fault_detail.as_deref(), Some("lost_response"));
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    bench.token().await;
}

async fn disconnecting_while_a_refresh_is_under_way_wins_and_what_comes_late_is_revoked(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let bench = std::sync::Arc::new(bench);
    let asking = {
        let bench = std::sync::Arc::clone(&bench);
        tokio::spawn(async move { bench.resolve().await })
    };
    bench.provider.has_seen("/token", before + 1).await;
    bench.provider.set(|faults| faults.refuses_revocation = true);
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    bench.provider.set(|faults| faults.refuses_revocation = false);
    assert_eq!(bench.provider.living_grants(), 1, "the provider did not take part in the disconnect");
    let soon = std::time::Duration::from_secs(8);
    let answer = tokio::time::timeout(soon, asking).await.unwrap().unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("disconnected")));
    gate.add_permits(1);
    crate::support::until("what came late is ended", || async { bench.provider.living_grants() == 0 }).await;
    assert!(bench.service.grant("alice", "incidents").await.is_none());
}

async fn a_grant_is_refreshed_at_its_own_issuer_even_when_the_server_names_another_by_now(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    let thief = Provider::start().await;
    bench.provider.set(|faults| faults.resource = Some(format!("{}/mcp", thief.origin)));
    bench.token().await;
    assert_eq!(thief.count("/token"), 0);
}
