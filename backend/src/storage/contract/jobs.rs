use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{connected, key, person, principal},
};
use crate::{
    domain::{JobId, JobOrigin, JobReference, JobTimes, NewJobReference, PrincipalId, ServerId},
    storage::{Ageing, GrantStore, JobStore, StoreError},
};

pub(super) fn new_job(id: &str, owner: &PrincipalId, servers: &[&str]) -> NewJobReference {
    NewJobReference {
        id: JobId(id.into()),
        principal: owner.clone(),
        servers: servers.iter().map(|server| ServerId((*server).into())).collect(),
        origin: JobOrigin::Gate,
        lifetime: TimeDelta::hours(1),
    }
}

/// To a store these are bytes. They show what they were made of.
pub(super) fn any_mac(job: &NewJobReference, times: JobTimes) -> Vec<u8> {
    format!("mac of {} {} {}", job.id, times.created_at.timestamp_millis(), times.ends_at.timestamp_millis())
        .into_bytes()
}

pub async fn a_job_reads_back_as_it_was_stored(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let new = NewJobReference { origin: JobOrigin::Worker, ..new_job("one", &alice, &["wiki", "incidents"]) };
    let before = store.connections_of(&alice).await.unwrap().now;
    store.insert_job(&new, &any_mac).await.unwrap();
    let after = store.connections_of(&alice).await.unwrap().now;

    let job = store.find_job(&new.id).await.unwrap().unwrap();
    assert!((before + new.lifetime..=after + new.lifetime).contains(&job.ends_at));
    let times = JobTimes { created_at: job.created_at, ends_at: job.ends_at };
    let expected = JobReference {
        id: new.id.clone(),
        principal: alice,
        sub: "alice".into(),
        servers: new.servers.clone(),
        origin: new.origin,
        lifetime: new.lifetime,
        created_at: job.ends_at - new.lifetime,
        ends_at: job.ends_at,
        is_alive: true,
        mac: any_mac(&new, times),
    };
    assert_eq!(job, expected);
    assert_eq!(store.find_job(&JobId("two".into())).await.unwrap(), None);
}

pub async fn a_job_lives_until_it_is_ended(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (one, two) = (new_job("one", &alice, &[]), new_job("two", &alice, &[]));
    store.insert_job(&one, &any_mac).await.unwrap();
    store.insert_job(&two, &any_mac).await.unwrap();
    for is_news in [true, false] {
        assert_eq!(store.end_job(&one.id).await.unwrap(), is_news);
        assert!(!store.find_job(&one.id).await.unwrap().unwrap().is_alive);
    }
    assert!(store.find_job(&two.id).await.unwrap().unwrap().is_alive);
    assert!(!store.end_job(&JobId("none".into())).await.unwrap());
}

pub async fn a_job_lives_until_its_time_is_over(database: &impl Database) {
    let store = database.open().await;
    let job = new_job("one", &person(&store, "alice").await, &["wiki"]);
    store.insert_job(&job, &any_mac).await.unwrap();
    store.age(job.lifetime - TimeDelta::minutes(1)).await.unwrap();
    assert!(store.find_job(&job.id).await.unwrap().unwrap().is_alive);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    assert!(!store.find_job(&job.id).await.unwrap().unwrap().is_alive);
    let both = store.find_job_and_grant(&job.id, &ServerId("wiki".into())).await.unwrap().unwrap();
    assert!(!both.job.is_alive && both.job.ends_at <= both.now);
}

pub async fn a_job_finds_the_grant_of_its_owner_and_of_nobody_else(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    connected(&store, &key(&bob, "incidents")).await;
    let hers = connected(&store, &key(&alice, "wiki")).await;
    let job = new_job("one", &alice, &["incidents", "wiki"]);
    store.insert_job(&job, &any_mac).await.unwrap();

    let ask = async |server: &str| store.find_job_and_grant(&job.id, &server.into()).await.unwrap().unwrap();
    let incidents = ask("incidents").await;
    assert_eq!((incidents.job.id, incidents.job.sub, incidents.grant), (job.id.clone(), "alice".to_owned(), None));
    let wiki = ask("wiki").await;
    assert_eq!(wiki.grant, Some(hers));
    assert_eq!(store.find_job(&job.id).await.unwrap(), Some(wiki.job));
    assert!(store.find_job_and_grant(&JobId("two".into()), &"wiki".into()).await.unwrap().is_none());
}

pub async fn a_job_id_is_taken_once(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    store.insert_job(&new_job("one", &alice, &["wiki"]), &any_mac).await.unwrap();
    let again = store.insert_job(&new_job("one", &bob, &["incidents"]), &any_mac).await;
    assert!(matches!(again, Err(StoreError::Impossible { .. })), "{again:?}");
    assert_eq!(store.find_job(&JobId("one".into())).await.unwrap().unwrap().sub, "alice");
}

pub async fn a_job_of_somebody_unknown_is_refused(database: &impl Database) {
    let store = database.open().await;
    let refused = store.insert_job(&new_job("one", &principal("nobody").id(), &[]), &any_mac).await;
    assert!(matches!(refused, Err(StoreError::Impossible { .. })), "{refused:?}");
}

pub async fn only_living_jobs_that_may_use_the_server_are_counted(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    store.insert_job(&new_job("over", &alice, &["wiki"]), &any_mac).await.unwrap();
    store.age(TimeDelta::hours(1)).await.unwrap();
    store.insert_job(&new_job("ended", &alice, &["wiki"]), &any_mac).await.unwrap();
    store.end_job(&JobId("ended".into())).await.unwrap();
    store.insert_job(&new_job("hers", &alice, &["incidents", "wiki"]), &any_mac).await.unwrap();
    store.insert_job(&new_job("hers too", &alice, &["wiki"]), &any_mac).await.unwrap();
    store.insert_job(&new_job("another server", &alice, &["wikis"]), &any_mac).await.unwrap();
    store.insert_job(&new_job("another person", &bob, &["wiki"]), &any_mac).await.unwrap();

    let count = async |who, server| store.count_living_jobs(&key(who, server)).await.unwrap();
    assert_eq!(count(&alice, "wiki").await, 2);
    assert_eq!(count(&alice, "incidents").await, 1);
    assert_eq!(count(&bob, "incidents").await, 0);
}
