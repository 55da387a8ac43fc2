//! Many workers ask at the same moment, at all processes.

use crate::stage::{Kind, Race};

const PROCESSES: usize = 4;
const WORKERS: usize = 48;

races! {
    forty_eight_workers_at_four_processes_cost_one_request_and_get_the_same_token,
}

pooled_races! {
    forty_eight_workers_at_four_processes_cost_one_request_and_get_the_same_token,
}

async fn forty_eight_workers_at_four_processes_cost_one_request_and_get_the_same_token(kind: Kind) {
    let race = Race::begin(kind, PROCESSES).await;
    let mut desk = race.provider.desk();
    let asked: Vec<_> = (0..WORKERS).map(|worker| race.ask(worker % PROCESSES)).collect();
    let request = desk.next().await;
    // Everybody is here before the answer is.
    race.everybody_waits(WORKERS).await;
    request.serve().send();
    let mut tokens = Vec::new();
    for worker in asked {
        tokens.push(race.token(worker).await);
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all got the same token");
    assert!(desk.is_empty());
    assert_eq!(race.refreshes(), 1);
    drop(desk);
    race.goes_on(3).await;
}
