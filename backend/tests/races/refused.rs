//! `invalid_grant`: what it means depends on what is stored when it comes.

use aiq_connect::domain::Version;
use aiq_connect_shared::FaultCode;
use serde_json::json;

use crate::{
    stage::{Kind, Race},
    support::provider::TokenFault,
};

races! {
    a_refusal_after_somebody_elses_rotation_is_no_fault,
    a_success_that_comes_after_a_refusal_heals_the_grant,
    a_refusal_of_the_current_token_is_asked_for_once_and_told_at_every_process,
}

async fn a_refusal_after_somebody_elses_rotation_is_no_fault(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let first = race.ask(0);
    let overtaken = desk.next().await;
    race.outlive_the_lease().await;
    let second = race.ask(1);
    let overtaking = desk.next().await;
    assert_eq!(overtaken.field("refresh_token"), overtaking.field("refresh_token"));
    overtaking.serve().send();
    let token = race.token(second).await;
    // Refused as an old token is where nobody looks for reuse.
    overtaken.refuse(TokenFault::InvalidGrant);
    assert_eq!(race.token(first).await, token);
    let grant = race.grant().await.unwrap();
    assert_eq!((grant.version, grant.fault), (Version(2), None));
    drop(desk);
    race.goes_on(0).await;
}

async fn a_refusal_of_the_current_token_is_asked_for_once_and_told_at_every_process(kind: Kind) {
    let race = Race::begin(kind, 4).await;
    let mut desk = race.provider.desk();
    let asked: Vec<_> = (0..16).map(|worker| race.ask(worker % 4)).collect();
    let request = desk.next().await;
    race.everybody_waits(16).await;
    request.refuse(TokenFault::InvalidGrant);
    for worker in asked {
        let answer = worker.await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("revoked")), "{}", answer.body);
    }
    assert_eq!(race.refreshes(), 1);
    assert_eq!(race.grant().await.unwrap().fault, Some(FaultCode::Revoked));
    assert_eq!(race.said_by_anybody("lost_response"), None, "no answer was lost");
}

async fn a_success_that_comes_after_a_refusal_heals_the_grant(kind: Kind) {
    let race = Race::begin(kind, 2).await;
    let mut desk = race.provider.desk();
    let first = race.ask(0);
    let overtaken = desk.next().await;
    race.outlive_the_lease().await;
    let second = race.ask(1);
    let done = desk.next().await.serve();
    overtaken.refuse(TokenFault::InvalidGrant);
    assert_eq!(first.await.unwrap().status, 409);
    assert_eq!(race.grant().await.unwrap().fault, Some(FaultCode::Revoked));
    done.send();
    race.token(second).await;
    let grant = race.grant().await.unwrap();
    assert_eq!((grant.version, grant.fault), (Version(2), None));
    drop(desk);
    race.goes_on(0).await;
}
