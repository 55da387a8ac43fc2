//! Becoming a client of an issuer (RFC 7591), raced by many people at many processes.

use aiq_connect::timing::REGISTERING;
use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use crate::{
    stage::{Kind, Race},
    support::{
        browser::{Answer, Browser},
        provider::{Consent, Seen},
        service::path_of,
        until,
    },
};

races! {
    eight_first_sign_ins_at_four_processes_register_once_and_all_work,
    a_process_killed_while_it_registers_costs_one_more_registration_and_one_is_kept,
    a_registration_that_fails_is_asked_for_once_and_everybody_is_told,
    a_client_that_the_issuer_forgot_is_renewed_once,
}

const CONNECT: &str = "/v1/auth/mcp/incidents/connect";
/// What a process says that waits for another one.
const WAITS: &str = "another process registers at this issuer";

/// Two people at each process, who begin at the same moment.
struct Crowd {
    people: Vec<Browser>,
    launching: Vec<JoinHandle<Answer>>,
}

impl Crowd {
    async fn begins(race: &Race) -> Self {
        let people: Vec<_> = (0..8).map(|at| race.person(&format!("person {at}"), at % 4)).collect();
        let launching = people.iter().map(|alice| {
            let alice = alice.clone();
            tokio::spawn(async move { alice.follow(CONNECT).await })
        });
        let launching = launching.collect();
        race.everybody_is_here(8).await;
        Self { people, launching }
    }

    /// Everybody comes back from the provider, connected, as the same client.
    async fn all_connect(self, race: &Race) {
        let before = race.provider.count("/token");
        for (alice, launched) in self.people.iter().zip(self.launching) {
            let back = race.provider.walk(&launched.await.unwrap().location(), Consent::Given).await;
            assert_eq!(alice.arrive(&path_of(&back)).await.status, 200);
        }
        let exchanges = race.provider.seen("/token").split_off(before);
        assert_eq!(exchanges.len(), 8);
        let is_the_same = |seen: &Seen| seen.headers["authorization"] == exchanges[0].headers["authorization"];
        assert!(exchanges.iter().all(is_the_same), "all are the same client");
    }
}

/// Waits until so many registrations arrived at the provider in all, and tells which process made the last: all others
/// say that they wait.
async fn one_registers(race: &Race, registrations: usize) -> usize {
    let waits = |process: &usize| race.processes[*process].logged(WAITS).is_none();
    let at_it = || (0..race.processes.len()).filter(waits).collect::<Vec<_>>();
    until("one registers, and all others wait", || async {
        race.provider.count("/register") >= registrations && at_it().len() == 1
    })
    .await;
    at_it()[0]
}

async fn eight_first_sign_ins_at_four_processes_register_once_and_all_work(kind: Kind) {
    let race = Race::before(kind, 4).await;
    let gate = race.provider.hold_registration();
    let crowd = Crowd::begins(&race).await;
    one_registers(&race, 1).await;
    gate.add_permits(8);
    crowd.all_connect(&race).await;
    assert_eq!(race.provider.count("/register"), 1);
}

async fn a_process_killed_while_it_registers_costs_one_more_registration_and_one_is_kept(kind: Kind) {
    let mut race = Race::before(kind, 4).await;
    let gate = race.provider.hold_registration();
    let crowd = Crowd::begins(&race).await;
    let holder = one_registers(&race, 1).await;
    race.processes[holder].kill();
    // Not before its time is over: it might only be slow.
    race.database.age(REGISTERING - TimeDelta::seconds(10)).await;
    let alice = race.alice((holder + 1) % 4);
    let late = tokio::spawn(async move { alice.follow(CONNECT).await });
    race.everybody_is_here(7).await;
    assert_eq!(race.provider.count("/register"), 1);
    race.database.age(TimeDelta::seconds(10)).await;
    until("another process registers", || async { race.provider.count("/register") == 2 }).await;
    gate.add_permits(8);

    let mut ways = vec![late.await.unwrap()];
    for (person, launched) in crowd.launching.into_iter().enumerate() {
        if person % 4 != holder {
            ways.push(launched.await.unwrap());
        }
    }
    let client = |answer: &Answer| {
        let way = answer.location();
        way.query_pairs().find(|(name, _)| name == "client_id").map(|(_, client)| client.into_owned()).unwrap()
    };
    assert_eq!(ways.len(), 7);
    assert!(ways.iter().all(|way| client(way) == client(&ways[0])), "one is kept");
    let alice = race.alice((holder + 1) % 4);
    assert_eq!(client(&alice.follow(CONNECT).await), client(&ways[0]));
    race.connect(&alice, (holder + 2) % 4).await;
    assert_eq!(race.provider.count("/register"), 2);
}

async fn a_registration_that_fails_is_asked_for_once_and_everybody_is_told(kind: Kind) {
    let race = Race::before(kind, 4).await;
    let gate = race.provider.hold_registration();
    race.provider.set(|faults| faults.refuses_registration = true);
    let crowd = Crowd::begins(&race).await;
    one_registers(&race, 1).await;
    gate.add_permits(8);
    for page in join_all(crowd.launching).await {
        assert_eq!(page.unwrap().status, StatusCode::BAD_GATEWAY);
    }
    assert_eq!(race.provider.count("/register"), 1);
    // It is nobody's any more: whoever tries again is not made to wait.
    race.provider.set(|faults| faults.refuses_registration = false);
    race.connect(&race.alice(3), 3).await;
    assert_eq!(race.provider.count("/register"), 2);
}

async fn a_client_that_the_issuer_forgot_is_renewed_once(kind: Kind) {
    let race = Race::before(kind, 4).await;
    let mut returning = Vec::new();
    for process in 0..4 {
        let person = race.person(&format!("early {process}"), process);
        let back = race.provider.walk(&person.follow(CONNECT).await.location(), Consent::Given).await;
        returning.push((person, path_of(&back)));
    }
    assert_eq!(race.provider.count("/register"), 1);
    race.provider.forget_clients();
    let (late, its_way) = returning.pop().unwrap();
    let arrivals = returning.iter().map(|(person, back)| person.arrive(back));
    assert!(join_all(arrivals).await.iter().all(|page| page.status != StatusCode::OK));

    let gate = race.provider.hold_registration();
    let crowd = Crowd::begins(&race).await;
    one_registers(&race, 2).await;
    gate.add_permits(8);
    // Whoever comes back to the old client now takes nothing away from the new one.
    until("the new one is kept", || async { crowd.launching.iter().all(JoinHandle::is_finished) }).await;
    assert_ne!(late.arrive(&its_way).await.status, StatusCode::OK);
    crowd.all_connect(&race).await;
    race.connect(&race.alice(2), 2).await;
    assert_eq!(race.provider.count("/register"), 2);
}
