use aiq_connect_shared::SkipReason;
use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{connected, disconnect, key, of_twenty, person},
    waits::{RULES, job, open, over, told, wait, words},
};
use crate::{
    domain::{JobId, Told, WaitRules, WaitStanding},
    storage::{Ageing, JobStore, Store, WaitStore},
    timing::WAIT_MARGIN,
};

async fn standing(store: &impl Store, job: &JobId, reason: &str) -> Option<WaitStanding> {
    store.find_wait(job, &"wiki".into(), reason).await.unwrap()
}

pub async fn a_deadline_ends_a_wait_whoever_notices_and_is_told_once(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let job = job(&store, "one", &person(&store, "alice").await).await;
    open(&store, &job, "wiki", "revoked").await;
    store.age(RULES.length - TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(store.end_overdue_waits().await.unwrap(), []);
    store.age(TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(standing(&store, &job, "revoked").await, None, "nothing says any more that it waits");

    let asked = job.clone();
    let noticed = of_twenty([&store, &other], move |at, store| {
        let wait = wait(&asked, "wiki", "revoked");
        async move {
            match at % 4 {
                0 | 1 => !store.end_overdue_waits().await.unwrap().is_empty(),
                _ => store.open_wait(&wait, RULES).await.unwrap().is_news,
            }
        }
    });
    assert_eq!(noticed.await, 1);
    assert_eq!(words(&store, &job).await, ["required revoked", "DeadlinePassed"]);
    assert_eq!(standing(&store, &job, "revoked").await, Some(WaitStanding::Over(SkipReason::DeadlinePassed)));
}

pub async fn the_owner_goes_on_without_a_server_whatever_its_next_trouble(database: &impl Database) {
    let store = database.open().await;
    let job = job(&store, "one", &person(&store, "alice").await).await;
    assert!(!store.skip_wait(&job, &"wiki".into()).await.unwrap(), "nothing waits");
    open(&store, &job, "wiki", "expired").await;
    open(&store, &job, "incidents", "expired").await;
    assert!(store.skip_wait(&job, &"wiki".into()).await.unwrap());
    assert!(!store.skip_wait(&job, &"wiki".into()).await.unwrap(), "once");
    assert_eq!(store.extend_wait(&job, &"wiki".into(), RULES.length).await.unwrap(), None);
    for reason in ["expired", "revoked"] {
        let answer = store.open_wait(&wait(&job, "wiki", reason), RULES).await.unwrap();
        assert_eq!(answer, over(SkipReason::Skipped, false));
    }
    assert_eq!(words(&store, &job).await, ["required expired", "required expired", "Skipped"]);
    assert!(store.skip_wait(&job, &"incidents".into()).await.unwrap(), "the other one waited on");
}

pub async fn extending_makes_a_wait_longer_but_not_longer_than_its_job(database: &impl Database) {
    let store = database.open().await;
    let job = job(&store, "one", &person(&store, "alice").await).await;
    let extend = async |minutes| store.extend_wait(&job, &"wiki".into(), TimeDelta::minutes(minutes)).await.unwrap();
    assert_eq!(extend(15).await, None, "nothing waits");
    open(&store, &job, "wiki", "revoked").await;
    let first = standing(&store, &job, "revoked").await;
    assert_eq!(extend(10).await, first, "not shorter");

    store.age(TimeDelta::minutes(10)).await.unwrap();
    let Some(WaitStanding::Waiting { until, can_extend: true }) = extend(15).await else { panic!("it waits on") };
    let end = store.find_job(&job).await.unwrap().unwrap().ends_at;
    let left = end - until;
    assert!((TimeDelta::minutes(34)..=TimeDelta::minutes(35)).contains(&left), "{left}");
    let expected = Told::Required { reason: "revoked".into(), until, can_extend: true };
    assert_eq!(told(&store, &job).await, [expected], "the event tells the end that holds");

    let last = WaitStanding::Waiting { until: end - WAIT_MARGIN, can_extend: false };
    assert_eq!(extend(600).await, Some(last));
    assert_eq!(standing(&store, &job, "revoked").await, Some(last));
    store.age(TimeDelta::minutes(49)).await.unwrap();
    assert_eq!(extend(15).await, None, "too late");
}

pub async fn a_token_ends_a_wait_and_a_second_loss_is_told_anew(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    let job = job(&store, "one", &alice).await;
    open(&store, &job, "wiki", "revoked").await;
    assert!(!store.restore_wait(&job, &"wiki".into()).await.unwrap(), "there is no token");
    connected(&store, &key(&alice, "wiki")).await;
    assert!(!store.restore_wait(&job, &"incidents".into()).await.unwrap(), "not of another server");
    let asked = job.clone();
    let restored = of_twenty([&store, &other], move |_, store| {
        let job = asked.clone();
        async move { store.restore_wait(&job, &"wiki".into()).await.unwrap() }
    });
    assert_eq!(restored.await, 1);
    assert_eq!(standing(&store, &job, "revoked").await, None);
    open(&store, &job, "wiki", "revoked").await;
    assert_eq!(words(&store, &job).await, ["required revoked", "restored", "required revoked"]);

    store.skip_wait(&job, &"wiki".into()).await.unwrap();
    assert!(store.restore_wait(&job, &"wiki".into()).await.unwrap(), "what was skipped is back all the same");
}

pub async fn a_token_that_the_server_refused_restores_nothing(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let job = job(&store, "one", &alice).await;
    connected(&store, &key(&alice, "wiki")).await;
    store.age(TimeDelta::minutes(1)).await.unwrap();
    open(&store, &job, "wiki", "rejected_by_server").await;
    let missed = async || store.find_job_and_grant(&job, &"wiki".into()).await.unwrap().unwrap().is_missed;
    assert!(!missed().await && !store.restore_wait(&job, &"wiki".into()).await.unwrap());
    store.age(TimeDelta::minutes(1)).await.unwrap();
    connected(&store, &key(&alice, "wiki")).await;
    assert!(missed().await && store.restore_wait(&job, &"wiki".into()).await.unwrap(), "another token does");
}

pub async fn connecting_ends_the_waits_of_one_person_for_one_server(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let rules = WaitRules { most: 9, ..RULES };
    let (one, two, bobs) =
        (job(&store, "one", &alice).await, job(&store, "two", &alice).await, job(&store, "bobs", &bob).await);
    for (job, server) in [(&one, "wiki"), (&one, "incidents"), (&two, "wiki"), (&bobs, "wiki")] {
        assert!(store.open_wait(&wait(job, server, "revoked"), rules).await.unwrap().is_news);
    }
    let mut restored: Vec<_> =
        store.restore_waits(&key(&alice, "wiki")).await.unwrap().into_iter().map(|wait| wait.job.0).collect();
    restored.sort();
    assert_eq!(restored, ["one", "two"]);
    assert_eq!(store.restore_waits(&key(&alice, "wiki")).await.unwrap(), []);
    assert_eq!(words(&store, &one).await, ["required revoked", "required revoked", "restored"]);
    assert_eq!(words(&store, &bobs).await, ["required revoked"]);
}

pub async fn a_disconnect_ends_waits_and_lets_no_living_job_wait(database: &impl Database) {
    let store = database.open().await;
    let (alice, bob) = (person(&store, "alice").await, person(&store, "bob").await);
    let (waits, works, over_already, bobs) = (
        job(&store, "waits", &alice).await,
        job(&store, "works", &alice).await,
        job(&store, "over", &alice).await,
        job(&store, "bobs", &bob).await,
    );
    store.end_job(&over_already).await.unwrap();
    open(&store, &waits, "wiki", "revoked").await;
    connected(&store, &key(&alice, "wiki")).await;
    for _ in 0..2 {
        disconnect(&store, &key(&alice, "wiki")).await;
    }
    assert_eq!(words(&store, &waits).await, ["required revoked", "Disconnected"]);
    assert_eq!(words(&store, &works).await, ["Disconnected"]);
    assert_eq!((words(&store, &over_already).await.len(), words(&store, &bobs).await.len()), (0, 0));
    for (job, reason) in [(&waits, "revoked"), (&waits, "disconnected"), (&works, "disconnected")] {
        let answer = store.open_wait(&wait(job, "wiki", reason), RULES).await.unwrap();
        assert_eq!(answer, over(SkipReason::Disconnected, false));
    }
    open(&store, &works, "incidents", "revoked").await;

    connected(&store, &key(&alice, "wiki")).await;
    assert!(store.restore_wait(&works, &"wiki".into()).await.unwrap());
    open(&store, &works, "wiki", "revoked").await;
}

pub async fn a_usable_token_is_news_to_jobs_that_missed_it_only(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let job = job(&store, "one", &alice).await;
    let missed = async |server: &str| store.find_job_and_grant(&job, &server.into()).await.unwrap().unwrap().is_missed;
    connected(&store, &key(&alice, "wiki")).await;
    assert!(!missed("wiki").await);
    open(&store, &job, "wiki", "revoked").await;
    assert!(missed("wiki").await && !missed("incidents").await);
    open(&store, &job, "incidents", "disconnected").await;
    assert!(!missed("incidents").await, "there is no token");
    store.skip_wait(&job, &"wiki".into()).await.unwrap();
    assert!(missed("wiki").await, "skipped is missed too");
    assert!(store.restore_wait(&job, &"wiki".into()).await.unwrap());
    assert!(!missed("wiki").await);
}
