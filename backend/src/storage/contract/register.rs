use super::{
    Database,
    fixtures::{
        announced, connected, disconnect, exchanging, found, key, leased, new_grant, person, principal, tokens,
    },
    jobs::{any_mac, new_job},
    waits::{RULES, wait},
};
use crate::{
    domain::{GrantKey, LeaseOwner, RefreshTurn},
    storage::{
        ChangeStore, FlowStore, Forgotten, GrantFilter, GrantStore, JobStore, KeptGrant, RefreshStore, RegisterStore,
        SessionStore, Store, StoreError, WaitStore,
    },
};

const ANY: GrantFilter = GrantFilter { person: None, server: None, id: None, limit: 100 };

async fn kept(store: &impl Store, filter: GrantFilter) -> Vec<KeptGrant> {
    store.grants_kept(&filter).await.unwrap()
}

pub async fn everybodys_grants_are_listed_with_their_people_and_found_by_any_name(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let keys = [key(&alice, "incidents"), key(&alice, "wiki"), key(&bob, "incidents")];
    for key in &keys {
        connected(&store, key).await;
    }
    let mut all: Vec<GrantKey> = kept(&store, ANY).await.into_iter().map(|kept| kept.grant.key).collect();
    all.sort_by_key(|key| (key.principal != alice, key.server.clone()));
    assert_eq!(all, keys);
    assert_eq!(kept(&store, GrantFilter { limit: 2, ..ANY }).await.len(), 2);

    for name in [alice.as_str(), "alice", "ALICE", "alice@example.com"] {
        let hers = kept(&store, GrantFilter { person: Some(name.into()), ..ANY }).await;
        assert!(hers.len() == 2 && hers.iter().all(|kept| kept.person.id == alice), "{name}: {hers:?}");
    }
    assert_eq!(kept(&store, GrantFilter { person: Some("carol".into()), ..ANY }).await, []);
    let incidents = kept(&store, GrantFilter { server: Some("incidents".into()), ..ANY }).await;
    assert_eq!(incidents.len(), 2);

    let grant = found(&store, &keys[0]).await;
    store.lease(grant.id, grant.version, &LeaseOwner("us".into()), false).await.unwrap();
    let one = kept(&store, GrantFilter { id: Some(grant.id), ..ANY }).await.pop().unwrap();
    assert_eq!((one.grant, one.quarantined_at), (grant, None));
    assert_eq!(one.lease.as_ref().map(|(owner, until)| (owner.as_str(), *until > one.now)), Some(("us", true)));
    let who = principal("alice");
    assert_eq!((one.person.issuer, one.person.sub, one.person.grants), (who.issuer, who.sub, 2));
}

pub async fn a_grant_in_quarantine_reads_as_none_and_is_refreshed_by_nobody(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let grant = connected(&store, &key).await;
    let job = new_job("one", &alice, &["incidents"]);
    store.insert_job(&job, &any_mac).await.unwrap();
    let owner = LeaseOwner("us".into());
    assert!(leased(&store, grant.id, grant.version, &owner).await);

    let serial = async || store.serials(std::slice::from_ref(&alice)).await.unwrap()[&alice];
    let before = serial().await;
    assert!(store.set_quarantine(grant.id, true).await.unwrap());
    assert!(serial().await > before, "open pages hear of it");
    assert!(!store.set_quarantine(grant.id, true).await.unwrap(), "it is there already");
    let nothing = async || {
        let listed = store.connections_of(&alice).await.unwrap().grants;
        let asked = store.find_job_and_grant(&job.id, &key.server).await.unwrap().unwrap();
        listed.is_empty() && asked.grant.is_none() && !asked.is_missed
    };
    assert!(nothing().await);
    assert!(!store.mark_in_doubt(grant.id, grant.version, &owner).await.unwrap(), "nothing more is sent");
    store.release(grant.id, grant.version, &owner).await.unwrap();
    assert!(!leased(&store, grant.id, grant.version, &owner).await);
    assert_eq!(store.refresh_turn(grant.id, grant.version).await.unwrap(), RefreshTurn::Over, "it waits for nobody");

    // An answer that was under way is kept, and ends no quarantine.
    store.rotate(grant.id, grant.version, &tokens("late")).await.unwrap();
    assert!(nothing().await);
    assert!(store.set_quarantine(grant.id, false).await.unwrap());
    assert!(!store.set_quarantine(grant.id, false).await.unwrap());
    assert_eq!(store.connections_of(&alice).await.unwrap().grants[0].version, grant.version.next());
}

