//! Somebody connects anew while the grant before is being refreshed. The new one has version 1, as the old one had.

use aiq_connect::domain::{Grant, Version};

use crate::{
    stage::{Kind, Race},
    support::provider::{Desk, TokenFault},
};

races! {
    connecting_anew_during_a_refresh_keeps_the_new_grant_and_revokes_nothing,
    an_old_leader_never_writes_into_a_grant_that_was_made_after_a_disconnect,
    what_an_old_leader_was_refused_says_nothing_of_a_grant_made_anew,
    what_kept_an_old_leader_waiting_does_not_hold_up_a_grant_made_anew,
    another_account_that_is_connected_during_a_refresh_stays_and_the_late_answer_of_the_first_is_dropped,
}

pooled_races! {
    an_old_leader_never_writes_into_a_grant_that_was_made_after_a_disconnect,
}

/// The whole way of a person, whose code waits at the desk.
async fn connect(race: &Race, desk: &mut Desk) -> Grant {
    connect_by(race, desk, "/v1/auth/mcp/incidents/connect").await
}

async fn connect_by(race: &Race, desk: &mut Desk, way: &str) -> Grant {
    let alice = race.alice(1);
    let code = async { desk.next().await.serve().send() };
    tokio::join!(race.connect_by(&alice, 1, way), code);
    race.grant().await.unwrap()
}

/// The new grant is as it was made, and lives.
async fn is_untouched(race: &Race, made: &Grant) {
    let stored = race.grant().await.unwrap();
    assert_eq!((stored.id, stored.version, stored.fault), (made.id, Version::FIRST, None));
    assert_eq!((&stored.access_token, &stored.refresh_token), (&made.access_token, &made.refresh_token));
    assert_eq!(race.token(race.ask(0)).await, race.token(race.ask(1)).await);
    assert_eq!(race.refreshes(), 1);
    race.goes_on(0).await;
}

async fn connecting_anew_during_a_refresh_keeps_the_new_grant_and_revokes_nothing(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    let made = connect(&race, &mut desk).await;
    drop(desk);
    done.send();
    race.token(asked).await;
    assert_eq!(race.revoked(), [""; 0], "it may be of the family of the new one");
    is_untouched(&race, &made).await;
}

async fn an_old_leader_never_writes_into_a_grant_that_was_made_after_a_disconnect(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let old = race.grant().await.unwrap();
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    race.disconnect(1).await;
    let made = connect(&race, &mut desk).await;
    assert_eq!((old.version, made.version), (Version::FIRST, Version::FIRST));
    assert_ne!(old.id, made.id);
    drop(desk);
    done.send();
    race.token(asked).await;
    is_untouched(&race, &made).await;
}

async fn what_an_old_leader_was_refused_says_nothing_of_a_grant_made_anew(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let request = desk.next().await;
    let made = connect(&race, &mut desk).await;
    drop(desk);
    request.refuse(TokenFault::InvalidGrant);
    race.token(asked).await;
    is_untouched(&race, &made).await;
}

async fn what_kept_an_old_leader_waiting_does_not_hold_up_a_grant_made_anew(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let request = desk.next().await;
    let made = connect(&race, &mut desk).await;
    drop(desk);
    request.refuse(TokenFault::Unavailable);
    race.token(asked).await;
    is_untouched(&race, &made).await;
}

async fn another_account_that_is_connected_during_a_refresh_stays_and_the_late_answer_of_the_first_is_dropped(
    kind: Kind,
) {
    let race = Race::begin(kind, 2).await;
    let old = race.grant().await.unwrap();
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    let made = connect_by(&race, &mut desk, "/v1/auth/mcp/incidents/connect?intent=switch_account").await;
    assert_ne!(old.id, made.id);
    drop(desk);
    done.send();
    // Who asked for the first account's token gets the second's.
    let token = race.token(asked).await;
    assert_eq!(race.token(race.ask(1)).await, token);
    assert_eq!(race.revoked(), [""; 0], "without a policy that says so, nothing is revoked at a switch");
    is_untouched(&race, &made).await;
}
