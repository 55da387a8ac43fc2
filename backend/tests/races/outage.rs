//! The database is away, or says nothing, when the provider answers.

use aiq_connect::domain::Version;

use crate::{
    stage::{Kind, Race},
    support::until,
};

races! {
    what_came_while_the_database_was_away_is_stored_when_it_is_back_and_served_to_everybody,
}

async fn what_came_while_the_database_was_away_is_stored_when_it_is_back_and_served_to_everybody(kind: Kind) {
    let race = Race::on_a_database_of_its_own(kind, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let request = desk.next().await;
    let outage = race.database.go_away().await;
    request.serve().send();
    race.processes[0].says("a refreshed token waits for the database").await;
    outage.end().await;
    let token = race.token(asked).await;
    assert_eq!(race.token(race.ask(1)).await, token);
    assert_eq!(race.grant().await.unwrap().version, Version(2));
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.goes_on(1).await;
}

/// Only a server can say nothing and keep its connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_while_the_server_was_frozen_is_stored_when_it_thaws_and_nothing_is_asked_again() {
    let race = Race::on_a_database_of_its_own(Kind::Postgres, 2).await;
    let mut desk = race.provider.desk();
    let asked = race.ask(0);
    let done = desk.next().await.serve();
    let frozen = race.database.freeze();
    done.send();
    race.processes[0].says("a refreshed token waits for the database").await;
    drop(frozen);
    until("the token is stored", || async { race.grant().await.unwrap().version == Version(2) }).await;
    // Told once, although the answer to the attempt that stored it may have been lost.
    race.processes[0].says("version=2").await;
    // Whoever asked has waited for as long as anybody does, or has it.
    assert!([200, 503].contains(&asked.await.unwrap().status.as_u16()));
    assert_eq!(race.token(race.ask(0)).await, race.token(race.ask(1)).await);
    assert!(desk.is_empty());
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.goes_on(1).await;
}
