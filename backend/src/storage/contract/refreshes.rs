use aiq_connect_shared::FaultCode;
use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{connected, disconnect, found, key, leased, person, revoked, tokens},
};
use crate::{
    domain::{Grant, GrantKey, Lease, LeaseOwner, Postponed, RefreshTurn, Version},
    storage::{Ageing, GrantStore, RefreshStore, Store},
    timing::{LEASE, LEASE_GRACE, REJECTED_AGAIN, REJECTED_PAUSES},
};

const V1: Version = Version::FIRST;
const V2: Version = Version(2);

fn one() -> LeaseOwner {
    LeaseOwner("one".into())
}

fn two() -> LeaseOwner {
    LeaseOwner("two".into())
}

fn pause(seconds: i64) -> Postponed {
    Postponed { pause: TimeDelta::seconds(seconds), issuer_rest: None, is_certain: false }
}

async fn of(store: &impl Store, name: &str, server: &str) -> GrantKey {
    key(&person(store, name).await, server)
}

/// Leased, marked and postponed.
async fn fail(store: &impl Store, grant: &Grant, postponed: Postponed) -> Lease {
    let lease = store.lease(grant.id, V1, &one(), false).await.unwrap().expect("a lease");
    assert!(store.mark_in_doubt(grant.id, V1, &one()).await.unwrap());
    store.postpone(grant.id, V1, &one(), postponed).await.unwrap();
    lease
}

pub async fn a_refresh_that_did_not_work_is_not_tried_before_its_time(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    fail(&store, &grant, pause(60)).await;
    let retry_at = found(&store, &key).await.renewal.retry_at.expect("a time");
    let now = store.connections_of(&key.principal).await.unwrap().now;
    assert!((TimeDelta::seconds(50)..=TimeDelta::seconds(60)).contains(&(retry_at - now)));
    assert!(!leased(&store, grant.id, V1, &two()).await);
    assert_eq!(store.refresh_turn(grant.id, V1).await.unwrap(), RefreshTurn::Over);

    store.age(TimeDelta::seconds(60)).await.unwrap();
    assert_eq!(store.refresh_turn(grant.id, V1).await.unwrap(), RefreshTurn::Free);
    assert!(leased(&store, grant.id, V1, &two()).await);
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert_eq!(found(&store, &key).await.renewal.retry_at, None);
}

pub async fn what_a_lease_tells_of_earlier_attempts(database: &impl Database) {
    let store = database.open().await;
    let grant = connected(&store, &of(&store, "alice", "incidents").await).await;
    let lease = fail(&store, &grant, pause(0)).await;
    assert_eq!(lease, Lease { was_in_doubt: false, failures: 0, issuer_failures: 0 });
    let lease = fail(&store, &grant, pause(0)).await;
    assert_eq!(lease, Lease { was_in_doubt: true, failures: 1, issuer_failures: 1 });
    let lease = fail(&store, &grant, Postponed { is_certain: true, ..pause(0) }).await;
    assert_eq!(lease, Lease { was_in_doubt: true, failures: 2, issuer_failures: 2 });
    store.lease(grant.id, V1, &one(), false).await.unwrap().unwrap();
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    let lease = store.lease(grant.id, V2, &one(), false).await.unwrap();
    assert_eq!(lease, Some(Lease { was_in_doubt: false, failures: 0, issuer_failures: 0 }));
}

pub async fn only_the_holder_postpones(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    assert!(leased(&store, grant.id, V1, &one()).await);
    for (version, owner) in [(V1, two()), (V2, one())] {
        store.postpone(grant.id, version, &owner, pause(60)).await.unwrap();
    }
    assert_eq!(found(&store, &key).await, grant);
    assert!(store.mark_in_doubt(grant.id, V1, &one()).await.unwrap(), "it still holds the lease");
    store.release(grant.id, V1, &one()).await.unwrap();
    store.postpone(grant.id, V1, &two(), pause(60)).await.unwrap();
    assert!(found(&store, &key).await.renewal.retry_at.is_some(), "whom nobody holds anybody may");
}

