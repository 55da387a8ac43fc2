//! Answers that come late: after the lease was lost, or after somebody else was faster.

use aiq_connect::domain::Version;

use crate::{
    stage::{Kind, Race},
    support::provider::TokenFault,
};

races! {
    an_answer_that_comes_after_the_lease_was_lost_is_kept,
    an_answer_that_comes_while_another_process_holds_the_lease_is_kept_and_serves_both,
    a_process_that_stood_still_drops_its_answer_when_it_was_overtaken_and_revokes_nothing,
    a_process_that_gets_ready_while_another_refreshes_sends_nothing,
}

pooled_races! {
    an_answer_that_comes_after_the_lease_was_lost_is_kept,
    a_process_that_stood_still_drops_its_answer_when_it_was_overtaken_and_revokes_nothing,
}

async fn an_answer_that_comes_after_the_lease_was_lost_is_kept(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    race.outlive_the_lease().await;
    done.send();
    let token = race.token(asked).await;
    assert_eq!(race.token(race.ask(1)).await, token);
    assert_eq!(race.grant().await.unwrap().version, Version(2));
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.goes_on(1).await;
}

async fn an_answer_that_comes_while_another_process_holds_the_lease_is_kept_and_serves_both(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let first = race.ask(0);
    let done = desk.next().await.serve();
    race.outlive_the_lease().await;
    let second = race.ask(1);
    let overtaking = desk.next().await;
    done.send();
    let token = race.token(first).await;
    overtaking.refuse(TokenFault::Unavailable);
    assert_eq!(race.token(second).await, token);
    assert_eq!(race.grant().await.unwrap().version, Version(2));
    drop(desk);
    race.goes_on(1).await;
}

async fn a_process_that_stood_still_drops_its_answer_when_it_was_overtaken_and_revokes_nothing(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    race.provider.set(|faults| faults.forgives_reuse = true);
    let mut desk = race.provider.desk();
    let first = race.ask(0);
    let request = desk.next().await;
    race.processes[0].freeze();
    request.serve().send();
    race.outlive_the_lease().await;
    let second = race.ask(1);
    desk.next().await.serve().send();
    let token = race.token(second).await;
    // From here on a token that was used already is the end of all.
    race.provider.set(|faults| faults.forgives_reuse = false);
    race.processes[0].thaw();
    assert_eq!(race.token(first).await, token);
    assert_eq!(race.grant().await.unwrap().version, Version(2));
    assert_eq!(race.revoked(), [""; 0]);
    drop(desk);
    race.goes_on(0).await;
}

async fn a_process_that_gets_ready_while_another_refreshes_sends_nothing(kind: Kind) {
    const METADATA: &str = "/.well-known/oauth-authorization-server";
    let mut race = Race::begin(kind, 1).await;
    let metadata = race.provider.hold_metadata();
    let before = race.provider.count(METADATA);
    race.add_processes(1).await;
    let slow = race.ask(1);
    race.provider.has_seen(METADATA, before + 1).await;
    race.everybody_waits(1).await;
    let token = race.token(race.ask(0)).await;
    metadata.add_permits(9);
    assert_eq!(race.token(slow).await, token);
    assert_eq!(race.refreshes(), 1);
    race.goes_on(1).await;
}
