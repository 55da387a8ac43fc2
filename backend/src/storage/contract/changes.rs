//! Serials of changes: raised by the database itself, for what somebody may be looking at.

use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;

use super::{Database, fixtures::*, jobs::any_mac};
use crate::{
    domain::{
        FlowPhase, JobId, JobOrigin, LeaseOwner, NewFlow, NewJobReference, NewWait, PrincipalId, ServerId, Version,
        WaitRules,
    },
    storage::{ChangeStore, FlowStore, GrantStore, JobStore, RefreshStore, SessionStore, Store, WaitStore},
};

async fn serial(store: &impl Store, person: &PrincipalId) -> i64 {
    store.serials(std::slice::from_ref(person)).await.unwrap().get(person).copied().unwrap_or_default()
}

/// Does something and says whether the serial was raised by it.
macro_rules! raises {
    ($store:expr, $person:expr, $act:expr) => {{
        let before = serial(&$store, &$person).await;
        $act;
        let after = serial(&$store, &$person).await;
        assert!(after >= before, "a serial went back from {before} to {after}");
        after > before
    }};
}

pub async fn whatever_a_listing_shows_raises_the_serial_of_its_person(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    connected(&store, &key(&alice, "wiki")).await;
    let (key, flow) = (key(&alice, "incidents"), any_flow_id());
    let new = NewFlow { id: flow, ..new_flow(&key) };
    assert!(raises!(store, alice, assert!(store.announce(&new).await.unwrap())), "a flow");
    assert!(
        raises!(store, alice, {
            store.start(flow, &alice, &started(&state_of(flow))).await.unwrap();
            store.consume(flow, &state_of(flow)).await.unwrap();
        }),
        "a flow on its way"
    );
    assert!(raises!(store, alice, assert!(store.complete(&new_grant(&key, flow)).await.unwrap())), "a grant");
    let grant = found(&store, &key).await;
    assert!(raises!(store, alice, store.rotate(grant.id, grant.version, &tokens("two")).await.unwrap()), "a refresh");
    let version = found(&store, &key).await.version;
    assert!(
        raises!(store, alice, assert!(store.record_fault(grant.id, version, &revoked("4f1a09c2")).await.unwrap())),
        "a fault"
    );
    let other = found(&store, &super::fixtures::key(&alice, "wiki")).await;
    assert!(raises!(store, alice, store.record_rejection(other.id, Version::FIRST, "ref").await.unwrap()), "a refusal");
    let again = pending(&store, &key).await;
    assert!(raises!(store, alice, store.end_flow(again, FlowPhase::Cancelled, None).await.unwrap()), "a flow's end");
    assert!(raises!(store, alice, disconnect(&store, &key).await), "a disconnect");
}

pub async fn a_lease_and_a_doubt_are_nobodys_news(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let grant = connected(&store, &key(&alice, "incidents")).await;
    let owner = LeaseOwner("one".into());
    assert!(!raises!(store, alice, {
        assert!(leased(&store, grant.id, grant.version, &owner).await);
        assert!(store.mark_in_doubt(grant.id, grant.version, &owner).await.unwrap());
        store.release(grant.id, grant.version, &owner).await.unwrap();
    }));
}

pub async fn what_a_job_tells_raises_the_serial_of_its_owner(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let (job, server) = (JobId("job".into()), ServerId("incidents".into()));
    let reference = NewJobReference {
        id: job.clone(),
        principal: alice.clone(),
        servers: vec![server.clone()],
        origin: JobOrigin::Gate,
        lifetime: TimeDelta::hours(1),
    };
    store.insert_job(&reference, &any_mac).await.unwrap();
    let wait = NewWait { job: job.clone(), server: server.clone(), reason: "revoked".to_owned(), is_recoverable: true };
    let rules = WaitRules { length: TimeDelta::minutes(5), most: 2 };
    assert!(raises!(store, alice, store.open_wait(&wait, rules).await.unwrap()), "a wait");
    assert!(!raises!(store, alice, store.open_wait(&wait, rules).await.unwrap()), "the same wait");
    let length = TimeDelta::minutes(10);
    assert!(raises!(store, alice, store.extend_wait(&job, &server, length).await.unwrap()), "a longer wait");
    assert!(raises!(store, alice, assert!(store.skip_wait(&job, &server).await.unwrap())), "a wait's end");
    assert!(raises!(store, alice, store.end_job(&job).await.unwrap()), "the job's end");
    assert_eq!(serial(&store, &bob).await, 0);
}

