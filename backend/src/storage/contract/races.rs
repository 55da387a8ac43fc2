//! What several processes do at the same time, over two connections to one database.

use std::collections::BTreeSet;

use super::{
    Database,
    fixtures::{
        announced, connected, disconnect, exchanging, found, key, new_grant, of_twenty, person, started, state_of,
        tokens,
    },
    waits::{RULES, job, open, wait, words},
};
use crate::{
    domain::{GrantKey, JobId, WaitRules},
    storage::{Ageing, FlowStore, GrantStore, RefreshStore, Store, WaitStore},
};

/// Enough places for all.
const ROOM: WaitRules = WaitRules { most: 99, ..RULES };

pub async fn a_callback_and_a_disconnect_at_once_leave_no_grant(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let key = key(&person(&store, "alice").await, "incidents");
    for had_one in [false, true, true, true, false, true, true, true] {
        if had_one {
            connected(&store, &key).await;
        }
        let new = new_grant(&key, exchanging(&store, &key).await);
        let (stored, gone) = tokio::join!(store.complete(&new), disconnect(&other, &key));
        // Whoever was first: what a disconnect does not take away, it prevents.
        let (stored, gone) = (stored.unwrap(), gone.map(|grant| grant.id));
        assert_eq!(store.find_grant(&key).await.unwrap(), None, "stored: {stored}, taken away: {gone:?}");
        assert_eq!(gone.is_some_and(|gone| gone == new.id), stored, "what was stored is what was taken away");
    }
}

pub async fn callbacks_at_once_leave_the_grant_of_one_of_them(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let key = key(&person(&store, "alice").await, "incidents");
    let mut grants = Vec::new();
    for _ in 0..20 {
        grants.push(new_grant(&key, exchanging(&store, &key).await));
    }
    let brought = grants.clone();
    let stored = of_twenty([&store, &other], move |at, store| {
        let grant = brought[at].clone();
        async move { store.complete(&grant).await.unwrap() }
    });
    assert_eq!(stored.await, 20, "each was somebody's sign-in");
    let left = found(&store, &key).await.id;
    assert!(grants.iter().any(|grant| grant.id == left));
    assert_eq!(store.connections_of(&key.principal).await.unwrap().grants.len(), 1);
}

pub async fn a_disconnect_takes_away_what_a_refresh_stored_last(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let key = key(&person(&store, "alice").await, "incidents");
    for round in 0..8 {
        let grant = connected(&store, &key).await;
        let newer = tokens(&format!("{round}"));
        let (rotated, gone) = tokio::join!(store.rotate(grant.id, grant.version, &newer), disconnect(&other, &key));
        let gone = gone.expect("there was one");
        // The refresh token that the provider is told to revoke is the one that it gave last.
        let last = if rotated.is_ok() { newer.refresh_token } else { grant.refresh_token };
        assert_eq!(gone.refresh_token, last);
        assert_eq!(store.find_grant(&key).await.unwrap(), None);
    }
}

pub async fn sweepers_at_once_end_each_wait_once(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let people = [person(&store, "alice").await, person(&store, "bob").await, person(&store, "carol").await];
    let mut jobs = BTreeSet::new();
    for at in 0..20 {
        let job = job(&store, &format!("{at}"), &people[at % 3]).await;
        store.open_wait(&wait(&job, "wiki", "revoked"), ROOM).await.unwrap();
        jobs.insert(job);
    }
    store.age(RULES.length).await.unwrap();
    let sweeps: Vec<_> = (0..6)
        .map(|at| {
            let store = if at % 2 == 0 { store.clone() } else { other.clone() };
            tokio::spawn(async move { store.end_overdue_waits().await.unwrap() })
        })
        .collect();
    let mut ended = Vec::new();
    for sweep in sweeps {
        ended.extend(sweep.await.unwrap());
    }
    ended.extend(store.end_overdue_waits().await.unwrap());
    assert_eq!(ended.len(), 20, "none twice");
    assert_eq!(ended.into_iter().map(|wait| wait.job).collect::<BTreeSet<_>>(), jobs);
    for job in &jobs {
        assert_eq!(words(&store, job).await, ["required revoked", "DeadlinePassed"]);
    }
}

pub async fn a_stream_that_reads_on_meanwhile_misses_no_event(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let job = job(&store, "one", &person(&store, "alice").await).await;
    let written = {
        let (store, other, job) = (store.clone(), other.clone(), job.clone());
        tokio::spawn(async move {
            let told = of_twenty([&store, &other], move |at, store| {
                let (job, server) = (job.clone(), format!("server {at}"));
                async move {
                    store.open_wait(&wait(&job, &server, "revoked"), ROOM).await.unwrap();
                    store.skip_wait(&job, &server.as_str().into()).await.unwrap()
                }
            });
            told.await
        })
    };
    let (mut seen, mut cursor) = (Vec::new(), 0);
    loop {
        // Asked before reading: what was written by then is read by this look at the latest.
        let is_over = written.is_finished();
        for event in store.told_after(&job, cursor).await.unwrap() {
            cursor = event.id;
            seen.push(event);
        }
        if is_over {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(written.await.unwrap(), 20);
    assert_eq!(seen.len(), 40);
    assert_eq!(seen, store.told_after(&job, 0).await.unwrap());
}

/// One of all that can happen to a person and their jobs.
async fn happen(store: &impl Store, at: usize, key: &GrantKey, jobs: &[JobId]) {
    let job = &jobs[at % jobs.len()];
    match at % 7 {
        0 => drop(disconnect(store, key).await),
        1 => drop(store.restore_waits(key).await.unwrap()),
        2 => drop(store.end_overdue_waits().await.unwrap()),
        3 => drop(store.skip_wait(job, &key.server).await.unwrap()),
        4 => drop(store.restore_wait(job, &key.server).await.unwrap()),
        5 => drop(store.extend_wait(job, &key.server, RULES.length).await.unwrap()),
        _ => drop(store.end_job(job).await.unwrap()),
    }
    for job in jobs.iter().cycle().skip(at).take(jobs.len()) {
        store.open_wait(&wait(job, key.server.as_str(), &format!("reason {at}")), ROOM).await.unwrap();
    }
    // A disconnect may cancel the flow at any of these.
    let flow = announced(store, key).await;
    store.start(flow, &key.principal, &started(&state_of(flow))).await.unwrap();
    store.consume(flow, &state_of(flow)).await.unwrap();
    store.complete(&new_grant(key, flow)).await.unwrap();
}

pub async fn whatever_happens_to_one_person_at_once_none_of_it_fails(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    let key = key(&alice, "wiki");
    let mut jobs = Vec::new();
    for at in 0..5 {
        jobs.push(job(&store, &format!("{at}"), &alice).await);
    }
    open(&store, &jobs[0], "wiki", "revoked").await;
    let happening = of_twenty([&store, &other], move |at, store| {
        let (key, jobs) = (key.clone(), jobs.clone());
        async move {
            happen(&store, at, &key, &jobs).await;
            true
        }
    });
    assert_eq!(happening.await, 20);
}