pub async fn an_issuer_that_rests_is_asked_for_nobody(database: &impl Database) {
    let store = database.open().await;
    let hers = connected(&store, &of(&store, "alice", "incidents").await).await;
    let his = connected(&store, &of(&store, "bob", "incidents").await).await;
    let rest = |seconds| Postponed { issuer_rest: Some(TimeDelta::seconds(seconds)), ..pause(0) };
    fail(&store, &hers, rest(60)).await;
    let RefreshTurn::IssuerRests(left) = store.refresh_turn(his.id, V1).await.unwrap() else { panic!("it rests") };
    assert!((TimeDelta::seconds(50)..=TimeDelta::seconds(60)).contains(&left), "{left}");
    assert!(!leased(&store, his.id, V1, &two()).await);

    store.postpone(his.id, V1, &two(), rest(1)).await.unwrap();
    let RefreshTurn::IssuerRests(left) = store.refresh_turn(his.id, V1).await.unwrap() else { panic!("it rests") };
    assert!(left > TimeDelta::seconds(40), "not shorter: {left}");
    store.age(TimeDelta::seconds(60)).await.unwrap();
    assert!(leased(&store, his.id, V1, &two()).await);
}

pub async fn a_success_does_not_wake_an_issuer_that_wished_to_rest(database: &impl Database) {
    let store = database.open().await;
    let hers = connected(&store, &of(&store, "alice", "incidents").await).await;
    let his = connected(&store, &of(&store, "bob", "incidents").await).await;
    assert!(leased(&store, his.id, V1, &two()).await);
    fail(&store, &hers, Postponed { issuer_rest: Some(TimeDelta::seconds(60)), ..pause(0) }).await;
    store.rotate(his.id, V1, &tokens("two")).await.unwrap();
    assert!(matches!(store.refresh_turn(hers.id, V1).await.unwrap(), RefreshTurn::IssuerRests(_)));

    store.age(TimeDelta::seconds(60)).await.unwrap();
    assert!(leased(&store, his.id, V2, &two()).await);
    store.rotate(his.id, V2, &tokens("three")).await.unwrap();
    let lease = store.lease(hers.id, V1, &one(), false).await.unwrap().expect("a lease");
    assert_eq!(lease.issuer_failures, 0);
}

