use super::{Database, fixtures::of_twenty};
use crate::{
    domain::{ClientAuth, Registration, Sealed},
    storage::RegistrationStore,
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
    store.forget_registration(&old.issuer, &old.redirect_uri, &old.client_id).await.unwrap();
    assert_eq!(store.find_registration(&old.issuer, &old.redirect_uri).await.unwrap(), None);
    assert_eq!(store.keep_registration(&new).await.unwrap(), new);

    store.forget_registration(&old.issuer, &old.redirect_uri, &old.client_id).await.unwrap();
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
