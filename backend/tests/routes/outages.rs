//! The database goes away and comes back while people and workers ask: they wait a little or are told, nothing is written by
//! halves, and nothing has to be restarted.

use std::{
    os::unix::net::{UnixListener, UnixStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aiq_connect_test_postgres::Server;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    browser::{Answer, Browser},
    kept::Kept,
    provider::{Consent, Provider},
    research::Research,
    service::{Service, Wishes, path_of},
    until,
};

/// No answer may take longer, whatever the database does.
const LONGEST: Duration = Duration::from_secs(13);

/// Alice is connected, and a job of hers runs; on a server that can be stopped.
struct Bench {
    provider: Provider,
    _research: Research,
    service: Service,
    alice: Browser,
    job: String,
    server: Arc<Server>,
}

impl Bench {
    async fn new() -> Self {
        let server = Arc::new(Server::start().unwrap());
        // The whole server goes with the test, and its database with it.
        let url = std::mem::ManuallyDrop::new(server.database()).url();
        let (provider, research) = (Provider::start().await, Research::start().await);
        let wishes = Wishes { kept: Kept::At(url), upstream: Some(research.origin.clone()), ..Wishes::default() };
        let service = Service::with(&provider, wishes).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        let job = service.submit(&alice, &["incidents"]).await;
        Self { provider, _research: research, service, alice, job, server }
    }

    fn question(&self) -> Value {
        json!({"job_id": self.job, "mcp_server_id": "incidents"})
    }

    /// What a page, a window and a worker are answered.
    async fn answers(&self) -> [Answer; 4] {
        let all = async {
            tokio::join!(
                self.alice.get("/v1/data_sources"),
                self.alice.post("/v1/auth/mcp/incidents/connect", json!({})),
                self.alice.follow("/v1/auth/mcp/incidents/connect"),
                self.service.resolve(self.question()),
            )
        };
        let (page, announce, window, worker) = timeout(LONGEST, all).await.unwrap();
        [page, announce, window, worker]
    }

    async fn health(&self) -> (u16, Value) {
        let answer = timeout(LONGEST, self.service.browser().get("/health")).await.unwrap();
        (answer.status.as_u16(), answer.json())
    }

    /// All of it says that the database is away, and what to do.
    async fn is_told(&self) {
        for answer in self.answers().await {
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "5"), "{answer:?}");
            let words = "does not answer";
            assert!(answer.body.contains(words), "{}", answer.body);
        }
        let (status, health) = self.health().await;
        assert_eq!(
            (status, &health["status"], &health["reason"]),
            (503, &json!("degraded"), &json!("database_unreachable"))
        );
        let problems = health["problems"].to_string();
        assert!(
            problems.contains("The database does not answer: nothing can be connected, shown or used."),
            "{problems}"
        );
        assert_eq!(self.service.browser().get("/live").await.status, 200);
    }

    /// All of it works, in the process that saw the outage.
    async fn works_again(&self) {
        until("it is healthy again", || async { self.health().await.0 == 200 }).await;
        let [page, announce, window, worker] = self.answers().await;
        assert_eq!(
            [page.status, announce.status, window.status, worker.status].map(|status| status.as_u16()),
            [200, 200, 303, 200]
        );
        assert!(self.provider.takes(worker.json()["access_token"].as_str().unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_stopped_everybody_is_told_and_when_it_is_back_all_goes_on() {
    let bench = Bench::new().await;
    bench.server.stop();
    bench.is_told().await;
    bench.server.start_again().unwrap();
    bench.works_again().await;
    bench.server.crash();
    bench.server.start_again().unwrap();
    bench.works_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_says_nothing_is_given_up_and_taken_again() {
    let bench = Bench::new().await;
    bench.server.freeze();
    bench.is_told().await;
    bench.server.thaw();
    bench.works_again().await;
}

/// Takes the stopped server's place, and says nothing to anybody, until so many have come at once.
async fn knocked(server: &Server, many: usize) -> Vec<UnixStream> {
    let place = server.socket_folder().join(format!(".s.PGSQL.{}", server.port()));
    let door = UnixListener::bind(&place).unwrap();
    door.set_nonblocking(true).unwrap();
    let mut came = Vec::new();
    until("they knock", || {
        came.extend(std::iter::from_fn(|| door.accept().ok()).map(|(stream, _)| stream));
        let are_all = came.len() >= many;
        async move { are_all }
    })
    .await;
    std::fs::remove_file(place).unwrap();
    came
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_came_during_a_short_outage_wait_for_its_end() {
    let bench = Arc::new(Bench::new().await);
    bench.server.stop();
    // More than what goes on by itself needs: so many connections at once are of requests.
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.alice.get("/v1/data_sources").await })
        })
        .collect();
    let knocking = knocked(&bench.server, 10).await;
    assert!(asked.iter().all(|request| !request.is_finished()), "they wait");
    drop(knocking);
    bench.server.start_again().unwrap();
    for request in asked {
        assert_eq!(request.await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_during_an_outage_stores_nothing_by_halves_and_can_be_made_again() {
    let bench = Bench::new().await;
    let bob = bench.service.sign_in("bob").await;
    let launched = bob.follow("/v1/auth/mcp/incidents/connect").await.location();
    let back = path_of(&bench.provider.walk(&launched, Consent::Given).await);
    let before = bench.provider.count("/token");
    bench.server.stop();
    let page = timeout(LONGEST, bob.arrive(&back)).await.unwrap();
    assert_eq!(page.status, 503, "{page:?}");
    assert_eq!(bench.provider.count("/token"), before, "the code was not sent, because its state was not used up");
    bench.server.start_again().unwrap();
    bench.works_again().await;
    assert!(bench.service.grant("bob", "incidents").await.is_none());

    let page = bob.arrive(&back).await;
    assert_eq!((page.status.as_u16(), page.heading()), (200, "Team Incidents is connected"));
    assert!(bench.service.grant("bob", "incidents").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restarts_under_load_are_answered_with_200_or_503_and_nothing_else() {
    let bench = Arc::new(Bench::new().await);
    let told = tokio::sync::watch::Sender::new(false);
    let answered = Arc::new(AtomicUsize::new(0));
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (bench, stop, answered) = (Arc::clone(&bench), told.subscribe(), Arc::clone(&answered));
        asking.spawn(async move {
            let mut statuses = Vec::new();
            while !*stop.borrow() {
                let worker = timeout(LONGEST, bench.service.resolve(bench.question())).await.unwrap();
                let page = timeout(LONGEST, bench.alice.get("/v1/data_sources")).await.unwrap();
                statuses.extend([worker.status.as_u16(), page.status.as_u16()]);
                answered.fetch_add(2, Ordering::Relaxed);
            }
            statuses
        });
    }
    let go_on = async || {
        let so_far = answered.load(Ordering::Relaxed);
        until("all of them were answered again", || async { answered.load(Ordering::Relaxed) >= so_far + 12 }).await;
    };
    for _ in 0..3 {
        go_on().await;
        bench.server.restart().unwrap();
        bench.server.crash();
        bench.server.start_again().unwrap();
    }
    go_on().await;
    told.send_replace(true);
    let statuses = asking.join_all().await.concat();
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 200).count() > 20, "{statuses:?}");
    bench.works_again().await;
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM grants").await, 1);
}
