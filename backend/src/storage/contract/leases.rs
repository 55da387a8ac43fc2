use aiq_connect_shared::FaultCode;
use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{any_grant_id, connected, disconnect, found, key, leased, of_twenty, person, revoked, tokens},
};
use crate::{
    domain::{GrantKey, GrantTokens, LeaseOwner, RefreshTurn, Renewal, Version},
    storage::{Ageing, GrantStore, NewFault, RefreshStore, Store, StoreError},
    timing::{LATE_SENDER, LEASE, LEASE_GRACE},
};

const V1: Version = Version::FIRST;
const V2: Version = Version(2);

fn one() -> LeaseOwner {
    LeaseOwner("one".into())
}

fn two() -> LeaseOwner {
    LeaseOwner("two".into())
}

async fn alices_key(store: &impl Store) -> GrantKey {
    key(&person(store, "alice").await, "incidents")
}

pub async fn only_one_of_twenty_takes_the_lease(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let grant = connected(&store, &alices_key(&store).await).await;
    let taken = of_twenty([&store, &other], |at, store| async move {
        leased(&store, grant.id, V1, &LeaseOwner(format!("{at}"))).await
    });
    assert_eq!(taken.await, 1);
    assert!(!leased(&store, grant.id, V1, &one()).await, "and nobody after them");
}

pub async fn a_lease_holds_until_its_end_and_grace_then_it_is_taken_over(database: &impl Database) {
    let store = database.open().await;
    let grant = connected(&store, &alices_key(&store).await).await;
    assert!(leased(&store, grant.id, V1, &one()).await);

    // A second past its end; four seconds of the grace are left for this test to ask.
    store.age(LEASE + TimeDelta::seconds(1)).await.unwrap();
    assert!(!leased(&store, grant.id, V1, &two()).await, "in the grace");
    store.age(LEASE_GRACE).await.unwrap();
    assert!(leased(&store, grant.id, V1, &two()).await, "after the grace");
    assert!(!leased(&store, grant.id, V1, &one()).await, "the new lease holds");
}

pub async fn a_lease_on_another_version_or_grant_is_refused(database: &impl Database) {
    let store = database.open().await;
    let grant = connected(&store, &alices_key(&store).await).await;
    assert!(!leased(&store, grant.id, V2, &one()).await);
    assert!(!leased(&store, any_grant_id(), V1, &one()).await);
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert!(!leased(&store, grant.id, V1, &one()).await);
    assert!(leased(&store, grant.id, V2, &one()).await);
}

pub async fn only_the_living_lease_may_send(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    assert!(!store.mark_in_doubt(grant.id, V1, &one()).await.unwrap(), "without a lease");
    leased(&store, grant.id, V1, &one()).await;
    assert!(!store.mark_in_doubt(grant.id, V1, &two()).await.unwrap(), "with another's lease");
    assert!(!store.mark_in_doubt(grant.id, V2, &one()).await.unwrap(), "for another version");
    assert_eq!(found(&store, &key).await.in_doubt_since, None);
    assert!(store.mark_in_doubt(grant.id, V1, &one()).await.unwrap());
    assert!(found(&store, &key).await.in_doubt_since.is_some());

    store.age(LATE_SENDER - TimeDelta::seconds(2)).await.unwrap();
    assert!(store.mark_in_doubt(grant.id, V1, &one()).await.unwrap(), "two seconds are left");
    store.age(TimeDelta::seconds(2)).await.unwrap();
    assert!(!store.mark_in_doubt(grant.id, V1, &one()).await.unwrap(), "too late, though the lease holds");
    assert!(!leased(&store, grant.id, V1, &two()).await);
}

pub async fn the_doubt_outlives_a_release_and_a_take_over_but_not_an_answer(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    leased(&store, grant.id, V1, &one()).await;
    store.mark_in_doubt(grant.id, V1, &one()).await.unwrap();
    let since = found(&store, &key).await.in_doubt_since;
    assert!(since.is_some());

    store.release(grant.id, V1, &one()).await.unwrap();
    assert_eq!(found(&store, &key).await.in_doubt_since, since);
    store.age(TimeDelta::seconds(60)).await.unwrap();
    let since = since.map(|since| since - TimeDelta::seconds(60));
    assert!(leased(&store, grant.id, V1, &two()).await, "a released lease is free at once");
    store.mark_in_doubt(grant.id, V1, &two()).await.unwrap();
    assert_eq!(found(&store, &key).await.in_doubt_since, since, "the first doubt counts");

    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert_eq!(found(&store, &key).await.in_doubt_since, None);
}

pub async fn only_the_holder_releases(database: &impl Database) {
    let store = database.open().await;
    let grant = connected(&store, &alices_key(&store).await).await;
    leased(&store, grant.id, V1, &one()).await;
    store.release(grant.id, V1, &two()).await.unwrap();
    store.release(grant.id, V2, &one()).await.unwrap();
    assert!(!leased(&store, grant.id, V1, &two()).await);
    store.release(grant.id, V1, &one()).await.unwrap();
    assert!(leased(&store, grant.id, V1, &two()).await);
}

