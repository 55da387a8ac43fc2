use aiq_connect_shared::FlowState;
use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{
        announced, connected, disconnect, exchanging, found, key, new_flow, new_grant, pending, person, principal,
        tokens,
    },
};
use crate::{
    domain::{FlowPhase, Grant, GrantTokens, Renewal, Version},
    storage::{Ageing, FlowStore, GrantStore},
    timing::FLOW_LIFETIME,
};

pub async fn a_grant_reads_back_as_it_was_stored(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let new = new_grant(&key, exchanging(&store, &key).await);
    assert!(store.complete(&new).await.unwrap());

    let grant = found(&store, &key).await;
    assert_eq!(
        grant,
        Grant {
            id: new.id,
            key,
            version: Version::FIRST,
            issuer: new.issuer,
            client_id: new.client_id,
            resource: new.resource,
            redirect_uri: new.redirect_uri,
            scopes: new.tokens.scopes,
            access_token: new.tokens.access_token,
            refresh_token: new.tokens.refresh_token,
            issued_at: grant.issued_at,
            expires_at: Some(grant.issued_at + TimeDelta::hours(1)),
            fault: None,
            fault_reference: None,
            in_doubt_since: None,
            renewal: Renewal::default(),
            account_label: new.account_label,
            connected_at: grant.issued_at,
        }
    );
}

pub async fn the_database_computes_when_a_token_ends(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let before = store.connections_of(&alice).await.unwrap().now;
    let grant = connected(&store, &key).await;
    let after = store.connections_of(&alice).await.unwrap().now;
    assert!((before..=after).contains(&grant.issued_at));
    assert_eq!(grant.lifetime(), Some(TimeDelta::hours(1)));
    assert!(!grant.has_lapsed(after));

    store.age(TimeDelta::hours(1)).await.unwrap();
    let all = store.connections_of(&alice).await.unwrap();
    assert!(all.grants[0].has_lapsed(all.now));
}

pub async fn a_token_without_a_known_end_has_none(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let mut new = new_grant(&key, exchanging(&store, &key).await);
    new.tokens = GrantTokens { expires_in: None, refresh_token: None, scopes: Vec::new(), ..tokens("one") };
    new.account_label = None;
    assert!(store.complete(&new).await.unwrap());

    let grant = found(&store, &key).await;
    assert_eq!((grant.expires_at, grant.refresh_token, grant.account_label), (None, None, None));
    assert!(grant.scopes.is_empty());
}

pub async fn another_person_or_server_finds_nothing(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    connected(&store, &key(&alice, "incidents")).await;
    assert_eq!(store.find_grant(&key(&bob, "incidents")).await.unwrap(), None);
    assert_eq!(store.find_grant(&key(&alice, "handbook")).await.unwrap(), None);
    assert!(disconnect(&store, &key(&bob, "incidents")).await.is_none());
    found(&store, &key(&alice, "incidents")).await;
}

pub async fn a_listing_holds_all_of_one_person_and_nothing_of_others(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let mut expected = Vec::new();
    for server in ["calendar", "incidents", "wiki"] {
        expected.push(connected(&store, &key(&alice, server)).await);
        connected(&store, &key(&bob, server)).await;
    }
    let flow = pending(&store, &key(&alice, "wiki")).await;
    pending(&store, &key(&bob, "wiki")).await;

    let all = store.connections_of(&alice).await.unwrap();
    assert_eq!(all.grants, expected);
    assert_eq!(all.open_flows, [store.find_flow(flow, &alice).await.unwrap().unwrap()]);
}

pub async fn a_listing_of_nobody_still_tells_the_time(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let nobody = store.connections_of(&principal("nobody").id()).await.unwrap();
    assert!(nobody.grants.is_empty() && nobody.open_flows.is_empty());
    assert!(store.connections_of(&alice).await.unwrap().now >= nobody.now);
}

pub async fn a_listing_shows_open_flows_newest_first_and_no_others(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let forgotten = announced(&store, &key).await;
    store.age(FLOW_LIFETIME).await.unwrap();
    let cancelled = pending(&store, &key).await;
    assert!(store.end_flow(cancelled, FlowPhase::Cancelled, None).await.unwrap());
    connected(&store, &key).await;
    let mut expected = [exchanging(&store, &key).await, pending(&store, &key).await, announced(&store, &key).await];
    expected.reverse();

    let open = store.connections_of(&alice).await.unwrap().open_flows;
    assert_eq!(open.iter().map(|flow| flow.id).collect::<Vec<_>>(), expected);
    assert!(open.iter().all(|flow| flow.state() == FlowState::Pending));
    assert_eq!(store.find_flow(forgotten, &alice).await.unwrap().unwrap().state(), FlowState::Expired);
}

pub async fn disconnecting_forgets_one_key_and_returns_what_was_there(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let gone = connected(&store, &key(&alice, "incidents")).await;
    let kept = [key(&alice, "wiki"), key(&bob, "incidents")];
    for key in &kept {
        connected(&store, key).await;
    }

    assert_eq!(disconnect(&store, &key(&alice, "incidents")).await, Some(gone));
    assert_eq!(disconnect(&store, &key(&alice, "incidents")).await, None);
    assert_eq!(store.find_grant(&key(&alice, "incidents")).await.unwrap(), None);
    for key in &kept {
        found(&store, key).await;
    }
}

pub async fn disconnecting_cancels_every_open_flow_of_the_key_and_no_other(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let mine = key(&alice, "incidents");
    let open = [announced(&store, &mine).await, pending(&store, &mine).await, exchanging(&store, &mine).await];
    let denied = pending(&store, &mine).await;
    store.end_flow(denied, FlowPhase::Denied, None).await.unwrap();
    let others = [
        (&alice, announced(&store, &key(&alice, "wiki")).await),
        (&bob, {
            let flow = new_flow(&key(&bob, "incidents"));
            store.announce(&flow).await.unwrap();
            flow.id
        }),
    ];

    disconnect(&store, &mine).await;
    let phase = async |id, who| store.find_flow(id, who).await.unwrap().unwrap().phase;
    for id in open {
        assert_eq!(phase(id, &alice).await, FlowPhase::Cancelled);
    }
    assert_eq!(phase(denied, &alice).await, FlowPhase::Denied);
    for (who, id) in others {
        assert_eq!(phase(id, who).await, FlowPhase::Pending);
    }
}
