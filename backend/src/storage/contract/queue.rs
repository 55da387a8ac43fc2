//! Sealing anew what waits for its provider to end it.

use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{key, person},
    keys::{NEW, OLD, sealed},
    revocations::entry,
};
use crate::{
    domain::{Removal, SealedPlace, SealedRow, SealedTable},
    storage::{KeyStore, RevocationStore, Store},
    timing::REVOCATION_CLAIM,
};

async fn otherwise(store: &impl Store) -> Vec<SealedRow> {
    store.sealed_otherwise(SealedTable::Revocations, NEW, "", 100).await.unwrap()
}

pub async fn an_entry_is_sealed_anew_over_exactly_what_was_read_taken_or_not(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "wiki");
    let (old, new) = (|text: &str| Some(sealed(OLD, text)), |text: &str| Some(sealed(NEW, text)));
    let whole = entry(&key, [old("access"), old("refresh")], TimeDelta::zero());
    let half = entry(&key, [None, old("alone")], REVOCATION_CLAIM);
    let mixed = entry(&key, [old("mixed"), new("mixed")], REVOCATION_CLAIM);
    let done = entry(&key, [new("done"), None], REVOCATION_CLAIM);
    for one in [&whole, &half, &mixed, &done] {
        store.queue_revocation(one).await.unwrap();
    }
    let rows = otherwise(&store).await;
    let mut found: Vec<_> = rows.iter().map(|row| (row.place.clone(), row.values.clone())).collect();
    let mut expected: Vec<_> = [&whole, &half, &mixed]
        .map(|one| {
            let place = SealedPlace::Revocation { id: one.id, issuer: one.issuer.clone() };
            (place, [one.access_token.clone(), one.refresh_token.clone()])
        })
        .into();
    let by_name = |(place, _): &(SealedPlace, _)| format!("{place:?}");
    found.sort_by_key(by_name);
    expected.sort_by_key(by_name);
    assert_eq!(found, expected);

    let row_of = |id| rows.iter().find(|row| matches!(row.place, SealedPlace::Revocation { id: of, .. } if of == id));
    let row = row_of(whole.id).unwrap();
    let taken = store.take_revocation().await.unwrap().unwrap();
    assert_eq!(taken.id, whole.id);
    let anew = [new("access"), new("refresh")];
    assert!(store.reseal(row, &anew).await.unwrap(), "whoever has taken it has read what it needs");
    assert!(!store.reseal(row, &anew).await.unwrap(), "it is not what was read any more");
    store.postpone_revocation(taken.id, taken.attempt, TimeDelta::zero()).await.unwrap();
    let again = store.take_revocation().await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (whole.id, 2));
    assert_eq!([again.access_token, again.refresh_token], anew);

    let row = row_of(half.id).unwrap();
    assert!(store.end_revocation(half.id).await.unwrap());
    assert!(!store.reseal(row, &[None, new("alone")]).await.unwrap(), "what is over does not come back");
    assert_eq!(store.count_revocations().await.unwrap(), 3);
}

pub async fn entries_that_are_taken_while_they_are_sealed_anew_are_both(database: &impl Database) {
    const MANY: usize = 10;
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "wiki");
    for _ in 0..MANY {
        let one = entry(&key, [Some(sealed(OLD, "access")), None], TimeDelta::zero());
        store.queue_revocation(&one).await.unwrap();
    }
    let (mut asking, mut reseals) = (Vec::new(), Vec::new());
    for row in otherwise(&store).await {
        let (here, there) = (store.clone(), store.clone());
        asking.push(tokio::spawn(async move {
            for _ in 0..1_000 {
                if let Some(one) = here.take_revocation().await.unwrap() {
                    return Some(one);
                }
                // A row that is being written at this moment is passed over, and due at the next look.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            None
        }));
        reseals
            .push(tokio::spawn(async move { there.reseal(&row, &[Some(sealed(NEW, "access")), None]).await.unwrap() }));
    }
    let mut taken = std::collections::HashSet::new();
    for asked in asking {
        let one = asked.await.unwrap().expect("one for everybody");
        let value = one.access_token.unwrap();
        assert!(value == sealed(OLD, "access") || value == sealed(NEW, "access"));
        assert!(one.attempt == 1 && taken.insert(one.id), "once");
    }
    for reseal in reseals {
        assert!(reseal.await.unwrap(), "taking an entry changes nothing of what is sealed");
    }
    assert_eq!((taken.len(), otherwise(&store).await), (MANY, Vec::new()));
    assert_eq!(store.take_revocation().await.unwrap(), None, "still theirs who took them");
}

pub async fn an_entry_is_counted_by_every_key_that_it_needs_and_holds_it_back(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "wiki");
    store.introduce_keys(&[OLD, NEW]).await.unwrap();
    let mixed = entry(&key, [Some(sealed(OLD, "access")), Some(sealed(NEW, "refresh"))], REVOCATION_CLAIM);
    let plain = entry(&key, [Some(sealed(OLD, "access")), Some(sealed(OLD, "refresh"))], REVOCATION_CLAIM);
    for one in [&mixed, &plain] {
        store.queue_revocation(one).await.unwrap();
    }
    let uses = store.count_by_key().await.unwrap();
    let counts: Vec<_> = uses.iter().map(|used| (used.table.as_str(), used.key.as_str(), used.rows)).collect();
    let (old, new) = (OLD.to_string(), NEW.to_string());
    assert_eq!(counts, [("revocations", old.as_str(), 2), ("revocations", new.as_str(), 1)]);
    assert!(uses.iter().all(|used| used.until.is_some()), "it is given up after a week");
    store.activate_key(NEW).await.unwrap();
    assert!(matches!(store.remove_key(OLD, false).await.unwrap(), Removal::Used(_)));
    for row in otherwise(&store).await {
        assert!(store.reseal(&row, &[Some(sealed(NEW, "access")), Some(sealed(NEW, "refresh"))]).await.unwrap());
    }
    assert!(matches!(store.remove_key(OLD, false).await.unwrap(), Removal::TooSoon { .. }), "nothing needs it");
}
