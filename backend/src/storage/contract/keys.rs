use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{connected, disconnect, key, pending, person},
    jobs::new_job,
};
use crate::{
    domain::{Grant, GrantTokens, JobId, KeyId, KeyState, Removal, Replica, Sealed, SealedPlace, SealedTable},
    storage::{Ageing, FlowStore, GrantStore, JobStore, KeyStore, RefreshStore, RegistrationStore, Store},
    timing::{KEY_REST, REPLICA_LIFETIME},
};

pub(super) const OLD: KeyId = KeyId([1; 8]);
pub(super) const NEW: KeyId = KeyId([2; 8]);

/// To a store a sealed value is a byte, the id of a key, and something.
pub(super) fn sealed(key: KeyId, text: &str) -> Sealed {
    Sealed([&[1], key.0.as_slice(), text.as_bytes()].concat())
}

fn tokens(key: KeyId, text: &str) -> GrantTokens {
    GrantTokens {
        access_token: sealed(key, &format!("access {text}")),
        refresh_token: Some(sealed(key, &format!("refresh {text}"))),
        expires_in: Some(TimeDelta::hours(1)),
        scopes: Vec::new(),
    }
}

/// A grant whose tokens are sealed with this key.
async fn sealed_grant(store: &impl Store, principal: &crate::domain::PrincipalId, server: &str, id: KeyId) -> Grant {
    let grant = connected(store, &key(principal, server)).await;
    store.rotate(grant.id, grant.version, &tokens(id, "one")).await.unwrap();
    store.find_grant(&grant.key).await.unwrap().unwrap()
}

async fn states(store: &impl KeyStore) -> Vec<(KeyId, KeyState)> {
    store.key_book().await.unwrap().keys.iter().map(|key| (key.id, key.state)).collect()
}

pub async fn of_twenty_that_start_at_once_one_names_the_active_key(database: &impl Database) {
    let store = database.open().await;
    let starts: Vec<_> = (1..=20)
        .map(|byte| {
            let store = store.clone();
            tokio::spawn(async move {
                let new = store.introduce_keys(&[KeyId([byte; 8]), KeyId([99; 8])]).await.unwrap();
                (new, store.active_key().await.unwrap().unwrap())
            })
        })
        .collect();
    let (mut seen, mut added, mut activated) = (Vec::new(), Vec::new(), Vec::new());
    for start in starts {
        let (new, active) = start.await.unwrap();
        seen.push(active);
        added.extend(new.added);
        activated.extend(new.activated);
    }
    let active = store.active_key().await.unwrap().unwrap();
    assert_ne!(active, KeyId([99; 8]), "the first of somebody's keys");
    assert!(seen.iter().all(|id| *id == active), "{seen:?}");
    assert_eq!(activated, [active], "one is told that it was the first");
    added.sort();
    assert_eq!(added, (1..=20).chain([99]).map(|byte| KeyId([byte; 8])).collect::<Vec<_>>(), "each is news once");
    assert_eq!(states(&store).await.iter().filter(|(_, state)| *state == KeyState::Added).count(), 20);
    let late = store.introduce_keys(&[KeyId([77; 8])]).await.unwrap();
    assert_eq!((late.added, late.activated), (vec![KeyId([77; 8])], None));
    assert_eq!(store.active_key().await.unwrap(), Some(active), "whoever comes later changes nothing");
}

pub async fn activating_a_key_retires_the_one_before(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(store.active_key().await.unwrap(), None);
    store.introduce_keys(&[OLD, NEW]).await.unwrap();
    assert_eq!(states(&store).await, [(OLD, KeyState::Active), (NEW, KeyState::Added)]);
    assert!(store.activate_key(NEW).await.unwrap());
    assert!(store.activate_key(NEW).await.unwrap(), "twice is no error");
    assert_eq!(states(&store).await, [(OLD, KeyState::Retired), (NEW, KeyState::Active)]);
    assert!(!store.activate_key(KeyId([9; 8])).await.unwrap(), "nobody has heard of it");
    let book = store.key_book().await.unwrap();
    let (old, new) = (book.find(OLD).unwrap(), book.find(NEW).unwrap());
    assert!(old.retired_at.is_some() && new.retired_at.is_none() && new.activated_at >= old.activated_at);
    assert!(store.activate_key(OLD).await.unwrap(), "and back");
    assert_eq!(store.key_book().await.unwrap().find(OLD).unwrap().retired_at, None);
}

