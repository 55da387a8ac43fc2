use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{any_grant_id, connected, found, key, new_grant, of_twenty, pending, person, state_of, tokens},
};
use crate::{
    clock::Chance,
    domain::{FlowPhase, Grant, GrantKey, NewRevocation, Revocation, RevocationId, Sealed},
    storage::{Ageing, FlowStore, GrantStore, RefreshStore, RevocationStore, Store, StoreError},
    timing::{REVOCATION_CLAIM, REVOCATION_LIFETIME},
};

/// An entry that holds these, access token first, due at once or after a pause.
pub(super) fn entry(key: &GrantKey, [access, refresh]: [Option<Sealed>; 2], pause: TimeDelta) -> NewRevocation {
    NewRevocation {
        id: RevocationId(Chance::from_system().uuid()),
        key: key.clone(),
        grant: any_grant_id(),
        issuer: "https://idp.example".into(),
        client_id: "client".into(),
        redirect_uri: "https://us.example/callback".into(),
        refresh_token: refresh,
        access_token: access,
        pause,
    }
}

fn new(key: &GrantKey, pause: TimeDelta) -> NewRevocation {
    entry(key, [b"access".as_slice(), b"refresh"].map(|token| Some(Sealed(token.to_vec()))), pause)
}

fn taken(new: &NewRevocation, attempt: i64, is_last: bool) -> Revocation {
    let new = new.clone();
    Revocation {
        id: new.id,
        key: new.key,
        grant: new.grant,
        issuer: new.issuer,
        client_id: new.client_id,
        redirect_uri: new.redirect_uri,
        refresh_token: new.refresh_token,
        access_token: new.access_token,
        attempt,
        is_last,
    }
}

async fn take(store: &impl Store) -> Option<Revocation> {
    store.take_revocation().await.unwrap()
}

pub async fn a_disconnect_queues_what_it_forgets_in_the_same_transaction(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let grant = connected(&store, &key).await;
    let end = new(&key, TimeDelta::zero());
    let seen = |grant: &Grant| Some((grant.id, grant.version));

    let conflict = |answer| assert!(matches!(answer, Err(StoreError::Conflict)), "{answer:?}");
    conflict(store.disconnect(&key, None, None).await);
    conflict(store.disconnect(&key, Some((any_grant_id(), grant.version)), Some(&end)).await);
    store.rotate(grant.id, grant.version, &tokens("two")).await.unwrap();
    conflict(store.disconnect(&key, seen(&grant), Some(&end)).await);
    assert_eq!((store.count_revocations().await.unwrap(), found(&store, &key).await.id), (0, grant.id));

    let newer = found(&store, &key).await;
    store.disconnect(&key, seen(&newer), Some(&end)).await.unwrap();
    assert_eq!(store.find_grant(&key).await.unwrap(), None);
    assert_eq!(take(&store).await, Some(taken(&end, 1, false)));

    // What the queue refuses is not forgotten either.
    let again = connected(&store, &key).await;
    assert!(store.disconnect(&key, seen(&again), Some(&end)).await.is_err(), "the name is taken");
    assert_eq!(found(&store, &key).await, again);
}

pub async fn a_disconnect_of_nothing_still_cancels_a_sign_in_under_way(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let flow = pending(&store, &key).await;
    store.disconnect(&key, None, None).await.unwrap();
    assert_eq!(store.find_flow(flow, &key.principal).await.unwrap().unwrap().phase, FlowPhase::Cancelled);
    assert!(!store.consume(flow, &state_of(flow)).await.unwrap());
    assert!(!store.complete(&new_grant(&key, flow)).await.unwrap());
}

pub async fn an_entry_is_taken_by_one_at_a_time_however_many_ask(database: &impl Database) {
    let stores = [&database.open().await, &database.open().await];
    let key = key(&person(stores[0], "alice").await, "incidents");
    stores[0].queue_revocation(&new(&key, TimeDelta::zero())).await.unwrap();
    let got = of_twenty(stores, |_, store| async move { take(&store).await.is_some() }).await;
    assert_eq!(got, 1);
}

pub async fn who_queues_an_entry_with_a_pause_has_the_first_attempt(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let entry = new(&key, REVOCATION_CLAIM);
    store.queue_revocation(&entry).await.unwrap();
    assert_eq!(take(&store).await, None);
    store.age(REVOCATION_CLAIM).await.unwrap();
    assert_eq!(take(&store).await, Some(taken(&entry, 2, false)), "whoever queued it died over it");
}

pub async fn an_entry_comes_again_after_its_pause_and_only_the_last_attempt_sets_it(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let entry = new(&key, TimeDelta::zero());
    store.queue_revocation(&entry).await.unwrap();
    assert_eq!(take(&store).await.unwrap().attempt, 1);
    store.age(REVOCATION_CLAIM).await.unwrap();
    assert_eq!(take(&store).await.unwrap().attempt, 2, "the first one took too long");
    store.postpone_revocation(entry.id, 1, TimeDelta::zero()).await.unwrap();
    assert_eq!(take(&store).await, None, "and has no say any more");
    store.postpone_revocation(entry.id, 2, TimeDelta::minutes(10)).await.unwrap();
    store.age(TimeDelta::minutes(9)).await.unwrap();
    assert_eq!(take(&store).await, None);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(take(&store).await.unwrap().attempt, 3);
    assert!(store.end_revocation(entry.id).await.unwrap());
    assert!(!store.end_revocation(entry.id).await.unwrap());
    store.age(REVOCATION_LIFETIME).await.unwrap();
    assert_eq!(take(&store).await, None);
}

pub async fn the_attempt_after_a_week_is_told_to_be_the_last(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let entry = new(&key, TimeDelta::zero());
    store.queue_revocation(&entry).await.unwrap();
    store.age(REVOCATION_LIFETIME - TimeDelta::seconds(30)).await.unwrap();
    assert!(!take(&store).await.unwrap().is_last);
    store.age(REVOCATION_CLAIM).await.unwrap();
    assert_eq!(take(&store).await, Some(taken(&entry, 2, true)));
}

pub async fn those_that_waited_longest_come_first(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let entries = [new(&key, TimeDelta::zero()), new(&key, TimeDelta::zero())];
    store.queue_revocation(&entries[0]).await.unwrap();
    store.age(TimeDelta::seconds(1)).await.unwrap();
    store.queue_revocation(&entries[1]).await.unwrap();
    let order = [take(&store).await.unwrap().id, take(&store).await.unwrap().id];
    assert_eq!(order, [entries[0].id, entries[1].id]);
    assert_eq!(store.count_revocations().await.unwrap(), 2, "taken entries are still there");
}
