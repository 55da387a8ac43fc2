//! When a stream ends: with what made its person known, and with the service. Streams of jobs end likewise.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::json;

use super::{Bench, EVENTS, changed, is_silent};
use crate::{
    identity, job_waits,
    support::{
        browser::{Browser, SESSION},
        event_stream::EventStream,
    },
};

/// The same session in another tab, which keeps its cookie.
fn another_tab(bench: &Bench) -> Browser {
    bench.service.browser().with_cookie(SESSION, &bench.alice.cookie(SESSION).unwrap())
}

async fn sign_out(browser: &Browser) -> Instant {
    let answer = browser.post("/v1/auth/logout", json!({})).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    Instant::now()
}

#[tokio::test]
async fn a_stream_ends_when_its_person_signs_out_and_those_of_other_sessions_go_on() {
    let bench = Bench::new().await;
    let tab = another_tab(&bench);
    let elsewhere = bench.service.sign_in("alice").await;
    let mut stream = bench.up_to_date().await;
    let mut other = EventStream::open_at(&elsewhere, EVENTS, &[("last-event-id", &bench.etag().await)]).await;
    let out = sign_out(&tab).await;
    assert_eq!(stream.rest().await, []);
    assert!(out.elapsed() < Duration::from_millis(400), "{:?}", out.elapsed());
    elsewhere.post("/v1/auth/mcp/tickets/connect", json!({})).await;
    assert_eq!(changed(&mut other).await.sources, ["tickets"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_within_a_second_when_its_person_signs_out_at_another_process() {
    let bench = Bench::new().await;
    let other = bench.service.another_process().await;
    let mut stream = bench.up_to_date().await;
    let out = sign_out(&other.same_person(&another_tab(&bench))).await;
    assert_eq!(stream.rest().await, []);
    assert!(out.elapsed() < Duration::from_secs(1), "{:?}", out.elapsed());
}

#[tokio::test]
async fn nothing_is_told_any_more_to_a_session_whose_time_is_over() {
    let bench = Bench::new().await;
    let mut stream = bench.up_to_date().await;
    bench.service.age(TimeDelta::hours(241)).await;
    bench.service.sql("UPDATE changes SET serial = serial + 1", &[]).await;
    bench.service.sql("INSERT INTO flows (id, principal, source, server, intent, phase, announced_at, expires_at)
                       SELECT '3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11', id, 'tickets', 'tickets', 'reconnect', 'pending', 1, 9999999999999
                       FROM principals", &[]).await;
    assert_eq!(stream.rest().await, []);
}

/// Nothing happens but that time passes: the stream's own keepalive notices.
#[tokio::test]
async fn a_stream_to_a_session_whose_time_is_over_ends_by_itself() {
    let bench = Bench::new().await;
    let mut stream = bench.up_to_date().await;
    assert!(is_silent(&mut stream).await);
    bench.service.age(TimeDelta::hours(241)).await;
    assert_eq!(stream.rest().await, []);
}

#[tokio::test]
async fn a_stream_ends_when_the_token_does_that_opened_it() {
    let bench = identity::Bench::new().await;
    let mut claims = bench.issuer.claims("alice");
    let exp = claims["iat"].as_i64().unwrap() - 58;
    claims["exp"] = exp.into();
    let token = format!("Bearer {}", bench.issuer.key.sign(&claims));
    let began = Instant::now();
    let mut stream = EventStream::open_at(&bench.service.browser(), EVENTS, &[("authorization", &token)]).await;
    assert_eq!(stream.status, 200);
    while stream.next().await.is_some() {}
    let took = began.elapsed();
    assert!(took > Duration::from_millis(500) && took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn the_stream_of_a_job_ends_when_its_owner_signs_out() {
    let bench = job_waits::Bench::new().await;
    let mut stream = bench.stream().await;
    stream.until("job.status").await;
    let tab = bench.service.browser().with_cookie(SESSION, &bench.alice.cookie(SESSION).unwrap());
    let out = sign_out(&tab).await;
    stream.rest().await;
    assert!(out.elapsed() < Duration::from_millis(400), "{:?}", out.elapsed());
}
