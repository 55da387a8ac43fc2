use aiq_connect_shared::{FlowState, Intent};

use super::{
    Database,
    fixtures::{announced, connected, exchanging, key, new_flow, of_twenty, pending, person, started, state_of},
};
use crate::{
    domain::{Flow, FlowPhase, StartedFlow},
    storage::{Ageing, FlowStore, GrantStore},
    timing::FLOW_LIFETIME,
};

pub async fn an_announced_flow_waits_for_its_person_alone(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let new = new_flow(&key(&alice, "incidents"));
    let before = store.connections_of(&alice).await.unwrap().now;
    assert!(store.announce(&new).await.unwrap());
    let after = store.connections_of(&alice).await.unwrap().now;

    let flow = store.find_flow(new.id, &alice).await.unwrap().unwrap();
    assert!((before + FLOW_LIFETIME..=after + FLOW_LIFETIME).contains(&flow.expires_at));
    let expected = Flow {
        id: new.id,
        principal: new.principal,
        source: new.source,
        server: new.server,
        intent: new.intent,
        phase: FlowPhase::Pending,
        code: None,
        expires_at: flow.expires_at,
        is_past_end: false,
        started: None,
    };
    assert_eq!(flow, expected);
    assert_eq!(store.find_flow(new.id, &bob).await.unwrap(), None);
}

pub async fn an_id_is_taken_once_by_whomever(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let first = new_flow(&key(&alice, "incidents"));
    assert!(store.announce(&first).await.unwrap());
    assert!(!store.announce(&first).await.unwrap());
    let mut theirs = new_flow(&key(&bob, "wiki"));
    theirs.id = first.id;
    theirs.intent = Intent::MorePermission;
    assert!(!store.announce(&theirs).await.unwrap());

    let flow = store.find_flow(first.id, &alice).await.unwrap().unwrap();
    assert_eq!((flow.server, flow.intent), (first.server, first.intent));
    assert_eq!(store.find_flow(first.id, &bob).await.unwrap(), None);
}

pub async fn a_started_flow_reads_back_as_it_was_stored(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    for iss_promised in [true, false] {
        let id = announced(&store, &key(&alice, "incidents")).await;
        let sent = StartedFlow { iss_promised, ..started(&state_of(id)) };
        assert!(store.start(id, &alice, &sent).await.unwrap());
        let flow = store.find_flow(id, &alice).await.unwrap().unwrap();
        assert_eq!(flow.started.as_ref(), Some(&sent));
        assert_eq!(store.find_by_state(&sent.state_hash).await.unwrap(), Some(flow));
    }
    assert_eq!(store.find_by_state("no such state").await.unwrap(), None);
}

pub async fn starting_again_kills_the_earlier_state(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let id = announced(&store, &key(&alice, "incidents")).await;
    assert!(store.start(id, &alice, &started("first")).await.unwrap());
    assert!(store.start(id, &alice, &started("second")).await.unwrap());

    assert_eq!(store.find_by_state("first").await.unwrap(), None);
    assert!(!store.consume(id, "first").await.unwrap());
    assert!(store.consume(id, "second").await.unwrap());
}

pub async fn nobody_starts_the_flow_of_another_person(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let id = announced(&store, &key(&alice, "incidents")).await;
    assert!(!store.start(id, &bob, &started("bobs")).await.unwrap());
    assert_eq!(store.find_flow(id, &alice).await.unwrap().unwrap().started, None);
}

pub async fn what_is_used_ended_or_past_its_end_cannot_be_started(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let forgotten = announced(&store, &key).await;
    store.age(FLOW_LIFETIME).await.unwrap();
    let used = exchanging(&store, &key).await;
    let cancelled = pending(&store, &key).await;
    store.end_flow(cancelled, FlowPhase::Cancelled, None).await.unwrap();

    for id in [forgotten, used, cancelled] {
        let before = store.find_flow(id, &alice).await.unwrap();
        assert!(!store.start(id, &alice, &started("again")).await.unwrap());
        assert_eq!(store.find_flow(id, &alice).await.unwrap(), before);
    }
}

pub async fn a_state_works_once_however_many_bring_it(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    let id = pending(&store, &key(&alice, "incidents")).await;
    let used = of_twenty([&store, &other], |_, store| async move { store.consume(id, &state_of(id)).await.unwrap() });
    assert_eq!(used.await, 1);

    let flow = store.find_by_state(&state_of(id)).await.unwrap().expect("a used state still names its flow");
    assert_eq!((flow.phase, flow.state()), (FlowPhase::Exchanging, FlowState::Pending));
}

pub async fn a_state_opens_only_its_own_flow(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let (one, two) = (pending(&store, &key).await, pending(&store, &key).await);
    assert!(!store.consume(one, &state_of(two)).await.unwrap());
    assert!(!store.consume(one, "").await.unwrap());
    assert!(!store.consume(announced(&store, &key).await, "").await.unwrap());
    assert!(store.consume(one, &state_of(one)).await.unwrap());

    connected(&store, &key).await;
    assert!(store.consume(two, &state_of(two)).await.unwrap(), "another flow's success changes nothing");
}

pub async fn a_state_past_its_end_does_not_work(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let id = pending(&store, &key(&alice, "incidents")).await;
    store.age(FLOW_LIFETIME).await.unwrap();
    assert!(!store.consume(id, &state_of(id)).await.unwrap());
    let flow = store.find_by_state(&state_of(id)).await.unwrap().unwrap();
    assert_eq!((flow.phase, flow.is_past_end, flow.state()), (FlowPhase::Pending, true, FlowState::Expired));
}
