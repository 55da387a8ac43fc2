//! A whole change of keys while people connect and disconnect and jobs ask, at two processes on one database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aiq_connect::timing::KEY_REST;
use serde_json::json;

use super::{Bench, id, of_kind, recorded};
use crate::support::{
    kept::Kept,
    provider::{Consent, Provider},
    service::{Service, path_of},
    until,
};

/// What one task did, so that nobody believes a test in which nothing happened.
#[derive(Default)]
struct Did {
    resolved: AtomicUsize,
    refreshed: AtomicUsize,
    connected: AtomicUsize,
}

/// One person whose job asks without pause, now here and now there; its token lapses again and again.
async fn resolve_on(
    services: [Arc<Service>; 2],
    name: &'static str,
    job: String,
    stop: Arc<AtomicBool>,
    did: Arc<Did>,
) {
    let question = json!({"job_id": job, "mcp_server_id": "incidents"});
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        let service = &services[turn % 2];
        let answer = service.resolve(question.clone()).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        did.resolved.fetch_add(1, Ordering::Relaxed);
        if turn % 5 == 4 {
            let lapse = "UPDATE grants SET expires_at = issued_at - 1 WHERE server = 'incidents' AND principal = ?";
            service.sql(lapse, &[crate::support::service::principal(name).id().as_str()]).await;
            did.refreshed.fetch_add(1, Ordering::Relaxed);
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One person who connects and disconnects another server without pause.
async fn come_and_go(
    services: [Arc<Service>; 2],
    provider: Arc<Provider>,
    browser: crate::support::browser::Browser,
    stop: Arc<AtomicBool>,
    did: Arc<Did>,
) {
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        let (here, there) = (services[turn % 2].same_person(&browser), services[(turn + 1) % 2].same_person(&browser));
        let launched = here.follow("/v1/auth/mcp/tickets/connect").await;
        let back = provider.walk(&launched.location(), Consent::Given).await;
        let answer = there.arrive(&path_of(&back)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let status = here.get("/v1/auth/mcp/tickets/status").await.json();
        assert_eq!(status["status"], "connected");
        if turn % 3 != 2 {
            let gone = there.post("/v1/auth/mcp/tickets/disconnect", json!({})).await;
            assert_eq!(gone.json()["revoked_at_provider"], true, "{}", gone.body);
        }
        did.connected.fetch_add(1, Ordering::Relaxed);
        turn += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_keys_under_traffic_fails_no_question_and_loses_nothing() {
    change_keys_under_traffic(Kept::File).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_keys_under_traffic_on_postgresql_fails_no_question_and_loses_nothing() {
    change_keys_under_traffic(Kept::on_a_server()).await;
}

#[tokio::test]
async fn what_waits_for_its_provider_holds_no_key_back_in_a_file() {
    what_waits_for_its_provider_holds_no_key_back(Kept::File).await;
}

#[tokio::test]
async fn what_waits_for_its_provider_holds_no_key_back_on_a_server() {
    what_waits_for_its_provider_holds_no_key_back(Kept::on_a_server()).await;
}

async fn what_waits_for_its_provider_holds_no_key_back(kept: Kept) {
    let bench = Bench::on(kept, "a").await;
    bench.provider.set(|faults| faults.refuses_revocation = true);
    let gone = bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(gone.json()["revoked_at_provider"], false, "{}", gone.body);
    bench.research.finish(&bench.job, "done");
    bench.alice.get(&format!("/v1/jobs/async/job/{}", bench.job)).await;
    bench.well("add b").await;
    until("the service holds both", || async {
        bench.service.store.key_book().await.unwrap().without(id('b')).is_empty()
    })
    .await;
    bench.well(&format!("activate {}", id('b'))).await;
    let refused = bench.refused(&format!("remove {}", id('a'))).await;
    assert!(refused.contains("1 forgotten connection that its provider has yet to end"), "{refused}");
    let said = bench.well("rotate").await;
    assert!(said.contains("2 rows were sealed anew") && said.contains("Nothing needs an earlier key"), "{said}");
    let ended = of_kind(&recorded(&bench.service).await, "rotation_ended");
    assert_eq!((&ended[0]["resealed"], &ended[0]["unopenable"]), (&json!("2"), &json!("0")), "{ended:?}");
    bench.service.age(KEY_REST).await;
    bench.well(&format!("remove {}", id('a'))).await;
    until("the service forgets it", || async {
        bench.service.store.key_book().await.unwrap().replicas.iter().all(|replica| replica.holds == [id('b')])
    })
    .await;

    bench.provider.set(|faults| faults.refuses_revocation = false);
    until("the provider ended them", || async {
        bench.service.age(chrono::TimeDelta::minutes(1)).await;
        bench.provider.living_grants() == 0
    })
    .await;
    assert_eq!(of_kind(&recorded(&bench.service).await, "does_not_open"), Vec::<serde_json::Value>::new());
}

async fn change_keys_under_traffic(kept: Kept) {
    let bench = Bench::on(kept, "a").await;
    let second = Arc::new(bench.service.another_process().await);
    let mut jobs = vec![("alice", bench.job.clone())];
    for name in ["bob", "carol", "dave"] {
        let browser = bench.service.sign_in(name).await;
        bench.service.connect(&bench.provider, &browser, "incidents").await;
        jobs.push((name, bench.service.submit(&browser, &["incidents"]).await));
    }
    let old_jobs = jobs.clone();
    let wanderer = bench.service.sign_in("erin").await;
    let Bench { provider, service, research, alice, job } = bench;
    let (service, provider) = (Arc::new(service), Arc::new(provider));
    let services = [Arc::clone(&service), Arc::clone(&second)];
    let (stop, did) = (Arc::new(AtomicBool::new(false)), Arc::new(Did::default()));
    let mut tasks = Vec::new();
    for (name, job) in jobs {
        tasks.push(tokio::spawn(resolve_on(services.clone(), name, job, Arc::clone(&stop), Arc::clone(&did))));
    }
    tasks.push(tokio::spawn(come_and_go(
        services.clone(),
        Arc::clone(&provider),
        wanderer,
        Arc::clone(&stop),
        Arc::clone(&did),
    )));
    let operator = Operator(&service);

    operator.well("add b").await;
    let wait = async |what: &str, fact: &dyn Fn(&aiq_connect::domain::KeyBook) -> bool| {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while !fact(&service.store.key_book().await.unwrap()) {
            assert!(tokio::time::Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    wait("both read their file again", &|book| book.replicas.len() == 2 && book.without(id('b')).is_empty()).await;
    operator.well(&format!("activate {}", id('b'))).await;
    let refused = operator.refused(&format!("remove {}", id('a'))).await;
    assert!(refused.contains("keys rotate") && refused.contains("jobs keep the key"), "{refused}");
    let said = operator.well("rotate").await;
    assert!(said.contains("sealed anew") && said.contains("living jobs were begun with key"), "{said}");
    let again = operator.well("rotate --json").await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap()["unopenable"], 0);
    let by_old = async || {
        let uses = service.store.count_by_key().await.unwrap().into_iter();
        uses.filter(|used| used.key == id('a').to_string() && used.table != "jobs").collect::<Vec<_>>()
    };
    assert_eq!(by_old().await, [], "nothing is sealed with it any more");
    let done = did.resolved.load(Ordering::Relaxed);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while did.resolved.load(Ordering::Relaxed) < done + 40 {
        assert!(tokio::time::Instant::now() < deadline && tasks.iter().all(|task| !task.is_finished()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(by_old().await, [], "and nothing new was");
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let counts = [&did.resolved, &did.refreshed, &did.connected].map(|count| count.load(Ordering::Relaxed));
    assert!(counts[0] >= 60 && counts[1] >= 4 && counts[2] >= 2, "{counts:?}");

    // Jobs of the old key end; then it rests, and goes.
    let refused = operator.refused(&format!("remove {}", id('a'))).await;
    assert!(refused.contains("4 living jobs") && !refused.contains("rotate"), "{refused}");
    for (name, job) in &old_jobs {
        research.finish(job, "done");
        let browser = service.sign_in(name).await;
        browser.get(&format!("/v1/jobs/async/job/{job}")).await;
    }
    let refused = operator.refused(&format!("remove {}", id('a'))).await;
    assert!(refused.contains("a moment ago"), "{refused}");
    service.age(KEY_REST).await;
    operator.well(&format!("remove {}", id('a'))).await;
    assert_eq!(operator.well("status").await.matches("removed").count(), 1);
    wait("both forget it", &|book| {
        book.replicas.len() == 2 && book.replicas.iter().all(|replica| replica.holds == [id('b')])
    })
    .await;
    for service in &services {
        let alice = service.same_person(&alice);
        let job = service.submit(&alice, &["incidents"]).await;
        assert_eq!(service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await.status, 200);
    }
    drop(job);
}

/// Somebody at the command line of the service's machine.
struct Operator<'a>(&'a Service);

impl Operator<'_> {
    async fn well(&self, line: &str) -> String {
        let (ended, said) = super::run(self.0, line).await;
        assert_eq!(ended.unwrap(), aiq_connect::admin::Ended::Well, "{said}");
        said
    }

    async fn refused(&self, line: &str) -> String {
        super::run(self.0, line).await.0.unwrap_err().to_string()
    }
}
