use aiq_connect_shared::SkipReason;
use chrono::TimeDelta;

use super::{
    Database,
    fixtures::{of_twenty, person},
    jobs::{any_mac, new_job},
};
use crate::{
    domain::{JobId, NewWait, PrincipalId, Told, WaitAnswer, WaitRules, WaitStanding},
    storage::{Ageing, GrantStore, JobStore, Store, WaitStore},
    timing::WAIT_MARGIN,
};

pub(in crate::storage) const RULES: WaitRules = WaitRules { length: TimeDelta::minutes(15), most: 2 };

pub(in crate::storage) fn wait(job: &JobId, server: &str, reason: &str) -> NewWait {
    NewWait { job: job.clone(), server: server.into(), reason: reason.into(), is_recoverable: true }
}

/// A living job that may use two servers, for an hour.
pub(in crate::storage) async fn job(store: &impl Store, id: &str, owner: &PrincipalId) -> JobId {
    let job = new_job(id, owner, &["incidents", "wiki"]);
    store.insert_job(&job, &any_mac).await.unwrap();
    job.id
}

/// Opens a wait that must open.
pub(in crate::storage) async fn open(store: &impl Store, job: &JobId, server: &str, reason: &str) {
    let answer = store.open_wait(&wait(job, server, reason), RULES).await.unwrap();
    assert!(answer.is_news && matches!(answer.standing, WaitStanding::Waiting { .. }), "{answer:?}");
}

pub(super) async fn told(store: &impl Store, job: &JobId) -> Vec<Told> {
    store.told_after(job, 0).await.unwrap().into_iter().map(|event| event.told).collect()
}

/// What was told, in words: times aside.
pub(super) async fn words(store: &impl Store, job: &JobId) -> Vec<String> {
    let word = |told| match told {
        Told::Required { reason, .. } => format!("required {reason}"),
        Told::Restored => "restored".to_owned(),
        Told::Skipped(reason) => format!("{reason:?}"),
    };
    told(store, job).await.into_iter().map(word).collect()
}

pub(super) fn over(reason: SkipReason, is_news: bool) -> WaitAnswer {
    WaitAnswer { standing: WaitStanding::Over(reason), is_news }
}

pub async fn a_wait_opens_once_and_is_told_once_however_many_ask(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let job = job(&store, "one", &person(&store, "alice").await).await;
    assert_eq!(store.find_wait(&job, &"wiki".into(), "revoked").await.unwrap(), None);
    let asked = job.clone();
    let opened = of_twenty([&store, &other], move |_, store| {
        let wait = wait(&asked, "wiki", "revoked");
        async move { store.open_wait(&wait, RULES).await.unwrap().is_news }
    });
    assert_eq!(opened.await, 1);
    let WaitStanding::Waiting { until, can_extend: true } =
        store.find_wait(&job, &"wiki".into(), "revoked").await.unwrap().unwrap()
    else {
        panic!("it waits")
    };
    assert_eq!(told(&store, &job).await, [Told::Required { reason: "revoked".into(), until, can_extend: true }]);
}

pub async fn a_wait_lasts_as_long_as_configured_and_ends_before_its_job(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (early, late, last) =
        (job(&store, "early", &alice).await, job(&store, "late", &alice).await, job(&store, "last", &alice).await);
    let rules = WaitRules { most: 9, ..RULES };
    let waits = async |job: &JobId| store.open_wait(&wait(job, "wiki", "expired"), rules).await.unwrap();

    let before = store.connections_of(&alice).await.unwrap().now;
    let WaitStanding::Waiting { until, can_extend } = waits(&early).await.standing else { panic!("it waits") };
    let after = store.connections_of(&alice).await.unwrap().now;
    assert!((before + rules.length..=after + rules.length).contains(&until) && can_extend);

    store.age(TimeDelta::minutes(50)).await.unwrap();
    let end = store.find_job(&late).await.unwrap().unwrap().ends_at;
    let standing = WaitStanding::Waiting { until: end - WAIT_MARGIN, can_extend: false };
    assert_eq!(waits(&late).await, WaitAnswer { standing, is_news: true });

    store.age(TimeDelta::minutes(9)).await.unwrap();
    assert_eq!(waits(&last).await, over(SkipReason::DeadlinePassed, true));
    assert_eq!(words(&store, &last).await, ["DeadlinePassed"]);
    assert_eq!(waits(&last).await, over(SkipReason::DeadlinePassed, false));
}

pub async fn no_more_jobs_wait_than_may_however_many_ask_at_once(database: &impl Database) {
    let (store, other) = (database.open().await, database.open().await);
    let alice = person(&store, "alice").await;
    let mut jobs = Vec::new();
    for at in 0..20 {
        jobs.push(job(&store, &format!("{at}"), &alice).await);
    }
    let asked = jobs.clone();
    let waiting = of_twenty([&store, &other], move |at, store| {
        let wait = wait(&asked[at], "wiki", "revoked");
        async move { matches!(store.open_wait(&wait, RULES).await.unwrap().standing, WaitStanding::Waiting { .. }) }
    });
    assert_eq!(waiting.await, 2);
    let mut refused = 0;
    for job in &jobs {
        refused += usize::from(words(&store, job).await == ["TooManyWaiting"]);
    }
    assert_eq!(refused, 18, "each was told, once");

    // Who was refused stays refused; a place that gets free is for others.
    store.age(TimeDelta::minutes(15)).await.unwrap();
    let newcomer = job(&store, "newcomer", &alice).await;
    open(&store, &newcomer, "wiki", "revoked").await;
    for job in &jobs {
        let answer = store.open_wait(&wait(job, "wiki", "revoked"), RULES).await.unwrap();
        assert!(matches!(answer.standing, WaitStanding::Over(_)), "{answer:?}");
    }
}