pub async fn a_key_is_removed_when_it_has_rested_and_nothing_needs_it(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    store.introduce_keys(&[OLD, NEW]).await.unwrap();
    let grant = sealed_grant(&store, &alice, "wiki", OLD).await;
    let job = new_job("one", &alice, &["wiki"]);
    store.insert_job(&job, &|_, _| [OLD.0.as_slice(), b"tag"].concat()).await.unwrap();
    assert_eq!(store.remove_key(OLD, false).await.unwrap(), Removal::Active);
    assert_eq!(store.remove_key(OLD, true).await.unwrap(), Removal::Active, "never");
    assert_eq!(store.remove_key(KeyId([9; 8]), false).await.unwrap(), Removal::Unknown);

    store.activate_key(NEW).await.unwrap();
    let Removal::Used(used) = store.remove_key(OLD, false).await.unwrap() else { panic!("it is used") };
    let used: Vec<_> = used.iter().map(|used| (used.table.as_str(), used.rows, used.until.is_some())).collect();
    assert_eq!(used, [("grants", 1, false), ("jobs", 1, true)]);

    disconnect(&store, &grant.key).await;
    assert!(matches!(store.remove_key(OLD, false).await.unwrap(), Removal::Used(_)), "a living job");
    store.end_job(&job.id).await.unwrap();
    assert!(matches!(store.remove_key(OLD, false).await.unwrap(), Removal::TooSoon { .. }));
    store.age(KEY_REST).await.unwrap();
    assert_eq!(store.remove_key(OLD, false).await.unwrap(), Removal::Removed);
    assert_eq!(store.remove_key(OLD, false).await.unwrap(), Removal::Removed, "twice is no error");
    assert!(!store.activate_key(OLD).await.unwrap(), "it does not come back");
    assert_eq!(states(&store).await, [(OLD, KeyState::Removed), (NEW, KeyState::Active)]);
}

pub async fn a_key_that_is_lost_is_removed_although_something_needs_it(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    store.introduce_keys(&[OLD, NEW]).await.unwrap();
    sealed_grant(&store, &alice, "wiki", OLD).await;
    store.activate_key(NEW).await.unwrap();
    assert_eq!(store.remove_key(OLD, true).await.unwrap(), Removal::Removed);
    assert_eq!(store.count_by_key().await.unwrap().len(), 1, "what it sealed stays");
}

pub async fn rows_are_counted_by_every_key_that_they_need(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let count = async || {
        let uses = store.count_by_key().await.unwrap().into_iter();
        uses.map(|used| format!("{} {} {}", used.table, &used.key[..2], used.rows)).collect::<Vec<_>>()
    };
    assert_eq!(count().await, Vec::<String>::new());
    sealed_grant(&store, &alice, "wiki", OLD).await;
    let mixed = sealed_grant(&store, &alice, "incidents", NEW).await;
    let tokens = GrantTokens { access_token: sealed(OLD, "access"), ..tokens(NEW, "two") };
    store.rotate(mixed.id, mixed.version, &tokens).await.unwrap();
    let registration = crate::domain::Registration {
        issuer: "https://idp.example".into(),
        redirect_uri: "https://us.example/callback".into(),
        client_id: "us".into(),
        client_secret: Some(sealed(NEW, "secret")),
        auth: crate::domain::ClientAuth::Basic,
    };
    store.keep_registration(&registration).await.unwrap();
    let without = crate::domain::Registration { issuer: "https://b".into(), client_secret: None, ..registration };
    store.keep_registration(&without).await.unwrap();
    store.insert_job(&new_job("one", &alice, &[]), &|_, _| OLD.0.to_vec()).await.unwrap();
    store.insert_job(&new_job("two", &alice, &[]), &|_, _| OLD.0.to_vec()).await.unwrap();
    store.end_job(&JobId("two".into())).await.unwrap();
    assert_eq!(count().await, ["grants 01 2", "grants 02 1", "jobs 01 1", "registrations 02 1"]);
}

