use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{announced, connected, key, pending, person, session},
    jobs::{any_mac, new_job},
    sessions::sign_in,
    waits::{RULES, wait},
};
use crate::{
    storage::{Ageing, FlowStore, GrantStore, JobStore, Old, RetentionStore, SessionStore, Store, WaitStore},
    timing::{FLOW_LIFETIME, KEEP_ENDED_GRANTS, SIGN_IN_LIFETIME},
};

const DAY: TimeDelta = TimeDelta::days(1);

async fn sweep(store: &impl Store, what: Old) -> u64 {
    store.sweep(what, DAY, 100).await.unwrap()
}

pub async fn flows_go_when_they_are_old_however_they_ended(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let grant = connected(&store, &key).await;
    let flows = [announced(&store, &key).await, pending(&store, &key).await];
    store.age(FLOW_LIFETIME + DAY - TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(sweep(&store, Old::Flows).await, 0);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    let young = announced(&store, &key).await;
    assert_eq!(sweep(&store, Old::Flows).await, 3, "the finished one too");
    for flow in flows {
        assert!(store.find_flow(flow, &key.principal).await.unwrap().is_none());
    }
    assert!(store.find_flow(young, &key.principal).await.unwrap().is_some());
    assert_eq!(store.find_grant(&key).await.unwrap().unwrap().id, grant.id);
}

pub async fn sign_ins_and_sessions_go_when_they_are_over(database: &impl Database) {
    let store = database.open().await;
    store.begin_sign_in(&sign_in("old")).await.unwrap();
    let lifetime = session("alice", "hers").lifetime;
    store.open_session(&session("alice", "hers")).await.unwrap();
    store.age(lifetime.max(SIGN_IN_LIFETIME) + DAY).await.unwrap();
    assert_eq!((sweep(&store, Old::SignIns).await, sweep(&store, Old::Sessions).await), (1, 1));
    store.open_session(&session("alice", "again")).await.unwrap();
    store.begin_sign_in(&sign_in("young")).await.unwrap();
    assert_eq!(sweep(&store, Old::SignIns).await + sweep(&store, Old::Sessions).await, 0);
    assert!(store.find_session("again").await.unwrap().is_some());
    assert!(store.take_sign_in("young").await.unwrap().is_some());
}

pub async fn jobs_go_with_their_waits_and_events_after_their_time_and_not_before(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let old = new_job("old", &alice, &["incidents"]);
    store.insert_job(&old, &any_mac).await.unwrap();
    store.open_wait(&wait(&"old".into(), "incidents", "revoked"), RULES).await.unwrap();
    store.end_job(&old.id).await.unwrap();
    store.age(old.lifetime + DAY - TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(sweep(&store, Old::Jobs).await, 0, "its stream may still be read");
    assert_eq!(store.told_after(&old.id, 0).await.unwrap().len(), 1);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    store.insert_job(&new_job("young", &alice, &["incidents"]), &any_mac).await.unwrap();
    store.open_wait(&wait(&"young".into(), "incidents", "revoked"), RULES).await.unwrap();
    assert_eq!(sweep(&store, Old::Jobs).await, 1);
    assert!(store.find_job(&old.id).await.unwrap().is_none());
    assert_eq!(store.told_after(&old.id, 0).await.unwrap(), []);
    assert_eq!(store.told_after(&"young".into(), 0).await.unwrap().len(), 1);
}

pub async fn a_sweep_takes_no_more_than_it_is_told_oldest_first(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let oldest = announced(&store, &key).await;
    store.insert_job(&new_job("oldest", &alice, &[]), &any_mac).await.unwrap();
    store.age(TimeDelta::minutes(1)).await.unwrap();
    let second = announced(&store, &key).await;
    store.insert_job(&new_job("second", &alice, &[]), &any_mac).await.unwrap();
    store.age(TimeDelta::days(60)).await.unwrap();
    for what in [Old::Flows, Old::Jobs] {
        assert_eq!(store.sweep(what, DAY, 1).await.unwrap(), 1);
    }
    assert!(store.find_flow(oldest, &alice).await.unwrap().is_none());
    assert!(store.find_flow(second, &alice).await.unwrap().is_some());
    assert!(store.find_job(&"oldest".into()).await.unwrap().is_none());
    assert!(store.find_job(&"second".into()).await.unwrap().is_some());
}

pub async fn names_of_ended_grants_go_when_nothing_can_be_done_with_a_row_that_was_kept(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let sweep = async |limit| store.sweep(Old::EndedGrants, KEEP_ENDED_GRANTS, limit).await.unwrap();
    for server in ["incidents", "tickets", "wiki"] {
        connected(&store, &key(&alice, server)).await;
    }
    for server in ["incidents", "tickets"] {
        let key = key(&alice, server);
        let grant = store.find_grant(&key).await.unwrap().unwrap();
        store.disconnect(&key, Some((grant.id, grant.version)), None).await.unwrap();
    }
    store.age(KEEP_ENDED_GRANTS - TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(sweep(100).await, 0);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    connected(&store, &key(&alice, "wiki")).await;
    assert_eq!((sweep(1).await, sweep(100).await, sweep(100).await), (1, 1, 0), "the one that was replaced is young");
}