pub async fn a_job_that_waits_for_two_servers_takes_one_place(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (one, two) = (job(&store, "one", &alice).await, job(&store, "two", &alice).await);
    for job in [&one, &two] {
        open(&store, job, "wiki", "revoked").await;
        open(&store, job, "incidents", "revoked").await;
    }
    let three = job(&store, "three", &alice).await;
    let answer = store.open_wait(&wait(&three, "wiki", "revoked"), RULES).await.unwrap();
    assert_eq!(answer, over(SkipReason::TooManyWaiting, true));
}

pub async fn what_nobody_can_help_with_opens_no_wait(database: &impl Database) {
    let store = database.open().await;
    let job = job(&store, "one", &person(&store, "alice").await).await;
    let hopeless = NewWait { is_recoverable: false, ..wait(&job, "wiki", "client_misconfigured") };
    for is_news in [true, false] {
        assert_eq!(store.open_wait(&hopeless, RULES).await.unwrap(), over(SkipReason::NotRecoverable, is_news));
    }
    assert_eq!(words(&store, &job).await, ["NotRecoverable"]);
}

pub async fn a_wait_for_another_reason_is_the_same_wait_and_a_new_one_after_its_end(database: &impl Database) {
    let store = database.open().await;
    let job = job(&store, "one", &person(&store, "alice").await).await;
    open(&store, &job, "wiki", "expired").await;
    let another = wait(&job, "wiki", "rejected_by_server");
    let answer = store.open_wait(&another, RULES).await.unwrap();
    assert!(!answer.is_news && matches!(answer.standing, WaitStanding::Waiting { .. }), "{answer:?}");
    assert_eq!(words(&store, &job).await, ["required expired"]);

    store.age(RULES.length).await.unwrap();
    assert!(store.open_wait(&another, RULES).await.unwrap().is_news);
    store.age(RULES.length).await.unwrap();
    for reason in ["expired", "rejected_by_server"] {
        let standing = store.open_wait(&wait(&job, "wiki", reason), RULES).await.unwrap().standing;
        assert_eq!(standing, WaitStanding::Over(SkipReason::DeadlinePassed), "{reason}: each waits once");
    }
    let expected = ["required expired", "DeadlinePassed", "required rejected_by_server", "DeadlinePassed"];
    assert_eq!(words(&store, &job).await, expected);
}

pub async fn a_job_that_is_over_waits_for_nobody_and_takes_no_place(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let ended = [job(&store, "one", &alice).await, job(&store, "two", &alice).await];
    for job in &ended {
        open(&store, job, "wiki", "revoked").await;
        store.end_job(job).await.unwrap();
    }
    let living = job(&store, "three", &alice).await;
    open(&store, &living, "wiki", "revoked").await;
    let [one, _] = &ended;
    assert!(!store.skip_wait(one, &"wiki".into()).await.unwrap());
    assert_eq!(store.extend_wait(one, &"wiki".into(), RULES.length).await.unwrap(), None);
    store.age(RULES.length).await.unwrap();
    let overdue = store.end_overdue_waits().await.unwrap();
    assert_eq!(overdue.iter().map(|wait| &wait.job).collect::<Vec<_>>(), [&living]);
    assert_eq!(words(&store, one).await, ["required revoked"], "nothing is said of a job that is over");
    let answer = store.open_wait(&wait(one, "incidents", "revoked"), RULES).await.unwrap();
    assert_eq!(answer, over(SkipReason::DeadlinePassed, false));
}

pub async fn events_are_read_by_job_after_any_of_them_and_oldest_first(database: &impl Database) {
    let store = database.open().await;
    let alice = person(&store, "alice").await;
    let (one, two) = (job(&store, "one", &alice).await, job(&store, "two", &alice).await);
    open(&store, &one, "wiki", "revoked").await;
    open(&store, &two, "wiki", "revoked").await;
    open(&store, &one, "incidents", "expired").await;
    let all = store.told_after(&one, 0).await.unwrap();
    assert_eq!(all.iter().map(|event| event.server.as_str()).collect::<Vec<_>>(), ["wiki", "incidents"]);
    assert!(0 < all[0].id && all[0].id < all[1].id);
    assert_eq!(store.told_after(&one, all[0].id).await.unwrap(), all[1..]);
    assert_eq!(store.told_after(&one, all[1].id).await.unwrap(), []);
    assert_eq!(store.told_after(&one, i64::MAX).await.unwrap(), []);
    assert_eq!(store.told_after(&JobId("none".into()), 0).await.unwrap(), []);
}
