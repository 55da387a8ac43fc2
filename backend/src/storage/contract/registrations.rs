use aiq_connect_shared::FaultCode;
use chrono::TimeDelta;

use super::{Database, fixtures::of_twenty};
use crate::{
    domain::{ClientAuth, LeaseOwner, Registration, RegistrationTurn, Sealed},
    storage::{Ageing, Old, RegistrationStore, RetentionStore, Store},
    timing::{KEEP_REGISTERING, REGISTERING},
};

pub(super) fn registration(client_id: &str) -> Registration {
    Registration {
        issuer: "https://idp.example".into(),
        redirect_uri: "https://us.example/callback".into(),
        client_id: client_id.into(),
        client_secret: Some(Sealed(format!("secret of {client_id}").into())),
        auth: ClientAuth::Post,
    }
}

pub async fn a_registration_reads_back_as_it_was_stored(database: &impl Database) {
    let store = database.open().await;
    let confidential = registration("one");
    let public = Registration {
        redirect_uri: "https://us.example/other".into(),
        client_secret: None,
        auth: ClientAuth::None,
        ..registration("two")
    };
    let elsewhere = Registration { issuer: "https://b.example".into(), auth: ClientAuth::Basic, ..registration("one") };
    for new in [&confidential, &public, &elsewhere] {
        assert_eq!(store.find_registration(&new.issuer, &new.redirect_uri).await.unwrap(), None);
        assert_eq!(&store.keep_registration(new).await.unwrap(), new);
    }
    for new in [&confidential, &public, &elsewhere] {
        assert_eq!(store.find_registration(&new.issuer, &new.redirect_uri).await.unwrap().as_ref(), Some(new));
    }
}

pub async fn the_first_registration_of_an_issuer_and_address_stays(database: &impl Database) {
    let store = database.open().await;
    let first = registration("one");
    store.keep_registration(&first).await.unwrap();
    assert_eq!(store.keep_registration(&registration("two")).await.unwrap(), first);
    assert_eq!(store.find_registration(&first.issuer, &first.redirect_uri).await.unwrap(), Some(first));
}

pub async fn forgetting_names_the_client_so_that_a_newer_one_stays(database: &impl Database) {
    let store = database.open().await;
    let (old, new) = (registration("one"), registration("two"));
    let elsewhere = Registration { issuer: "https://b.example".into(), ..registration("one") };
    let other_address = Registration { redirect_uri: "https://us.example/other".into(), ..registration("one") };
    for kept in [&old, &elsewhere, &other_address] {
        store.keep_registration(kept).await.unwrap();
    }
    assert!(store.forget_registration(&old.issuer, &old.redirect_uri, &old.client_id).await.unwrap());
    assert_eq!(store.find_registration(&old.issuer, &old.redirect_uri).await.unwrap(), None);
    assert_eq!(store.keep_registration(&new).await.unwrap(), new);

    assert!(!store.forget_registration(&old.issuer, &old.redirect_uri, &old.client_id).await.unwrap());
    for kept in [&new, &elsewhere, &other_address] {
        assert_eq!(store.find_registration(&kept.issuer, &kept.redirect_uri).await.unwrap().as_ref(), Some(kept));
    }
}

pub async fn twenty_at_once_agree_on_one_registration(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    // Each says whether its own was the one that stayed.
    let kept = of_twenty([&store, &other], |at, store| async move {
        let mine = registration(&format!("client {at}"));
        let kept = store.keep_registration(&mine).await.unwrap();
        let stored = store.find_registration(&mine.issuer, &mine.redirect_uri).await.unwrap();
        assert_eq!(stored.as_ref(), Some(&kept), "what is returned is what is there, for good");
        kept == mine
    });
    assert_eq!(kept.await, 1);
}

const ISSUER: &str = "https://idp.example";
const HERE: &str = "https://us.example/callback";

fn holder(name: &str) -> LeaseOwner {
    LeaseOwner(name.into())
}

async fn begins(store: &impl Store, name: &str) -> bool {
    store.begin_registering(ISSUER, HERE, &holder(name)).await.unwrap()
}

async fn gives_up(store: &impl Store, name: &str, failure: Option<FaultCode>) {
    store.give_up_registering(ISSUER, HERE, &holder(name), failure).await.unwrap();
}

async fn turn(store: &impl Store) -> RegistrationTurn {
    store.registration_turn(ISSUER, HERE).await.unwrap()
}

