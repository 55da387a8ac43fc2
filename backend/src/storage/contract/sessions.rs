use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{of_twenty, principal, session},
    jobs::{any_mac, new_job},
};
use crate::{
    domain::{Introduction, NewSession, NewSignIn, Principal, Profile, Sealed, Session, SignIn},
    storage::{Ageing, JobStore, SessionStore, StoreError},
};

pub(super) fn sign_in(state_hash: &str) -> NewSignIn {
    NewSignIn {
        state_hash: state_hash.into(),
        sign_in: SignIn {
            browser_hash: "browser".into(),
            nonce: "nonce".into(),
            verifier: Sealed(b"verifier".to_vec()),
            return_to: "/connections".into(),
        },
        lifetime: TimeDelta::minutes(10),
    }
}

pub async fn a_sign_in_is_taken_once_however_many_ask(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    store.begin_sign_in(&sign_in("one")).await.unwrap();
    store.begin_sign_in(&sign_in("two")).await.unwrap();
    let taken = of_twenty([&store, &other], |_, store| async move {
        let taken = store.take_sign_in("one").await.unwrap();
        assert!(taken.is_none() || taken == Some(sign_in("one").sign_in));
        taken.is_some()
    });
    assert_eq!(taken.await, 1);
    assert!(store.take_sign_in("two").await.unwrap().is_some(), "others stay");
    assert_eq!(store.take_sign_in("three").await.unwrap(), None);
}

pub async fn a_sign_in_past_its_end_is_gone(database: &impl Database) {
    let store = database.open().await;
    store.begin_sign_in(&sign_in("one")).await.unwrap();
    store.age(TimeDelta::minutes(10)).await.unwrap();
    assert_eq!(store.take_sign_in("one").await.unwrap(), None);
    store.begin_sign_in(&sign_in("two")).await.unwrap();
    store.begin_sign_in(&sign_in("one")).await.expect("what is past its end leaves when another begins");
}

pub async fn a_session_is_found_by_its_cookie_alone(database: &impl Database) {
    let store = database.open().await;
    store.open_session(&session("alice", "hers")).await.unwrap();
    store.open_session(&session("bob", "his")).await.unwrap();
    let new = session("alice", "hers");
    let hers = store.find_session("hers").await.unwrap();
    assert_eq!(hers, Some(Session { principal: new.principal, profile: new.profile }));
    assert_eq!(store.find_session("his").await.unwrap().unwrap().principal, principal("bob"));
    assert_eq!(store.find_session("").await.unwrap(), None);
}

pub async fn a_session_ends_by_itself(database: &impl Database) {
    let store = database.open().await;
    store.open_session(&session("alice", "hers")).await.unwrap();
    store.age(TimeDelta::hours(11)).await.unwrap();
    assert!(store.find_session("hers").await.unwrap().is_some());
    store.age(TimeDelta::hours(1)).await.unwrap();
    assert_eq!(store.find_session("hers").await.unwrap(), None);
}

pub async fn a_closed_session_is_gone_and_others_stay(database: &impl Database) {
    let store = database.open().await;
    store.open_session(&session("alice", "laptop")).await.unwrap();
    store.open_session(&session("alice", "phone")).await.unwrap();
    store.close_session("laptop").await.unwrap();
    store.close_session("laptop").await.unwrap();
    assert_eq!(store.find_session("laptop").await.unwrap(), None);
    assert!(store.find_session("phone").await.unwrap().is_some());
}

pub async fn signing_in_again_brings_the_profile_up_to_date(database: &impl Database) {
    let store = database.open().await;
    store.open_session(&session("alice", "before")).await.unwrap();
    let profile = Profile { name: "Alice Married".into(), email: None };
    let again = NewSession { profile: profile.clone(), ..session("alice", "after") };
    store.open_session(&again).await.unwrap();
    for cookie in ["before", "after"] {
        assert_eq!(store.find_session(cookie).await.unwrap().unwrap().profile, profile);
    }
}

fn introduction(name: Option<&str>, email: Option<&str>) -> Introduction {
    Introduction { name: name.map(str::to_owned), email: email.map(str::to_owned) }
}

pub async fn a_remembered_person_can_own_things_and_has_no_session(database: &impl Database) {
    let store = database.open().await;
    let alice = principal("alice");
    let job = new_job("one", &alice.id(), &[]);
    assert!(matches!(store.insert_job(&job, &any_mac).await, Err(StoreError::Impossible { .. })));
    store.remember(&alice, &introduction(Some("Alice"), Some("alice@example.com"))).await.unwrap();
    store.insert_job(&job, &any_mac).await.unwrap();
    assert_eq!(store.find_job(&job.id).await.unwrap().unwrap().sub, "alice");
    assert_eq!(store.find_session("").await.unwrap(), None);
}

pub async fn what_an_introduction_leaves_out_stays_as_it_was_known(database: &impl Database) {
    let store = database.open().await;
    let alice = principal("alice");
    let profile = |name: &str, email: Option<&str>| Profile { name: name.into(), email: email.map(str::to_owned) };
    for (name, email, known) in [
        (None, None, profile("alice", None)),
        (Some("Alice"), None, profile("Alice", None)),
        (None, Some("alice@example.com"), profile("Alice", Some("alice@example.com"))),
        (None, None, profile("Alice", Some("alice@example.com"))),
        (Some("Alice Married"), Some("a@example.com"), profile("Alice Married", Some("a@example.com"))),
    ] {
        assert_eq!(store.remember(&alice, &introduction(name, email)).await.unwrap(), known);
    }
    store.open_session(&session("alice", "hers")).await.unwrap();
    assert_eq!(store.find_session("hers").await.unwrap().unwrap().profile, session("alice", "").profile);
}

pub async fn equal_subjects_of_two_issuers_are_remembered_as_two(database: &impl Database) {
    let store = database.open().await;
    let other = Principal { issuer: "https://elsewhere.example".into(), ..principal("alice") };
    store.remember(&principal("alice"), &introduction(Some("Alice"), None)).await.unwrap();
    let known = store.remember(&other, &introduction(None, None)).await.unwrap();
    assert_eq!(known, Profile { name: "alice".into(), email: None });
}

pub async fn twenty_at_once_remember_one_person(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let remembered = of_twenty([&store, &other], |_, store| async move {
        store.remember(&principal("alice"), &Introduction::default()).await.unwrap().name == "alice"
    });
    assert_eq!(remembered.await, 20);
}
