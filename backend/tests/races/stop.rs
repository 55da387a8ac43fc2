//! A process is told to stop while it refreshes, as at every deployment.

use aiq_connect::domain::Version;
use chrono::TimeDelta;

use crate::stage::{Kind, Race};

races! {
    a_process_that_is_told_to_stop_stores_and_hands_out_what_was_under_way,
    a_process_that_is_told_to_stop_stores_what_it_refreshed_behind_an_answer,
}

async fn a_process_that_is_told_to_stop_stores_and_hands_out_what_was_under_way(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let request = desk.next().await;
    race.processes[0].tell_to_stop();
    race.processes[0].says("stopping").await;
    request.serve().send();
    let token = race.token(asked).await;
    race.processes[0].has_stopped().await;
    assert_eq!(race.token(race.ask(1)).await, token);
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.goes_on(1).await;
}

async fn a_process_that_is_told_to_stop_stores_what_it_refreshed_behind_an_answer(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    race.goes_on(0).await;
    // A tenth of its hour is left: good enough to be handed out, and time to renew it.
    race.database.age(TimeDelta::minutes(54)).await;
    let mut desk = race.provider.desk();
    let before = race.refreshes();
    race.token(race.ask(0)).await;
    let request = desk.next().await;
    race.processes[0].tell_to_stop();
    race.processes[0].says("stopping").await;
    request.serve().send();
    race.processes[0].has_stopped().await;
    assert_eq!(race.grant().await.unwrap().version, Version(3));
    assert_eq!(race.refreshes(), before + 1);
    drop(desk);
    race.goes_on(1).await;
}
