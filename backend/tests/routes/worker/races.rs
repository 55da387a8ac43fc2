//! Whoever else acts while a refresh is under way.

use std::sync::Arc;

use aiq_connect::{
    domain::Version,
    timing::{LEASE, LEASE_GRACE},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};

use super::Bench;
use crate::support::{
    browser::Answer,
    kept::Place,
    provider::{Consent, TokenFault},
    service::{Service, path_of},
    until,
};

on_both_databases! {
    a_herd_of_two_hundred_costs_one_refresh_and_all_get_what_it_brought,
    a_success_after_the_lease_was_lost_is_kept,
    a_refusal_that_is_recorded_before_the_late_success_is_undone_by_it,
    of_two_successes_the_second_is_dropped_and_nothing_is_revoked,
    a_crashed_process_is_taken_over_after_its_lease_and_not_before,
    who_waits_for_another_process_in_vain_is_told_when_it_can_be_taken_over,
    connecting_anew_while_a_refresh_is_under_way_wins_and_revokes_nothing,
    a_storm_of_many_people_asks_the_issuer_for_a_few_at_a_time_and_serves_all,
}

/// Somebody asks, at a process of their own choice.
fn asks(bench: &Arc<Bench>, other: Option<&Arc<Service>>) -> JoinHandle<Answer> {
    let (bench, other) = (Arc::clone(bench), other.cloned());
    tokio::spawn(async move { other.as_deref().unwrap_or(&bench.service).resolve(bench.question(&json!({}))).await })
}

async fn has_version(bench: &Bench, version: i64) {
    let fact = format!("version {version} is stored");
    until(&fact, || async {
        bench.service.grant("alice", "incidents").await.is_some_and(|grant| grant.version == Version(version))
    })
    .await;
}

fn token(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].clone()
}

/// A refresh under way whose lease is over, and one of another process that took over. The provider holds both.
async fn taken_over(bench: &Arc<Bench>) -> (JoinHandle<Answer>, JoinHandle<Answer>, Arc<tokio::sync::Semaphore>) {
    let other = Arc::new(bench.service.another_process().await);
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let first = asks(bench, None);
    bench.provider.has_seen("/token", before + 1).await;
    bench.service.age(LEASE + LEASE_GRACE + TimeDelta::seconds(1)).await;
    let second = asks(bench, Some(&other));
    bench.provider.has_seen("/token", before + 2).await;
    (first, second, gate)
}

async fn a_herd_of_two_hundred_costs_one_refresh_and_all_get_what_it_brought(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let mut herd = JoinSet::new();
    for _ in 0..200 {
        let bench = Arc::clone(&bench);
        herd.spawn(async move { bench.token().await });
    }
    bench.provider.has_seen("/token", before + 1).await;
    gate.add_permits(200);
    let mut tokens = herd.join_all().await;
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got the same token");
    assert!(bench.provider.takes(&tokens[0]));
    assert_eq!(bench.refreshes(), 1);
}

async fn a_success_after_the_lease_was_lost_is_kept(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    let (first, second, gate) = taken_over(&bench).await;
    gate.add_permits(1);
    has_version(&bench, 2).await;
    let stored = token(&first.await.unwrap());
    // The one who took over is told that the token was used already.
    bench.provider.set(|faults| faults.token = vec![TokenFault::InvalidGrant]);
    gate.add_permits(1);
    assert_eq!(token(&second.await.unwrap()), stored, "what somebody else rotated in between is used");
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.version, grant.fault), (Version(2), None));
    assert!(bench.provider.takes(stored.as_str().unwrap()));
}

async fn a_refusal_that_is_recorded_before_the_late_success_is_undone_by_it(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    let (first, second, gate) = taken_over(&bench).await;
    bench.provider.set(|faults| faults.token = vec![TokenFault::LostResponse, TokenFault::InvalidGrant]);
    bench.provider.set(|faults| faults.forgives_reuse = true);
    // The answer to the first is lost, so that it asks again behind the second, which is refused.
    let before = bench.provider.count("/token");
    gate.add_permits(1);
    bench.provider.has_seen("/token", before + 1).await;
    gate.add_permits(1);
    let refused = second.await.unwrap();
    assert_eq!((refused.status.as_u16(), &refused.json()["reason"]), (409, &json!("revoked")));
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    assert_eq!(grant.renewal.fault_detail.as_deref(), Some("lost_response"), "the one before it was in doubt");
    gate.add_permits(1);
    has_version(&bench, 2).await;
    first.await.unwrap();
    assert!(bench.provider.takes(&bench.token().await));
    assert_eq!(bench.service.grant("alice", "incidents").await.unwrap().fault, None);
}

