use super::{
    Database,
    fixtures::{connected, exchanging, key, leased, pending, person, session},
    jobs::{any_mac, new_job},
    registrations::registration,
    sessions::sign_in,
};
use crate::{
    domain::LeaseOwner,
    storage::{FlowStore, GrantStore, JobStore, RegistrationStore, SessionStore},
};

pub async fn everything_is_there_after_a_restart(database: &impl Database) {
    let before = database.open().await;
    let alice = person(&before, "alice").await;
    let key = key(&alice, "incidents");
    let grant = connected(&before, &key).await;
    let flows = [pending(&before, &key).await, exchanging(&before, &key).await];
    let job = new_job("one", &alice, &["incidents"]);
    before.insert_job(&job, &any_mac).await.unwrap();
    before.open_session(&session("alice", "hers")).await.unwrap();
    before.begin_sign_in(&sign_in("one")).await.unwrap();
    before.keep_registration(&registration("client")).await.unwrap();
    leased(&before, grant.id, grant.version, &LeaseOwner("before".into())).await;
    let mut open = Vec::new();
    for flow in flows {
        open.push(before.find_flow(flow, &alice).await.unwrap().unwrap());
    }
    let living = before.find_job(&job.id).await.unwrap();
    drop(before);

    let after = database.open().await;
    assert_eq!(after.find_grant(&key).await.unwrap(), Some(grant.clone()));
    assert!(!leased(&after, grant.id, grant.version, &LeaseOwner("after".into())).await, "leases hold");
    for flow in open {
        assert_eq!(after.find_flow(flow.id, &alice).await.unwrap(), Some(flow));
    }
    assert_eq!(after.find_job(&job.id).await.unwrap(), living);
    assert_eq!(after.find_session("hers").await.unwrap().unwrap().principal.id(), alice);
    assert_eq!(after.take_sign_in("one").await.unwrap(), Some(sign_in("one").sign_in));
    let kept = registration("client");
    assert_eq!(after.find_registration(&kept.issuer, &kept.redirect_uri).await.unwrap(), Some(kept));
}