pub async fn one_of_twenty_registers(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let begun = of_twenty([&store, &other], |at, store| async move { begins(&store, &format!("process {at}")).await });
    assert_eq!(begun.await, 1);
    // Neither another redirect URI nor another issuer waits for that.
    for (issuer, redirect_uri) in [(ISSUER, "https://us.example/other"), ("https://b.example", HERE)] {
        assert_eq!(store.registration_turn(issuer, redirect_uri).await.unwrap(), RegistrationTurn::Free);
        assert!(store.begin_registering(issuer, redirect_uri, &holder("one")).await.unwrap());
    }
}

pub async fn whoever_registers_holds_the_lease_to_its_end_and_then_it_is_taken_over(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
    assert!(begins(&store, "one").await);
    assert_eq!(turn(&store).await, RegistrationTurn::Taken(1));
    store.age(REGISTERING - TimeDelta::seconds(5)).await.unwrap();
    assert!(!begins(&store, "two").await);
    assert_eq!(turn(&store).await, RegistrationTurn::Taken(1));
    store.age(TimeDelta::seconds(5)).await.unwrap();
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
    assert!(begins(&store, "two").await);
    assert_eq!(turn(&store).await, RegistrationTurn::Taken(2));
    // Whoever was overtaken takes nothing away from the new one.
    for failure in [None, Some(FaultCode::IdpUnreachable)] {
        gives_up(&store, "one", failure).await;
        assert_eq!(turn(&store).await, RegistrationTurn::Taken(2));
    }
}

pub async fn a_registration_that_failed_is_told_and_the_next_attempt_may_begin_at_once(database: &impl Database) {
    let store = database.open().await;
    assert!(begins(&store, "one").await);
    gives_up(&store, "one", Some(FaultCode::RegistrationRejected)).await;
    assert_eq!(turn(&store).await, RegistrationTurn::Failed(1, FaultCode::RegistrationRejected));
    assert!(begins(&store, "two").await);
    assert_eq!(turn(&store).await, RegistrationTurn::Taken(2), "another attempt, of which nothing is known yet");
    gives_up(&store, "two", Some(FaultCode::IdpUnreachable)).await;
    assert_eq!(turn(&store).await, RegistrationTurn::Failed(2, FaultCode::IdpUnreachable));
}

pub async fn a_lease_to_register_that_is_given_back_leaves_nothing_behind(database: &impl Database) {
    let store = database.open().await;
    assert!(begins(&store, "one").await);
    gives_up(&store, "one", None).await;
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
    assert!(begins(&store, "two").await);
    assert_eq!(turn(&store).await, RegistrationTurn::Taken(1));
}

pub async fn where_a_registration_is_kept_nobody_registers(database: &impl Database) {
    let store = database.open().await;
    assert!(begins(&store, "one").await);
    // Whoever kept it: an answer that came late counts too.
    store.keep_registration(&registration("late")).await.unwrap();
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
    gives_up(&store, "one", Some(FaultCode::IdpUnreachable)).await;
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
    store.age(TimeDelta::days(9)).await.unwrap();
    assert_eq!(store.sweep(Old::Registering, KEEP_REGISTERING, 100).await.unwrap(), 0, "there is no row");
}

pub async fn what_became_of_a_registration_goes_when_nobody_can_wait_for_it_any_more(database: &impl Database) {
    let store = database.open().await;
    assert!(begins(&store, "one").await);
    assert!(store.begin_registering(ISSUER, "https://us.example/other", &holder("dead")).await.unwrap());
    gives_up(&store, "one", Some(FaultCode::IdpUnreachable)).await;
    store.age(KEEP_REGISTERING - TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(store.sweep(Old::Registering, KEEP_REGISTERING, 100).await.unwrap(), 0);
    assert_eq!(turn(&store).await, RegistrationTurn::Failed(1, FaultCode::IdpUnreachable));
    store.age(TimeDelta::seconds(1)).await.unwrap();
    assert_eq!(store.sweep(Old::Registering, KEEP_REGISTERING, 100).await.unwrap(), 1, "the other one held on longer");
    store.age(REGISTERING).await.unwrap();
    assert_eq!(store.sweep(Old::Registering, KEEP_REGISTERING, 100).await.unwrap(), 1);
    assert_eq!(turn(&store).await, RegistrationTurn::Free);
}