pub async fn a_lease_tells_how_long_it_keeps_others_away(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    assert_eq!(store.refresh_turn(grant.id, V1).await.unwrap(), RefreshTurn::Free);
    assert!(leased(&store, grant.id, V1, &one()).await);
    let RefreshTurn::Taken(left) = store.refresh_turn(grant.id, V1).await.unwrap() else { panic!("it is taken") };
    let whole = LEASE + LEASE_GRACE;
    assert!((whole - TimeDelta::seconds(10)..=whole).contains(&left), "{left}");
    store.age(whole + TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(store.refresh_turn(grant.id, V1).await.unwrap(), RefreshTurn::Free);

    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert_eq!(store.refresh_turn(grant.id, V1).await.unwrap(), RefreshTurn::Over);
    store.record_fault(grant.id, V2, &revoked("ref-1")).await.unwrap();
    assert_eq!(store.refresh_turn(grant.id, V2).await.unwrap(), RefreshTurn::Over);
    disconnect(&store, &key).await;
    assert_eq!(store.refresh_turn(grant.id, V2).await.unwrap(), RefreshTurn::Over);
}

pub async fn when_a_refresh_was_forced_is_remembered(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    assert!(leased(&store, grant.id, V1, &one()).await);
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert_eq!(found(&store, &key).await.renewal.forced_at, None);
    store.lease(grant.id, V2, &one(), true).await.unwrap().expect("a lease");
    assert_eq!(store.lease(grant.id, V2, &two(), true).await.unwrap(), None);
    store.rotate(grant.id, V2, &tokens("three")).await.unwrap();
    let after = found(&store, &key).await;
    let forced_at = after.renewal.forced_at.expect("a time");
    assert!(forced_at <= after.issued_at && forced_at >= grant.issued_at);
}

/// How many seconds a refused grant is left alone from now on, rounded up to minutes.
async fn left_alone(store: &impl Store, key: &GrantKey) -> i64 {
    let all = store.connections_of(&key.principal).await.unwrap();
    let left = all.grants[0].renewal.rejected_until.expect("a time") - all.now;
    (left + TimeDelta::seconds(59)).num_minutes()
}

pub async fn refused_tokens_are_left_alone_for_longer_each_time(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    let mut version = V1;
    for minutes in [1, 5, 15, 60, 60] {
        assert!(store.record_rejection(grant.id, version, "ref-1").await.unwrap());
        assert!(!store.record_rejection(grant.id, version, "ref-2").await.unwrap(), "once, however many say so");
        assert!(!store.record_rejection(grant.id, version.next(), "ref-3").await.unwrap());
        let refused = found(&store, &key).await;
        assert_eq!(refused.fault, Some(FaultCode::RejectedByServer));
        assert_eq!(refused.fault_reference.as_deref(), Some("ref-1"));
        assert_eq!(left_alone(&store, &key).await, minutes);

        store.age(TimeDelta::minutes(minutes)).await.unwrap();
        store.rotate(grant.id, version, &tokens("next")).await.unwrap();
        assert_eq!(found(&store, &key).await.fault, None);
        version = version.next();
    }
}

pub async fn a_refusal_long_after_the_last_is_a_first_one_again(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    store.record_rejection(grant.id, V1, "ref-1").await.unwrap();
    store.age(REJECTED_PAUSES[0] + REJECTED_AGAIN).await.unwrap();
    store.record_rejection(grant.id, V1, "ref-2").await.unwrap();
    assert_eq!(left_alone(&store, &key).await, 1);
    store.record_fault(grant.id, V1, &revoked("ref-3")).await.unwrap();
    store.age(TimeDelta::minutes(2)).await.unwrap();
    assert!(!store.record_rejection(grant.id, V1, "ref-4").await.unwrap(), "what is revoked is not refused");
}

pub async fn a_refused_grant_keeps_its_tokens_and_is_tried_again_after_a_while(database: &impl Database) {
    let store = database.open().await;
    let key = of(&store, "alice", "incidents").await;
    let grant = connected(&store, &key).await;
    store.record_rejection(grant.id, V1, "ref-1").await.unwrap();
    let now = async || store.connections_of(&key.principal).await.unwrap().now;
    let refused = found(&store, &key).await;
    assert_eq!((&refused.access_token, &refused.refresh_token), (&grant.access_token, &grant.refresh_token));
    assert_eq!(refused.fault_at(now().await), Some(FaultCode::RejectedByServer));
    store.forget_rejection(grant.id, V1).await.unwrap();
    assert_eq!(found(&store, &key).await.fault, Some(FaultCode::RejectedByServer), "not before its time");

    store.age(REJECTED_PAUSES[0]).await.unwrap();
    assert_eq!(found(&store, &key).await.fault_at(now().await), None);
    store.forget_rejection(grant.id, V1).await.unwrap();
    let tried = found(&store, &key).await;
    assert_eq!((tried.fault, tried.fault_reference), (None, None));
    store.record_rejection(grant.id, V1, "ref-2").await.unwrap();
    assert_eq!(left_alone(&store, &key).await, 5, "the next time in a row");
}

pub async fn a_server_that_refuses_three_people_is_itself_to_blame(database: &impl Database) {
    let store = database.open().await;
    let widely = async |key: &GrantKey| found(&store, key).await.renewal.is_rejected_widely;
    let hers = of(&store, "alice", "incidents").await;
    let first = connected(&store, &hers).await;
    store.record_rejection(first.id, V1, "ref-1").await.unwrap();
    store.age(TimeDelta::minutes(6)).await.unwrap();
    for (name, server) in [("bob", "incidents"), ("carol", "wiki"), ("alice", "wiki"), ("dave", "incidents")] {
        assert!(!widely(&hers).await, "before {name} at {server}");
        let grant = connected(&store, &of(&store, name, server).await).await;
        store.record_rejection(grant.id, V1, "ref-2").await.unwrap();
    }
    assert!(widely(&hers).await);
    assert!(widely(&of(&store, "dave", "incidents").await).await);
    assert!(!widely(&of(&store, "carol", "wiki").await).await, "another server");

    // Ten minutes later a fourth person: by then the first is no sign of the same trouble.
    store.age(TimeDelta::minutes(6)).await.unwrap();
    let late = of(&store, "erin", "incidents").await;
    let grant = connected(&store, &late).await;
    store.record_rejection(grant.id, V1, "ref-3").await.unwrap();
    assert!(widely(&late).await, "bob and dave and erin");
    disconnect(&store, &of(&store, "bob", "incidents").await).await;
    assert!(!widely(&late).await, "dave and erin");
}