async fn of_two_successes_the_second_is_dropped_and_nothing_is_revoked(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    let (first, second, gate) = taken_over(&bench).await;
    bench.provider.set(|faults| faults.forgives_reuse = true);
    gate.add_permits(1);
    has_version(&bench, 2).await;
    let stored = token(&first.await.unwrap());
    gate.add_permits(1);
    assert_eq!(token(&second.await.unwrap()), stored);
    assert_eq!(bench.service.grant("alice", "incidents").await.unwrap().version, Version(2));
    assert_eq!((bench.provider.living_grants(), bench.provider.count("/revoke")), (1, 0));
}

async fn a_crashed_process_is_taken_over_after_its_lease_and_not_before(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    bench.lapse().await;
    assert!(bench.leave_a_lease().await, "it died after it had sent");
    let asking = asks(&bench, None);
    bench.service.age(LEASE).await;
    assert_eq!(bench.refreshes(), 0);
    assert!(!asking.is_finished());
    bench.service.age(LEASE_GRACE + TimeDelta::seconds(1)).await;
    token(&asking.await.unwrap());
    assert_eq!(bench.refreshes(), 1);
}

async fn who_waits_for_another_process_in_vain_is_told_when_it_can_be_taken_over(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    assert!(bench.leave_a_lease().await);
    let answer = bench.resolve().await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("refresh_in_progress")));
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((15..=24).contains(&seconds), "{seconds}: 35 less the 12 that it waited");
    assert_eq!(bench.refreshes(), 0);
}

async fn connecting_anew_while_a_refresh_is_under_way_wins_and_revokes_nothing(place: Place) {
    for intent in ["reconnect", "switch_account"] {
        let bench = Arc::new(Bench::on(place).await);
        bench.lapse().await;
        let before = bench.provider.count("/token");
        let gate = bench.provider.hold_tokens();
        let asking = asks(&bench, None);
        bench.provider.has_seen("/token", before + 1).await;
        bench.provider.set(|faults| faults.token_gate = None);
        let old = bench.service.grant("alice", "incidents").await.unwrap().id;
        let launched = bench.alice.follow(&format!("/v1/auth/mcp/incidents/connect?intent={intent}")).await;
        let back = bench.provider.walk(&launched.location(), Consent::Given).await;
        assert_eq!(bench.alice.arrive(&path_of(&back)).await.status, 200);
        let new = bench.service.grant("alice", "incidents").await.unwrap();
        assert_ne!(new.id, old);

        let fresh = token(&asking.await.unwrap());
        gate.add_permits(1);
        // The late answer has arrived once its family has a second access token; it is dropped.
        until("the old refresh is answered", || async { bench.provider.access_tokens() == 3 }).await;
        bench.lapse().await;
        assert_ne!(bench.token().await, fresh);
        let after = bench.service.grant("alice", "incidents").await.unwrap();
        assert_eq!((after.id, after.version), (new.id, Version(2)));
        assert_eq!((bench.provider.living_grants(), bench.provider.count("/revoke")), (2, 0));
    }
}

async fn a_storm_of_many_people_asks_the_issuer_for_a_few_at_a_time_and_serves_all(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    let mut jobs = vec![bench.job.clone()];
    for number in 0..11 {
        let somebody = bench.service.sign_in(&format!("person-{number}")).await;
        bench.service.connect(&bench.provider, &somebody, "incidents").await;
        jobs.push(bench.service.submit(&somebody, &["incidents"]).await);
    }
    bench.lapse().await;
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let mut storm = JoinSet::new();
    for job in jobs {
        let bench = Arc::clone(&bench);
        storm.spawn(async move {
            token(&bench.service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await)
        });
    }
    bench.provider.has_seen("/token", before + 8).await;
    let leases = bench.service.count("SELECT COUNT(*) FROM grants WHERE lease_owner IS NOT NULL").await;
    assert_eq!(leases, 8, "those in the queue sit on no lease");
    gate.add_permits(12);
    assert_eq!(storm.join_all().await.len(), 12);
    assert_eq!(bench.refreshes(), 12);
}