pub async fn signing_out_raises_the_serial(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    store.open_session(&session("alice", "hers")).await.unwrap();
    assert!(raises!(store, alice, store.close_session("hers").await.unwrap()));
}

/// Each column alone, because our own statements always change several of them.
pub async fn whoever_writes_what_may_be_looked_at_raises_the_serial(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    connected(&store, &key(&alice, "incidents")).await;
    pending(&store, &key(&alice, "tickets")).await;
    for statement in [
        "UPDATE {}grants SET version = version + 1",
        "UPDATE {}grants SET scopes = '[]'",
        "UPDATE {}grants SET expires_at = 1",
        "UPDATE {}grants SET fault = 'revoked', faulted_at = 1",
        "UPDATE {}grants SET fault_reference = '4f1a09c2'",
        "UPDATE {}grants SET account_label = 'somebody else'",
        "UPDATE {}grants SET connected_at = 1",
        "INSERT INTO {}grants (id, principal, server, version, issuer, client_id, resource, redirect_uri, scopes, \
         access_token, issued_at, connected_at) SELECT '00000000-0000-4000-8000-000000000000', principal, 'wiki', \
         version, issuer, client_id, resource, redirect_uri, scopes, access_token, issued_at, connected_at FROM {}grants",
        "DELETE FROM {}grants WHERE server = 'wiki'",
        "UPDATE {}flows SET expires_at = expires_at - 1 WHERE phase = 'pending'",
        "UPDATE {}flows SET code = 'idp_unreachable' WHERE phase = 'pending'",
        "DELETE FROM {}flows WHERE phase = 'pending'",
    ] {
        assert!(raises!(store, alice, database.write(statement).await), "{statement}");
    }
    assert!(!raises!(store, alice, database.write("DELETE FROM {}flows").await), "those that ended are nobody's news");
}

pub async fn serials_are_read_for_those_who_are_asked_for(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    announced(&store, &key(&alice, "incidents")).await;
    announced(&store, &key(&bob, "incidents")).await;
    announced(&store, &key(&bob, "tickets")).await;
    let nobody = PrincipalId("nobody".into());
    assert_eq!(store.serials(&[]).await.unwrap(), HashMap::new());
    assert_eq!(store.serials(&[alice.clone(), nobody]).await.unwrap(), HashMap::from([(alice.clone(), 1)]));
    let both = store.serials(&[bob.clone(), alice.clone()]).await.unwrap();
    assert_eq!(both, HashMap::from([(alice, 1), (bob, 2)]));
}

/// Twenty writers at once, and a reader who asks all the time: a serial that was seen stands for everything that was
/// written up to it, however the writers overtake each other.
pub async fn whoever_sees_a_serial_sees_what_raised_it(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    let writers: Vec<_> = (0..20)
        .map(|at| {
            let (store, key) =
                (if at % 2 == 0 { store.clone() } else { other.clone() }, key(&alice, &format!("server {at}")));
            tokio::spawn(async move { announced(&store, &key).await })
        })
        .collect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let seen = serial(&store, &alice).await;
        let there = store.connections_of(&alice).await.unwrap().open_flows.len();
        assert!(i64::try_from(there).unwrap() >= seen, "serial {seen}, and {there} flows are there");
        if seen == 20 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{seen} of twenty changes were counted");
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

/// A change that is not stored did not happen.
pub async fn what_is_refused_raises_nothing(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let key = key(&alice, "incidents");
    let grant = connected(&store, &key).await;
    assert!(!raises!(store, alice, store.rotate(grant.id, Version(7), &tokens("two")).await.unwrap_err()));
    let flow = new_flow(&key);
    assert!(store.announce(&flow).await.unwrap());
    assert!(!raises!(store, alice, assert!(!store.announce(&flow).await.unwrap())));
}
