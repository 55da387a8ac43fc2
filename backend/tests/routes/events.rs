//! `GET /v1/auth/mcp/events`

mod ends;
mod postgres;

use std::time::{Duration, Instant};

use aiq_connect::http::MOST_STREAMS;
use aiq_connect_shared::Changed;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    browser::Browser,
    event_stream::EventStream,
    golden::assert_shape,
    provider::Provider,
    research::Research,
    service::{Service, Wishes},
};

const EVENTS: &str = "/v1/auth/mcp/events";
/// How long nothing has to be said before a test believes that there is nothing to say: twice as long as another
/// process's change may take.
const SILENCE: Duration = Duration::from_millis(1_200);

struct Bench {
    provider: Provider,
    service: Service,
    alice: Browser,
}

impl Bench {
    /// With everything known of the providers that there is to know: that is news too.
    async fn new() -> Self {
        Self::with(Wishes::default()).await
    }

    async fn with(wishes: Wishes) -> Self {
        let provider = Provider::start().await;
        let service = Service::with(&provider, wishes).await;
        let alice = service.sign_in("alice").await;
        let bench = Self { provider, service, alice };
        bench.settled(&bench.service).await;
        bench
    }

    async fn settled(&self, service: &Service) {
        let alice = service.same_person(&self.alice);
        crate::support::until("every source's sign-in is known", || async {
            let listing = service.listing(&alice).await;
            let blocks = listing.as_array().unwrap().iter().filter(|source| !source["per_user_auth"].is_null());
            blocks.map(|source| &source["per_user_auth"]["provider_host"]).all(|host| !host.is_null())
        })
        .await;
    }

    async fn etag(&self) -> String {
        self.alice.get("/v1/data_sources").await.header("etag").to_owned()
    }

    /// Alice's stream, for a page that has the listing.
    async fn up_to_date(&self) -> EventStream {
        let etag = self.etag().await;
        self.open(&[("last-event-id", &etag)]).await
    }

    async fn open(&self, headers: &[(&str, &str)]) -> EventStream {
        EventStream::open_at(&self.alice, EVENTS, headers).await
    }
}

async fn changed(stream: &mut EventStream) -> Changed {
    let frame = stream.next().await.unwrap();
    assert_eq!(frame.event, "changed");
    serde_json::from_value(frame.data).unwrap()
}

async fn is_silent(stream: &mut EventStream) -> bool {
    stream.within(SILENCE).await.is_empty()
}

