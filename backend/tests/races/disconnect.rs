//! Somebody disconnects at one process while another one refreshes.

use serde_json::json;

use crate::{
    stage::{Kind, Race},
    support::until,
};

races! {
    a_disconnect_during_a_refresh_stays_and_the_late_token_is_revoked,
    a_disconnect_before_the_provider_answered_stays_and_no_fault_comes_back,
}

pooled_races! {
    a_disconnect_during_a_refresh_stays_and_the_late_token_is_revoked,
}

async fn a_disconnect_during_a_refresh_stays_and_the_late_token_is_revoked(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    let late = race.provider.refresh_tokens();
    // The disconnect itself ends nothing there, so whatever ends the late token is whoever got it.
    race.provider.set(|faults| faults.refuses_revocation = true);
    race.disconnect(1).await;
    race.provider.set(|faults| faults.refuses_revocation = false);
    assert_eq!((late.len(), race.provider.living_grants()), (1, 1));
    done.send();
    for answer in [asked.await.unwrap(), race.ask(1).await.unwrap()] {
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("disconnected")));
    }
    until("the late token is revoked", || async { race.revoked().contains(&late[0]) }).await;
    assert_eq!(race.provider.living_grants(), 0);
    assert!(race.grant().await.is_none());
    assert_eq!(race.refreshes(), 1);
}

async fn a_disconnect_before_the_provider_answered_stays_and_no_fault_comes_back(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let request = desk.next().await;
    race.disconnect(1).await;
    assert_eq!(race.provider.living_grants(), 0);
    // The provider refuses: the token was revoked.
    request.serve().send();
    let answer = asked.await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("disconnected")));
    assert!(race.grant().await.is_none());
    assert_eq!(race.refreshes(), 1);
}
