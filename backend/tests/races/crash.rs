//! A process is killed around its request. Another one takes over, after the lease and the time that follows it.
//!
//! Only where the provider has rotated and nothing was stored can a grant end; even then it goes on where the provider
//! takes the token before once more.

use aiq_connect::domain::Version;
use aiq_connect_shared::FaultCode;
use serde_json::json;

use crate::stage::{Kind, Race};

races! {
    killed_before_its_request_a_process_costs_nothing,
    a_lease_of_a_process_that_died_is_respected_and_taken_over_at_its_end,
    killed_before_the_provider_looked_a_process_costs_a_request_and_no_grant,
    killed_before_the_answer_a_process_costs_nothing_where_the_token_before_still_works,
    killed_before_the_answer_a_process_costs_the_grant_where_reuse_is_punished_and_the_reason_is_told,
    killed_before_the_commit_a_process_costs_nothing_where_the_token_before_still_works,
    killed_before_the_commit_a_process_costs_the_grant_where_reuse_is_punished_and_the_reason_is_told,
}

async fn killed_before_its_request_a_process_costs_nothing(kind: Kind) {
    const METADATA: &str = "/.well-known/oauth-authorization-server";
    let mut race = Race::begin(kind, 1).await;
    let metadata = race.provider.hold_metadata();
    let before = race.provider.count(METADATA);
    race.add_processes(1).await;
    let asked = race.ask(1);
    race.provider.has_seen(METADATA, before + 1).await;
    race.everybody_waits(1).await;
    race.processes[1].kill();
    assert_eq!(asked.await.unwrap().status, 502);
    metadata.add_permits(9);
    race.outlive_the_lease().await;
    race.token(race.ask(0)).await;
    assert_eq!(race.refreshes(), 1);
    race.goes_on(0).await;
}

async fn a_lease_of_a_process_that_died_is_respected_and_taken_over_at_its_end(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    race.database.leave_a_lease().await;
    let desk = race.provider.desk();
    let asked: Vec<_> = (0..8).map(|worker| race.ask(worker % 2)).collect();
    race.everybody_waits(8).await;
    assert!(desk.is_empty());
    drop(desk);
    race.outlive_the_lease().await;
    for worker in asked {
        race.token(worker).await;
    }
    assert_eq!(race.refreshes(), 1);
    race.goes_on(0).await;
}

async fn killed_before_the_provider_looked_a_process_costs_a_request_and_no_grant(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let killed = race.ask(0);
    let request = desk.next().await;
    race.processes[0].kill();
    drop(request);
    assert_eq!(killed.await.unwrap().status, 502);
    // Somebody waits from before to after the take-over.
    let waiting = race.ask(1);
    race.everybody_waits(1).await;
    assert!(desk.is_empty());
    race.outlive_the_lease().await;
    desk.next().await.serve().send();
    race.token(waiting).await;
    assert_eq!(race.refreshes(), 2);
    assert_eq!(race.grant().await.unwrap().version, Version(2));
    drop(desk);
    race.goes_on(1).await;
}

/// The provider did its part, and the process dies before it hears of it.
async fn kill_before_the_answer(race: &mut Race) {
    let mut desk = race.provider.desk();
    let killed = race.ask(0);
    let done = desk.next().await.serve();
    race.processes[0].kill();
    drop(done);
    assert_eq!(killed.await.unwrap().status, 502);
    race.outlive_the_lease().await;
}

/// The process has heard, and dies because it cannot store what it heard.
async fn kill_before_the_commit(race: &mut Race) {
    let mut desk = race.provider.desk();
    let killed = race.ask(0);
    let request = desk.next().await;
    let standstill = race.database.stand_still().await;
    request.serve().send();
    standstill.holds_up(&race.processes[0]).await;
    race.processes[0].kill();
    standstill.end_after_a_death().await;
    assert_eq!(killed.await.unwrap().status, 502);
    let grant = race.grant().await.unwrap();
    assert_eq!((grant.version, grant.in_doubt_since.is_some()), (Version::FIRST, true), "nothing was stored");
    race.outlive_the_lease().await;
}

async fn is_continued(race: &Race) {
    race.token(race.ask(1)).await;
    assert_eq!(race.refreshes(), 2);
    race.provider.set(|faults| faults.forgives_reuse = false);
    race.goes_on(1).await;
}

async fn is_lost_and_says_why(race: &Race) {
    for _ in 0..2 {
        let answer = race.ask(1).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")), "{}", answer.body);
    }
    assert_eq!(race.refreshes(), 2);
    assert_eq!(race.grant().await.unwrap().fault, Some(FaultCode::Revoked));
    assert!(race.said_by_anybody("lost_response").is_some());
    race.connect(&race.alice(1), 1).await;
    race.goes_on(1).await;
}

async fn killed_before_the_answer_a_process_costs_nothing_where_the_token_before_still_works(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    race.provider.set(|faults| faults.forgives_reuse = true);
    kill_before_the_answer(&mut race).await;
    is_continued(&race).await;
}

async fn killed_before_the_answer_a_process_costs_the_grant_where_reuse_is_punished_and_the_reason_is_told(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    kill_before_the_answer(&mut race).await;
    is_lost_and_says_why(&race).await;
}

async fn killed_before_the_commit_a_process_costs_nothing_where_the_token_before_still_works(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    race.provider.set(|faults| faults.forgives_reuse = true);
    kill_before_the_commit(&mut race).await;
    is_continued(&race).await;
}

async fn killed_before_the_commit_a_process_costs_the_grant_where_reuse_is_punished_and_the_reason_is_told(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    kill_before_the_commit(&mut race).await;
    is_lost_and_says_why(&race).await;
}
