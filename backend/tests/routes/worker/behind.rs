//! Refreshing behind the answer.

use aiq_connect::domain::Version;
use chrono::TimeDelta;
use serde_json::json;

use super::Bench;
use crate::support::{kept::Place, provider::TokenFault, until};

on_both_databases! {
    near_its_end_a_token_is_answered_at_once_and_the_next_one_is_fetched_behind_the_answer,
    far_from_its_end_nothing_is_fetched,
    many_answers_of_two_processes_cost_one_refresh_behind_them,
    a_failure_behind_the_answer_disturbs_nobody_and_is_not_repeated_at_once,
}

/// What the provider's tokens live: an hour. So many seconds of the first one are left.
async fn with_left(place: Place, seconds: i64) -> Bench {
    let bench = Bench::on(place).await;
    bench.service.age(TimeDelta::seconds(3600 - seconds)).await;
    bench
}

async fn is_refreshed(bench: &Bench) {
    until("the refresh is stored", || async {
        bench.service.grant("alice", "incidents").await.unwrap().version == Version(2)
    })
    .await;
}

async fn near_its_end_a_token_is_answered_at_once_and_the_next_one_is_fetched_behind_the_answer(place: Place) {
    let bench = with_left(place, 700).await;
    let gate = bench.provider.hold_tokens();
    let before = bench.provider.count("/token");
    let first = bench.token().await;
    bench.provider.has_seen("/token", before + 1).await;
    assert_eq!(bench.token().await, first, "while it is under way the old one is good");
    gate.add_permits(1);
    is_refreshed(&bench).await;
    assert_ne!(bench.token().await, first);
    assert_eq!(bench.refreshes(), 1);
}

async fn far_from_its_end_nothing_is_fetched(place: Place) {
    let bench = with_left(place, 730).await;
    bench.token().await;
    // Asked for after it, and stored: so whatever the first answer began would be there.
    bench.service.age(TimeDelta::seconds(30)).await;
    bench.token().await;
    is_refreshed(&bench).await;
    assert_eq!(bench.refreshes(), 1);
}

async fn many_answers_of_two_processes_cost_one_refresh_behind_them(place: Place) {
    let bench = with_left(place, 700).await;
    let other = bench.service.another_process().await;
    for _ in 0..10 {
        bench.token().await;
        assert_eq!(other.resolve(bench.question(&json!({}))).await.status, 200);
    }
    is_refreshed(&bench).await;
    for _ in 0..10 {
        bench.token().await;
        assert_eq!(other.resolve(bench.question(&json!({}))).await.status, 200);
    }
    assert_eq!(bench.refreshes(), 1);
}

async fn a_failure_behind_the_answer_disturbs_nobody_and_is_not_repeated_at_once(place: Place) {
    let bench = with_left(place, 700).await;
    bench.provider.set(|faults| faults.token = vec![TokenFault::Unavailable]);
    let first = bench.token().await;
    until("it failed", || async {
        bench.service.grant("alice", "incidents").await.unwrap().renewal.retry_at.is_some()
    })
    .await;
    assert_eq!(bench.token().await, first);
    bench.service.age(TimeDelta::seconds(7)).await;
    assert_eq!(bench.token().await, first);
    is_refreshed(&bench).await;
    assert_eq!(bench.refreshes(), 2);
}
