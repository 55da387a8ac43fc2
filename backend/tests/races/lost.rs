//! The provider's answer gets lost on its way, or there is none that helps.

use aiq_connect_shared::FaultCode;
use chrono::TimeDelta;
use serde_json::json;

use crate::{
    stage::{Kind, Race},
    support::provider::TokenFault,
};

races! {
    a_lost_answer_is_asked_for_once_more_by_the_same_process_and_serves_everybody,
    a_lost_answer_of_a_provider_that_punishes_reuse_is_told_as_what_it_is,
    a_busy_provider_is_asked_once_by_all_processes_and_the_grant_stays,
}

pooled_races! {
    a_lost_answer_is_asked_for_once_more_by_the_same_process_and_serves_everybody,
}

const PROCESSES: usize = 4;
const WORKERS: usize = 16;

async fn a_lost_answer_is_asked_for_once_more_by_the_same_process_and_serves_everybody(kind: Kind) {
    let race = Race::begin(kind, PROCESSES).await;
    race.provider.set(|faults| faults.forgives_reuse = true);
    let mut desk = race.provider.desk();
    let asked: Vec<_> = (0..WORKERS).map(|worker| race.ask(worker % PROCESSES)).collect();
    let done = desk.next().await.serve();
    race.everybody_waits(WORKERS).await;
    drop(done);
    desk.next().await.serve().send();
    let mut tokens = Vec::new();
    for worker in asked {
        tokens.push(race.token(worker).await);
    }
    tokens.dedup();
    assert_eq!((tokens.len(), race.refreshes()), (1, 2));
    race.provider.set(|faults| faults.forgives_reuse = false);
    drop(desk);
    race.goes_on(2).await;
}

async fn a_lost_answer_of_a_provider_that_punishes_reuse_is_told_as_what_it_is(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    drop(desk.next().await.serve());
    desk.next().await.serve().send();
    let answer = asked.await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")), "{}", answer.body);
    assert_eq!(race.ask(1).await.unwrap().status, 409);
    assert_eq!(race.refreshes(), 2);
    assert_eq!(race.grant().await.unwrap().fault, Some(FaultCode::Revoked));
    assert!(race.said_by_anybody("lost_response").is_some());
}

async fn a_busy_provider_is_asked_once_by_all_processes_and_the_grant_stays(kind: Kind) {
    let race = Race::begin(kind, PROCESSES).await;
    let mut desk = race.provider.desk();
    let asked: Vec<_> = (0..WORKERS).map(|worker| race.ask(worker % PROCESSES)).collect();
    let request = desk.next().await;
    race.everybody_waits(WORKERS).await;
    request.refuse(TokenFault::TooMany);
    for worker in asked.into_iter().chain([race.ask(3)]) {
        let answer = worker.await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
        assert!((1..=7).contains(&answer.header("retry-after").parse().unwrap()), "{answer:?}");
    }
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.database.age(TimeDelta::seconds(8)).await;
    race.token(race.ask(2)).await;
    race.goes_on(2).await;
}
