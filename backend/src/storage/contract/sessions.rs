use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{of_twenty, principal, session},
};
use crate::{
    domain::{NewSession, NewSignIn, Profile, Sealed, Session, SignIn},
    storage::{Ageing, SessionStore},
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