pub async fn a_rotation_is_the_next_version_and_ends_lease_doubt_and_fault(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let before = connected(&store, &key).await;
    let fault = NewFault { code: FaultCode::IdpUnreachable, reference: "ref-1", detail: Some("why") };
    store.record_fault(before.id, V1, &fault).await.unwrap();
    store.age(TimeDelta::minutes(30)).await.unwrap();
    leased(&store, before.id, V1, &one()).await;
    assert!(store.mark_in_doubt(before.id, V1, &one()).await.unwrap());
    let new = GrantTokens { expires_in: Some(TimeDelta::seconds(60)), ..tokens("two") };
    store.rotate(before.id, V1, &new).await.unwrap();

    let after = found(&store, &key).await;
    assert_eq!((after.id, after.version), (before.id, V2));
    assert_eq!((&after.access_token, &after.refresh_token), (&new.access_token, &new.refresh_token));
    assert_eq!((after.fault, after.fault_reference.clone(), after.in_doubt_since), (None, None, None));
    assert_eq!(after.renewal, Renewal::default());
    assert_eq!(after.lifetime(), Some(TimeDelta::seconds(60)));
    assert!(after.issued_at > after.connected_at, "issued anew, connected as before");
    assert_eq!(after.account_label, before.account_label);
    assert!(leased(&store, after.id, V2, &two()).await, "the lease ended");
}

pub async fn an_answer_to_a_former_holder_counts(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    leased(&store, grant.id, V1, &one()).await;
    store.age(LEASE + LEASE_GRACE + TimeDelta::seconds(1)).await.unwrap();
    assert!(leased(&store, grant.id, V1, &two()).await);

    store.rotate(grant.id, V1, &tokens("late")).await.unwrap();
    assert_eq!(found(&store, &key).await.access_token, tokens("late").access_token);
    assert!(!store.mark_in_doubt(grant.id, V1, &two()).await.unwrap(), "the new holder must not send");
}

pub async fn an_answer_to_an_older_version_is_a_conflict(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    let late = store.rotate(grant.id, V1, &tokens("late")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let after = found(&store, &key).await;
    assert_eq!((after.version, after.access_token), (V2, tokens("two").access_token));
}

pub async fn of_twenty_answers_to_one_version_one_is_stored(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    let stored = of_twenty([&store, &other], |at, store| async move {
        match store.rotate(grant.id, V1, &tokens(&format!("{at}"))).await {
            Ok(()) => true,
            Err(StoreError::Conflict) => false,
            Err(error) => panic!("{error}"),
        }
    });
    assert_eq!(stored.await, 1);
    assert_eq!(found(&store, &key).await.version, V2);
}

pub async fn a_fault_is_recorded_for_the_stored_version_only(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    store.rotate(grant.id, V1, &tokens("two")).await.unwrap();
    assert!(!store.record_fault(grant.id, V1, &revoked("ref-1")).await.unwrap());
    assert_eq!(found(&store, &key).await.fault, None);

    leased(&store, grant.id, V2, &one()).await;
    assert!(store.record_fault(grant.id, V2, &revoked("ref-2")).await.unwrap());
    let after = found(&store, &key).await;
    assert_eq!((after.fault, after.fault_reference.as_deref()), (Some(FaultCode::Revoked), Some("ref-2")));
    assert_eq!(after.version, V2);
    assert!(!leased(&store, grant.id, V2, &two()).await, "what the provider ended is not sent again");
    assert_eq!(store.refresh_turn(grant.id, V2).await.unwrap(), RefreshTurn::Over);
}

pub async fn a_refresh_overtaken_by_a_reconnect_changes_nothing(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let old = connected(&store, &key).await;
    leased(&store, old.id, V1, &one()).await;
    store.mark_in_doubt(old.id, V1, &one()).await.unwrap();
    let new = connected(&store, &key).await;
    assert_ne!(new.id, old.id);

    let late = store.rotate(old.id, V1, &tokens("late")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert!(!store.record_fault(old.id, V1, &revoked("ref-1")).await.unwrap());
    assert!(!store.mark_in_doubt(old.id, V1, &one()).await.unwrap());
    assert_eq!(found(&store, &key).await, new);
    assert!(leased(&store, new.id, V1, &two()).await, "the old lease went with the old grant");
}

pub async fn a_refresh_overtaken_by_a_disconnect_brings_nothing_back(database: &impl Database) {
    let store = database.open().await;
    let key = alices_key(&store).await;
    let grant = connected(&store, &key).await;
    leased(&store, grant.id, V1, &one()).await;
    disconnect(&store, &key).await;

    let late = store.rotate(grant.id, V1, &tokens("late")).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert!(!store.record_fault(grant.id, V1, &revoked("ref-1")).await.unwrap());
    assert_eq!(store.find_grant(&key).await.unwrap(), None);
}
