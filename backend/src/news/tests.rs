use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::storage::{Hearing, StoreError, Wire};

/// A database that can be away, deaf, and cut.
#[derive(Default)]
struct Database {
    serials: Mutex<HashMap<PrincipalId, i64>>,
    asked: Mutex<Vec<usize>>,
    is_away: watch::Sender<bool>,
    /// Wires that are given out, one for each time it is heard.
    wires: Mutex<Vec<mpsc::UnboundedReceiver<PrincipalId>>>,
}

struct Cable(mpsc::UnboundedReceiver<PrincipalId>);

fn away() -> StoreError {
    StoreError::Unavailable("away".into())
}

#[async_trait]
impl Wire for Cable {
    async fn next(&mut self) -> Result<PrincipalId, StoreError> {
        self.0.recv().await.ok_or_else(away)
    }
}

#[async_trait]
impl ChangeStore for Database {
    async fn serials(&self, people: &[PrincipalId]) -> Result<HashMap<PrincipalId, i64>, StoreError> {
        if *self.is_away.borrow() {
            return Err(away());
        }
        self.asked.lock().unwrap().push(people.len());
        let serials = self.serials.lock().unwrap();
        Ok(people.iter().filter_map(|person| Some((person.clone(), *serials.get(person)?))).collect())
    }

    async fn hear(&self) -> Result<Hearing, StoreError> {
        if *self.is_away.borrow() {
            return Err(away());
        }
        let wire = self.wires.lock().unwrap().pop();
        Ok(wire.map_or(Hearing::Deaf, |wire| Hearing::Open(Box::new(Cable(wire)))))
    }
}

impl Database {
    fn raise(&self, person: &PrincipalId) {
        *self.serials.lock().unwrap().entry(person.clone()).or_default() += 1;
    }

    fn asked(&self) -> Vec<usize> {
        self.asked.lock().unwrap().clone()
    }
}

struct Bench {
    database: Arc<Database>,
    listeners: Arc<Listeners>,
    told: mpsc::UnboundedReceiver<PrincipalId>,
}

impl Bench {
    fn new(wires: Vec<mpsc::UnboundedReceiver<PrincipalId>>) -> Self {
        let database = Arc::new(Database { wires: Mutex::new(wires), ..Database::default() });
        let listeners = Arc::<Listeners>::default();
        let (tell, told) = mpsc::unbounded_channel();
        {
            let (database, listeners) = (Arc::clone(&database), Arc::clone(&listeners));
            tokio::spawn(async move {
                follow_for(&listeners, &|person| tell.send(person.clone()).unwrap(), &*database).await;
            });
        }
        Self { database, listeners, told }
    }

    /// Who is told of next, and how long that took.
    async fn next(&mut self) -> (PrincipalId, Duration) {
        let began = Instant::now();
        let told = tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await.expect("somebody is told");
        (told.unwrap(), began.elapsed())
    }

    async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.told.recv()).await.is_err()
    }
}

fn person(name: &str) -> PrincipalId {
    PrincipalId(name.to_owned())
}

#[tokio::test]
async fn a_raised_serial_is_told_within_a_second_and_only_to_those_it_is_about() {
    let mut bench = Bench::new(Vec::new());
    let (alice, bob) = (person("alice"), person("bob"));
    let _ears = [bench.listeners.listen(&alice), bench.listeners.listen(&bob)];
    let mut first = [bench.next().await.0, bench.next().await.0];
    first.sort();
    assert_eq!(first, [alice.clone(), bob], "who is new may have missed something");
    assert!(bench.is_silent_for(Duration::from_millis(1_200)).await);
    bench.database.raise(&alice);
    let (told, took) = bench.next().await;
    assert_eq!(told, alice);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(bench.database.asked().iter().all(|people| *people == 2), "one statement for all");
}

#[tokio::test]
async fn nothing_is_asked_while_nobody_listens() {
    let mut bench = Bench::new(Vec::new());
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(bench.database.asked(), [0; 0]);
    let ear = bench.listeners.listen(&person("alice"));
    let (_, took) = bench.next().await;
    assert!(took < Duration::from_millis(200), "{took:?}");
    drop(ear);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let asked = bench.database.asked().len();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(bench.database.asked().len(), asked);
}

#[tokio::test]
async fn what_the_database_tells_arrives_at_once_and_then_it_is_hardly_asked() {
    let (cable, wire) = mpsc::unbounded_channel();
    let mut bench = Bench::new(vec![wire]);
    let alice = person("alice");
    let _ear = bench.listeners.listen(&alice);
    bench.next().await;
    cable.send(person("nobody we know")).unwrap();
    cable.send(alice.clone()).unwrap();
    let (told, took) = bench.next().await;
    assert_eq!(told, alice);
    assert!(took < Duration::from_millis(200), "{took:?}");
    let asked = bench.database.asked().len();
    assert!(bench.is_silent_for(Duration::from_secs(2)).await);
    assert!(bench.database.asked().len() <= asked + 1, "{} questions", bench.database.asked().len() - asked);
}

#[tokio::test]
async fn what_was_lost_with_a_wire_is_found_and_another_wire_is_opened() {
    let ((cable, wire), (next_cable, next_wire)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    // The last is given out first.
    let mut bench = Bench::new(vec![next_wire, wire]);
    let alice = person("alice");
    let _ear = bench.listeners.listen(&alice);
    bench.next().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.database.raise(&alice);
    drop(cable);
    let (told, took) = bench.next().await;
    assert_eq!(told, alice);
    assert!(took < Duration::from_millis(200), "{took:?}");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    next_cable.send(alice.clone()).unwrap();
    assert_eq!(bench.next().await.0, alice);
}

#[tokio::test]
async fn a_database_that_was_away_is_found_again_with_all_that_happened() {
    let mut bench = Bench::new(Vec::new());
    let alice = person("alice");
    let _ear = bench.listeners.listen(&alice);
    bench.next().await;
    bench.database.is_away.send_replace(true);
    bench.database.raise(&alice);
    assert!(bench.is_silent_for(Duration::from_millis(1_200)).await);
    bench.database.is_away.send_replace(false);
    let (told, took) = bench.next().await;
    assert_eq!(told, alice);
    assert!(took < Duration::from_secs(1), "{took:?}");
}