#[tokio::test]
async fn a_page_that_has_nothing_hears_of_everything_at_once() {
    let bench = Bench::new().await;
    let mut stream = bench.open(&[]).await;
    assert_eq!(stream.status, 200);
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")]
    {
        assert_eq!(stream.headers[name], value);
    }
    let frame = stream.next().await.unwrap();
    assert_shape(&frame.data, "changed");
    let hint: Changed = serde_json::from_value(frame.data).unwrap();
    assert_eq!(hint.sources, ["incidents", "tickets", "handbook"]);
    assert_eq!(hint.etag, bench.etag().await);
    assert_eq!(stream.last_id.as_ref(), Some(&hint.etag));
    assert!(stream.retry.is_some_and(|pause| (1_000..=4_000).contains(&pause)), "{:?}", stream.retry);
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn a_page_that_has_the_listing_hears_nothing() {
    let bench = Bench::new().await;
    let etag = bench.etag().await;
    let by_path = format!("{EVENTS}?etag={}", etag.replace('"', "%22"));
    let weak = format!("W/{etag}");
    for (path, header) in [(by_path.as_str(), None), (EVENTS, Some(&etag)), (EVENTS, Some(&weak))] {
        let headers: Vec<_> = header.map(|etag| ("last-event-id", etag.as_str())).into_iter().collect();
        let mut stream = EventStream::open_at(&bench.alice, path, &headers).await;
        assert!(is_silent(&mut stream).await, "{path} {header:?}");
        assert!(stream.retry.is_some());
    }
    let mut stream = bench.open(&[("last-event-id", "\"another\"")]).await;
    assert_eq!(changed(&mut stream).await.etag, etag);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_changes_here_is_heard_at_once_and_names_its_source() {
    let bench = Bench::new().await;
    let mut stream = bench.up_to_date().await;
    let acts: [(&str, Value); 2] = [("connect", json!({})), ("disconnect", json!({}))];
    for (act, body) in acts {
        let answer = bench.alice.post(&format!("/v1/auth/mcp/tickets/{act}"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let done = Instant::now();
        let hint = changed(&mut stream).await;
        assert!(done.elapsed() < Duration::from_millis(400), "{act}: {:?}", done.elapsed());
        assert_eq!(hint.sources, ["tickets"], "{act}");
        assert_eq!(hint.etag, bench.etag().await);
        assert_eq!(stream.last_id.as_ref(), Some(&hint.etag));
    }
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    assert_eq!(changed(&mut stream).await.sources, ["incidents"]);
    assert_eq!(bench.service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_a_workers_question_renewed_a_connection_is_heard_at_once() {
    let research = Research::start().await;
    let bench = Bench::with(Wishes { upstream: Some(research.origin.clone()), ..Wishes::default() }).await;
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    let mut stream = bench.up_to_date().await;
    let mut took = Vec::new();
    for _ in 0..5 {
        bench.service.age(TimeDelta::hours(2)).await;
        // Found by looking, so the next look is half a second away.
        changed(&mut stream).await;
        let answer = bench.service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let done = Instant::now();
        assert_eq!(changed(&mut stream).await.sources, ["incidents"]);
        took.push(done.elapsed());
    }
    took.sort();
    assert!(took[2] < Duration::from_millis(250), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_another_process_changes_is_heard_within_a_second() {
    let bench = Bench::new().await;
    let other = bench.service.another_process().await;
    bench.settled(&other).await;
    let mut stream = bench.up_to_date().await;
    let elsewhere = other.same_person(&bench.alice);
    let answer = elsewhere.post("/v1/auth/mcp/tickets/connect", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let done = Instant::now();
    assert_eq!(changed(&mut stream).await.sources, ["tickets"]);
    assert!(done.elapsed() < Duration::from_secs(1), "{:?}", done.elapsed());
}

/// No code of the service knows of this change: the database does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_by_somebody_else_in_the_database_is_heard_within_a_second() {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let mut stream = bench.up_to_date().await;
    assert_eq!(bench.service.sql("UPDATE grants SET account_label = 'somebody'", &[]).await, 1);
    let done = Instant::now();
    assert_eq!(changed(&mut stream).await.sources, ["incidents"]);
    assert!(done.elapsed() < Duration::from_secs(1), "{:?}", done.elapsed());
}

#[tokio::test]
async fn what_happens_to_other_people_is_not_heard() {
    let bench = Bench::new().await;
    let mut stream = bench.up_to_date().await;
    let bob = bench.service.sign_in("bob").await;
    bench.service.connect(&bench.provider, &bob, "incidents").await;
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn what_nobody_sees_is_not_told() {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let mut stream = bench.up_to_date().await;
    // Raises the serial, and the listing stays as it is.
    let raised = bench.service.sql("UPDATE grants SET account_label = account_label", &[]).await;
    let leased = bench.service.sql("UPDATE grants SET lease_owner = 'x', lease_until = 1", &[]).await;
    assert_eq!((raised, leased), (1, 1));
    assert!(is_silent(&mut stream).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_back_is_heard_of() {
    let mut provider = Provider::away();
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let status = async || service.listed(&alice, "incidents").await["per_user_auth"]["status"].clone();
    crate::support::until("it is away", || async { status().await == "error" }).await;
    let mut stream = EventStream::open_at(&alice, EVENTS, &[]).await;
    changed(&mut stream).await;
    provider.come();
    while !changed(&mut stream).await.sources.contains(&"incidents".to_owned()) {}
    assert_eq!(status().await, "disconnected");
}

#[tokio::test]
async fn one_person_has_so_many_streams_and_others_have_their_own() {
    let bench = Bench::new().await;
    let mut streams = Vec::new();
    for _ in 0..MOST_STREAMS {
        streams.push(bench.open(&[]).await);
    }
    let answer = bench.alice.get(EVENTS).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
    assert_eq!(answer.json()["error"], "too_many_streams");
    let bob = bench.service.sign_in("bob").await;
    assert_eq!(EventStream::open_at(&bob, EVENTS, &[]).await.status, 200);
    streams.pop();
    assert_eq!(bench.open(&[]).await.status, 200);
}

#[tokio::test]
async fn nobody_is_told_anything_who_is_not_known() {
    let bench = Bench::new().await;
    let answer = bench.service.browser().get(EVENTS).await;
    assert_eq!(answer.status, 401);
    assert_shape(&answer.json(), "unauthenticated");
}

#[tokio::test]
async fn a_foreign_page_cannot_use_a_persons_streams_up() {
    let bench = Bench::new().await;
    for site in ["cross-site", "same-site"] {
        assert_eq!(bench.open(&[("sec-fetch-site", site)]).await.status, 403, "{site}");
    }
    for site in ["same-origin", "none"] {
        assert_eq!(bench.open(&[("sec-fetch-site", site)]).await.status, 200, "{site}");
    }
}
