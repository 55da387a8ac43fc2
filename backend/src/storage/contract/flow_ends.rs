use aiq_connect_shared::{FaultCode, FlowState};

use super::{
    Database,
    fixtures::{
        announced, any_grant_id, connected, disconnect, exchanging, found, key, new_grant, pending, person, revoked,
        tokens,
    },
};
use crate::{
    domain::{FlowPhase, NewGrant, Version},
    storage::{Ageing, FlowStore, GrantStore, RefreshStore, StoreError},
    timing::FLOW_LIFETIME,
};

pub async fn completing_stores_the_grant_and_ends_the_flow(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let flow = exchanging(&store, &key).await;
    let new = new_grant(&key, flow);
    assert!(store.complete(&new).await.unwrap());
    assert_eq!(store.find_flow(flow, &alice).await.unwrap().unwrap().state(), FlowState::Succeeded);
    assert_eq!(found(&store, &key).await.id, new.id);

    assert!(!store.complete(&NewGrant { id: any_grant_id(), ..new.clone() }).await.unwrap(), "once");
    assert_eq!(found(&store, &key).await.id, new.id);
}

pub async fn completing_needs_a_used_state(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    for flow in [announced(&store, &key).await, pending(&store, &key).await] {
        assert!(!store.complete(&new_grant(&key, flow)).await.unwrap());
        assert_eq!(store.find_flow(flow, &alice).await.unwrap().unwrap().phase, FlowPhase::Pending);
    }
    assert_eq!(store.find_grant(&key).await.unwrap(), None);
}

pub async fn completing_for_another_person_or_server_stores_nothing(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let flow = exchanging(&store, &key(&alice, "incidents")).await;
    for other in [key(&bob, "incidents"), key(&alice, "wiki")] {
        assert!(!store.complete(&new_grant(&other, flow)).await.unwrap());
        assert_eq!(store.find_grant(&other).await.unwrap(), None);
    }
    assert!(store.complete(&new_grant(&key(&alice, "incidents"), flow)).await.unwrap());
}

pub async fn an_exchange_that_ends_late_still_counts(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let flow = exchanging(&store, &key).await;
    store.age(FLOW_LIFETIME).await.unwrap();
    assert!(store.complete(&new_grant(&key, flow)).await.unwrap());
    assert_eq!(store.find_flow(flow, &alice).await.unwrap().unwrap().state(), FlowState::Succeeded);
}

pub async fn a_reconnect_replaces_the_grant_under_a_new_name(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let old = connected(&store, &key).await;
    store.rotate(old.id, Version::FIRST, &tokens("two")).await.unwrap();
    store.record_fault(old.id, Version(2), &revoked("ref-1")).await.unwrap();

    let new = connected(&store, &key).await;
    assert_ne!(new.id, old.id);
    assert_eq!((new.version, new.fault, new.in_doubt_since), (Version::FIRST, None, None));
    assert_eq!(store.connections_of(&alice).await.unwrap().grants, [new]);
}

pub async fn disconnecting_beats_an_exchange_under_way(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    for is_late in [false, true] {
        let flow = exchanging(&store, &key).await;
        if is_late {
            store.age(FLOW_LIFETIME).await.unwrap();
        }
        assert_eq!(disconnect(&store, &key).await, None);
        assert!(!store.complete(&new_grant(&key, flow)).await.unwrap());
        assert_eq!(store.find_grant(&key).await.unwrap(), None);
        assert_eq!(store.find_flow(flow, &alice).await.unwrap().unwrap().state(), FlowState::Cancelled);
    }
}

pub async fn cancelling_beats_an_exchange_under_way(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let before = connected(&store, &key).await;
    let flow = exchanging(&store, &key).await;
    assert!(store.end_flow(flow, FlowPhase::Cancelled, None).await.unwrap());
    assert!(!store.complete(&new_grant(&key, flow)).await.unwrap());
    assert_eq!(found(&store, &key).await, before, "a reconnect called off leaves what was there");
}

pub async fn a_flow_ends_once_and_keeps_its_reason(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let ends = [
        (pending(&store, &key).await, FlowPhase::Denied, Some(FaultCode::ConsentDenied), FlowState::Denied),
        (exchanging(&store, &key).await, FlowPhase::Failed, Some(FaultCode::IssuerMismatch), FlowState::Failed),
        (announced(&store, &key).await, FlowPhase::Cancelled, None, FlowState::Cancelled),
    ];
    for (flow, phase, code, state) in ends {
        assert!(store.end_flow(flow, phase, code).await.unwrap());
        assert!(!store.end_flow(flow, FlowPhase::Failed, Some(FaultCode::Unknown)).await.unwrap(), "{phase:?} twice");
        let flow = store.find_flow(flow, &alice).await.unwrap().unwrap();
        assert_eq!((flow.state(), flow.code), (state, code));
    }
}

pub async fn a_flow_that_nobody_finished_in_time_cannot_be_ended_but_an_exchange_can(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let (waiting, under_way) = (pending(&store, &key).await, exchanging(&store, &key).await);
    store.age(FLOW_LIFETIME).await.unwrap();

    assert!(!store.end_flow(waiting, FlowPhase::Denied, None).await.unwrap());
    assert_eq!(store.find_flow(waiting, &alice).await.unwrap().unwrap().state(), FlowState::Expired);
    assert!(store.end_flow(under_way, FlowPhase::Failed, Some(FaultCode::IdpUnreachable)).await.unwrap());
    assert_eq!(store.find_flow(under_way, &alice).await.unwrap().unwrap().state(), FlowState::Failed);
}

pub async fn a_flow_cannot_be_ended_as_if_it_went_on(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let flow = exchanging(&store, &key(&alice, "incidents")).await;
    for phase in [FlowPhase::Pending, FlowPhase::Exchanging, FlowPhase::Succeeded] {
        let refused = store.end_flow(flow, phase, None).await;
        assert!(matches!(refused, Err(StoreError::Impossible { .. })), "{phase:?}: {refused:?}");
    }
    assert_eq!(store.find_flow(flow, &alice).await.unwrap().unwrap().phase, FlowPhase::Exchanging);
}