pub async fn connecting_anew_replaces_a_grant_in_quarantine_and_a_disconnect_forgets_it(database: &impl Database) {
    let store = database.open().await;
    let key = key(&person(&store, "alice").await, "incidents");
    let grant = connected(&store, &key).await;
    assert!(store.set_quarantine(grant.id, true).await.unwrap());
    let newer = connected(&store, &key).await;
    assert_eq!(store.connections_of(&key.principal).await.unwrap().grants, std::slice::from_ref(&newer));
    assert!(!store.set_quarantine(grant.id, false).await.unwrap(), "the old one is gone");
    assert!(store.set_quarantine(newer.id, true).await.unwrap());
    assert_eq!(disconnect(&store, &key).await, Some(newer));
    assert_eq!(kept(&store, ANY).await, []);
}

pub async fn people_are_listed_with_what_they_have(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    connected(&store, &key(&alice, "incidents")).await;
    store.insert_job(&new_job("one", &alice, &[]), &any_mac).await.unwrap();
    let all = store.people(None, 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(store.people(None, 1).await.unwrap().len(), 1);
    let her = store.people(Some("alice@example.com"), 10).await.unwrap();
    assert_eq!((her.len(), &her[0].id, her[0].grants, her[0].jobs), (1, &alice, 1, 1));
    assert_eq!(store.people(Some(bob.as_str()), 10).await.unwrap()[0].name, "BOB");
    assert_eq!(store.people(Some("carol"), 10).await.unwrap(), []);
}

pub async fn forgetting_a_person_removes_all_that_is_theirs_and_nothing_of_others(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    for (who, name) in [(&alice, "hers"), (&bob, "his")] {
        let key = key(who, "incidents");
        announced(&store, &key).await;
        store.insert_job(&new_job(name, who, &["incidents"]), &any_mac).await.unwrap();
        store.open_wait(&wait(&name.into(), "incidents", "revoked"), RULES).await.unwrap();
        connected(&store, &key).await;
    }
    let refused = store.forget_person(&alice).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict)),
        "grants go first, or their tokens would live on: {refused:?}"
    );
    assert!(store.find_job(&"hers".into()).await.unwrap().is_some());

    disconnect(&store, &key(&alice, "incidents")).await;
    let gone = store.forget_person(&alice).await.unwrap();
    assert_eq!(gone, Forgotten { person: true, flows: 2, sessions: 1, jobs: 1 });
    assert_eq!(store.people(None, 10).await.unwrap().len(), 1);
    assert!(store.find_job(&"hers".into()).await.unwrap().is_none());
    assert_eq!(store.told_after(&"hers".into(), 0).await.unwrap(), []);
    assert!(store.find_job(&"his".into()).await.unwrap().is_some());
    assert_eq!(store.connections_of(&bob).await.unwrap().grants.len(), 1);
    assert_eq!(store.forget_person(&alice).await.unwrap(), Forgotten::default(), "twice is no error");

    person(&store, "alice").await;
    let flow = exchanging(&store, &key(&alice, "incidents")).await;
    assert!(store.complete(&new_grant(&key(&alice, "incidents"), flow)).await.unwrap(), "they may come again");
}

pub async fn a_sign_in_of_a_forgotten_person_brings_no_grant(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let flow = exchanging(&store, &key).await;
    store.forget_person(&alice).await.unwrap();
    assert!(!store.complete(&new_grant(&key, flow)).await.unwrap());
    assert!(store.find_session("any").await.unwrap().is_none());
}
