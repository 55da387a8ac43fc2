//! Rows that are not as we write them, and stores that are gone.

use aiq_connect_shared::Intent;

use super::{
    Database,
    fixtures::{connected, exchanging, found, key, new_flow, new_grant, person, session},
    jobs::{any_mac, new_job},
};
use crate::{
    domain::{JobId, NewFlow, NewGrant, NewSession, Profile},
    storage::{FlowStore, GrantStore, JobStore, SessionStore, StoreError},
};

pub async fn a_row_that_we_cannot_have_written_is_an_error_and_never_a_guess(database: &impl Database) {
    let store = database.open().await;
    store.open_session(&session("alice", "hers")).await.unwrap();
    let alice = session("alice", "").principal.id();
    let flow = NewFlow { intent: Intent::Reconnect, ..new_flow(&key(&alice, "incidents")) };
    assert!(store.announce(&flow).await.unwrap());
    let job = new_job("one", &alice, &[]);
    store.insert_job(&job, &any_mac).await.unwrap();

    // Each is put right again, so that every complaint is of its own change.
    let changes = [
        ("flows", "intent = 'steal'", "intent = 'reconnect'", "flows.intent"),
        ("flows", "phase = 'succeeded'", "phase = 'pending'", "flows.phase"),
        ("flows", "state_hash = 'only this'", "state_hash = NULL", "flows row"),
        ("flows", "code = 'no such fault'", "code = NULL", "flows.code"),
        ("jobs", "servers = '{}'", "servers = '[]'", "jobs.servers"),
        ("principals", "sub = 'bob'", "sub = 'alice'", "principals row"),
        ("flows", "expires_at = 9223372036854775807", "expires_at = 0", "flows.expires_at"),
    ];
    for (table, change, back, expected) in changes {
        database.tamper(table, change).await;
        let answers = [
            store.find_flow(flow.id, &alice).await.map(drop),
            store.find_job(&job.id).await.map(drop),
            store.connections_of(&alice).await.map(drop),
            store.find_session("hers").await.map(drop),
        ];
        let named = answers
            .iter()
            .any(|answer| matches!(answer, Err(StoreError::Impossible { what, .. }) if *what == expected));
        assert!(named, "{change}: {answers:?}");
        database.tamper(table, back).await;
    }
    store.find_job(&job.id).await.unwrap();
}

pub async fn a_closed_store_says_that_the_database_does_not_answer(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    database.close(&store).await;
    let answer = store.connections_of(&alice).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    other.connections_of(&alice).await.expect("another one stays open");
}

pub async fn a_name_with_a_zero_byte_is_found_nowhere(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "wiki");
    connected(&store, &key).await;
    store.insert_job(&new_job("one", &alice, &["wiki"]), &any_mac).await.unwrap();
    let (job, server) = (JobId("one\0".into()), "wiki\0".into());
    assert_eq!(store.find_job(&job).await.unwrap(), None);
    assert!(store.find_job_and_grant(&job, &key.server).await.unwrap().is_none());
    let both = store.find_job_and_grant(&JobId("one".into()), &server).await.unwrap();
    assert!(both.is_none_or(|both| both.grant.is_none()));
    assert_eq!(store.find_by_state("\0").await.unwrap(), None);
    assert_eq!(store.find_session("hers\0").await.unwrap(), None);
}

pub async fn a_person_with_a_zero_byte_in_their_name_can_connect(database: &impl Database) {
    let store = database.open().await;
    let profile = Profile { name: "Al\0ice".into(), email: Some("alice@\0example.com".into()) };
    let new = NewSession { profile, ..session("alice", "hers") };
    store.open_session(&new).await.unwrap();
    store.open_session(&NewSession { cookie_hash: "his".into(), ..new }).await.unwrap();
    let known = store.find_session("his").await.unwrap().unwrap();
    assert!(known.profile.name.starts_with("Al") && known.profile.name.ends_with("ice"));

    let key = key(&known.principal.id(), "wiki");
    let flow = exchanging(&store, &key).await;
    let label = Some("ali\0ce@idp.example".to_owned());
    assert!(store.complete(&NewGrant { account_label: label, ..new_grant(&key, flow) }).await.unwrap());
    assert!(found(&store, &key).await.account_label.unwrap().ends_with("ce@idp.example"));
}