pub async fn a_walk_finds_what_is_sealed_otherwise_page_by_page(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    for server in ["a", "b", "c"] {
        sealed_grant(&store, &alice, server, OLD).await;
    }
    sealed_grant(&store, &alice, "d", NEW).await;
    let (mut cursor, mut found) = (String::new(), Vec::new());
    loop {
        let rows = store.sealed_otherwise(SealedTable::Grants, NEW, &cursor, 2).await.unwrap();
        let Some(last) = rows.last() else { break };
        cursor.clone_from(&last.cursor);
        for row in rows {
            let SealedPlace::Grant { id, key, issuer, version } = row.place else { panic!("a grant") };
            let grant = store.find_grant(&key).await.unwrap().unwrap();
            assert_eq!((id, &issuer, version), (grant.id, &grant.issuer, grant.version));
            assert_eq!(row.values, [Some(grant.access_token), grant.refresh_token]);
            found.push(key.server.0);
        }
    }
    found.sort();
    assert_eq!(found, ["a", "b", "c"]);
    // Verifiers of flows that can still be finished, and of no others.
    let open = pending(&store, &key(&alice, "a")).await;
    let over = pending(&store, &key(&alice, "a")).await;
    store.end_flow(over, crate::domain::FlowPhase::Cancelled, None).await.unwrap();
    let flows = store.sealed_otherwise(SealedTable::Flows, NEW, "", 10).await.unwrap();
    let places: Vec<_> = flows.into_iter().map(|row| row.place).collect();
    assert_eq!(places, [SealedPlace::Flow { id: open, principal: alice }]);
}

pub async fn resealing_replaces_exactly_what_was_read_or_nothing(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (first, second) = (sealed(NEW, "first"), sealed(NEW, "second"));
    let anew = [Some(first.clone()), Some(second.clone())];
    let row_of = async || store.sealed_otherwise(SealedTable::Grants, NEW, "", 1).await.unwrap().remove(0);

    let grant = sealed_grant(&store, &alice, "wiki", OLD).await;
    let row = row_of().await;
    assert!(store.reseal(&row, &anew).await.unwrap());
    let after = store.find_grant(&grant.key).await.unwrap().unwrap();
    let expected = Grant { access_token: first.clone(), refresh_token: Some(second.clone()), ..grant.clone() };
    assert_eq!(after, expected, "nothing else changes, the version neither");
    assert!(!store.reseal(&row, &anew).await.unwrap(), "it is not what was read any more");

    // A refresh, a disconnect and a reconnect that come first win.
    store.rotate(grant.id, grant.version, &tokens(OLD, "two")).await.unwrap();
    let row = row_of().await;
    store.rotate(grant.id, grant.version.next(), &tokens(OLD, "three")).await.unwrap();
    assert!(!store.reseal(&row, &anew).await.unwrap());
    let row = row_of().await;
    disconnect(&store, &grant.key).await;
    assert!(!store.reseal(&row, &anew).await.unwrap());
    assert_eq!(store.find_grant(&grant.key).await.unwrap(), None);
    let again = sealed_grant(&store, &alice, "wiki", OLD).await;
    assert!(!store.reseal(&row, &anew).await.unwrap());
    assert_eq!(store.find_grant(&grant.key).await.unwrap(), Some(again));
}

pub async fn a_refresh_that_overlaps_a_resealing_is_stored(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let grant = sealed_grant(&store, &alice, "wiki", OLD).await;
    let row = store.sealed_otherwise(SealedTable::Grants, NEW, "", 1).await.unwrap().remove(0);
    assert!(store.reseal(&row, &[Some(sealed(NEW, "a")), Some(sealed(NEW, "r"))]).await.unwrap());
    store.rotate(grant.id, grant.version, &tokens(NEW, "late")).await.unwrap();
    let stored = store.find_grant(&grant.key).await.unwrap().unwrap();
    assert_eq!((stored.version, stored.access_token), (grant.version.next(), sealed(NEW, "access late")));
}

pub async fn a_process_counts_as_long_as_it_says_so(database: &impl Database) {
    let store = database.open().await;
    store.beat("one", &[OLD]).await.unwrap();
    store.age(REPLICA_LIFETIME - TimeDelta::seconds(2)).await.unwrap();
    store.beat("two", &[OLD, NEW]).await.unwrap();
    let replica = |name: &str, holds: &[KeyId]| Replica { name: name.into(), holds: holds.to_vec() };
    let book = store.key_book().await.unwrap();
    assert_eq!(book.replicas, [replica("one", &[OLD]), replica("two", &[OLD, NEW])]);
    assert!(book.is_held_somewhere(NEW) && book.without(NEW) == [&replica("one", &[OLD])]);
    store.age(TimeDelta::seconds(2)).await.unwrap();
    assert_eq!(store.key_book().await.unwrap().replicas, [replica("two", &[OLD, NEW])]);
    store.beat("two", &[NEW]).await.unwrap();
    assert_eq!(store.key_book().await.unwrap().replicas, [replica("two", &[NEW])]);
}
