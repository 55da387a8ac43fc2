use chrono::TimeDelta;

use super::{Database, fixtures::principal};
use crate::{
    domain::{AuditFilter, AuditRecord},
    storage::{Ageing, AuditStore, Store, StoreError},
};

/// A record as a writer would make it, but with a tag that only looks like one.
async fn record(store: &impl Store, chain: &str, number: i64) -> AuditRecord {
    AuditRecord {
        chain: chain.into(),
        number,
        recorded_at: store.audit_state().await.unwrap().now,
        kind: "connected".into(),
        principal: Some(principal("alice").id().0),
        server: Some("incidents".into()),
        grant: Some("7c9e6679-0000-4000-8000-000000000001".into()),
        version: Some(1),
        job: Some("job".into()),
        reference: Some("4f1a09c2".into()),
        detail: r#"{"issuer":"https://idp.example"}"#.into(),
        swept_before: None,
        follows: (number == 1).then(|| ("another".into(), 7)),
        previous: Some((chrono::DateTime::UNIX_EPOCH, vec![1, 2])),
        mac: vec![3; 40],
    }
}

async fn appended(store: &impl Store, chain: &str, number: i64) -> AuditRecord {
    let record = record(store, chain, number).await;
    store.append_audit(std::slice::from_ref(&record)).await.unwrap();
    record
}

async fn all(store: &impl Store) -> Vec<AuditRecord> {
    store.audit_page(("", 0), 1_000).await.unwrap()
}

pub async fn an_audit_record_reads_back_as_it_was_written(database: &impl Database) {
    let store = database.open().await;
    let full = appended(&store, "a", 1).await;
    let bare = AuditRecord {
        number: 2,
        principal: None,
        server: None,
        grant: None,
        version: None,
        job: None,
        reference: None,
        follows: None,
        previous: None,
        ..full.clone()
    };
    let sweep = AuditRecord { number: 3, swept_before: Some(full.recorded_at), ..bare.clone() };
    store.append_audit(&[bare.clone(), sweep.clone()]).await.unwrap();
    assert_eq!(all(&store).await, [full.clone(), bare, sweep.clone()]);
    let state = store.audit_state().await.unwrap();
    assert_eq!((state.oldest, state.swept_before), (Some(full.recorded_at), Some(full.recorded_at)));
    assert_eq!(state.newest, Some(sweep));
}

pub async fn an_audit_trail_without_records_still_tells_the_time(database: &impl Database) {
    let store = database.open().await;
    let state = store.audit_state().await.unwrap();
    assert_eq!((state.newest, state.oldest, state.swept_before), (None, None, None));
    assert!(state.now > chrono::DateTime::UNIX_EPOCH);
}

pub async fn what_was_appended_once_stays_whatever_is_appended_in_its_place(database: &impl Database) {
    let store = database.open().await;
    let first = appended(&store, "a", 1).await;
    let other = AuditRecord { kind: "forged".into(), ..first.clone() };
    let next = AuditRecord { number: 2, ..first.clone() };
    store.append_audit(&[other, next.clone()]).await.unwrap();
    assert_eq!(all(&store).await, [first, next]);
}

pub async fn records_are_filtered_and_the_newest_of_them_come_last(database: &impl Database) {
    let store = database.open().await;
    let old = appended(&store, "a", 1).await;
    store.age(TimeDelta::hours(2)).await.unwrap();
    let mut other = record(&store, "a", 2).await;
    other.principal = Some(principal("bob").id().0);
    (other.server, other.grant, other.job) = (Some("wiki".into()), Some("g".into()), Some("j".into()));
    other.kind = "refreshed".into();
    let newest = record(&store, "a", 3).await;
    store.append_audit(&[other.clone(), newest.clone()]).await.unwrap();

    let any = AuditFilter { limit: 10, ..AuditFilter::default() };
    let numbers = async |filter: AuditFilter| -> Vec<i64> {
        store.audit_matching(&filter).await.unwrap().iter().map(|record| record.number).collect()
    };
    assert_eq!(numbers(any.clone()).await, [1, 2, 3]);
    assert_eq!(numbers(AuditFilter { limit: 2, ..any.clone() }).await, [2, 3]);
    assert_eq!(numbers(AuditFilter { newer_than: Some(TimeDelta::hours(1)), ..any.clone() }).await, [2, 3]);
    assert_eq!(numbers(AuditFilter { principal: Some(principal("bob").id()), ..any.clone() }).await, [2]);
    assert_eq!(numbers(AuditFilter { server: Some("wiki".into()), ..any.clone() }).await, [2]);
    assert_eq!(numbers(AuditFilter { grant: old.grant, ..any.clone() }).await, [1, 3]);
    assert_eq!(numbers(AuditFilter { job: Some("j".into()), ..any.clone() }).await, [2]);
    assert_eq!(numbers(AuditFilter { kind: Some("refreshed".into()), ..any }).await, [2]);
}

pub async fn a_page_goes_on_after_any_record_by_chain_and_number(database: &impl Database) {
    let store = database.open().await;
    for (chain, number) in [("b", 1), ("a", 1), ("a", 2), ("a", 10)] {
        appended(&store, chain, number).await;
    }
    let page = async |after, limit| -> Vec<(String, i64)> {
        let page = store.audit_page(after, limit).await.unwrap();
        page.into_iter().map(|record| (record.chain, record.number)).collect()
    };
    assert_eq!(page(("", 0), 2).await, [("a".into(), 1), ("a".into(), 2)]);
    assert_eq!(page(("a", 2), 9).await, [("a".into(), 10), ("b".into(), 1)]);
    assert_eq!(page(("b", 1), 9).await, []);
}

pub async fn records_go_only_after_another_one_says_so_and_in_batches(database: &impl Database) {
    let store = database.open().await;
    for number in 1..=5 {
        appended(&store, "a", number).await;
    }
    assert_eq!(store.sweep_audit(10).await.unwrap(), 0, "no record says that anything may go");
    store.age(TimeDelta::days(2)).await.unwrap();
    let mut sweep = record(&store, "a", 6).await;
    sweep.swept_before = Some(sweep.recorded_at - TimeDelta::days(1));
    store.append_audit(std::slice::from_ref(&sweep)).await.unwrap();
    assert_eq!(store.sweep_audit(3).await.unwrap(), 3);
    assert_eq!(store.sweep_audit(3).await.unwrap(), 2);
    assert_eq!(store.sweep_audit(3).await.unwrap(), 0);
    assert_eq!(all(&store).await, [sweep]);
}

pub async fn all_records_of_a_batch_are_stored_or_none(database: &impl Database) {
    let store = database.open().await;
    let good = record(&store, "a", 1).await;
    let bad = AuditRecord { number: 0, ..good.clone() };
    let refused = store.append_audit(&[good, bad]).await;
    assert!(matches!(refused, Err(StoreError::Impossible { .. })), "{refused:?}");
    assert_eq!(all(&store).await, []);
}
