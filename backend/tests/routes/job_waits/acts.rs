//! `POST …/job/{id}/waits/{source}`

use std::sync::Arc;

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use super::{Bench, act, ended, gives_up, held, waits_until};
use crate::support::browser::Answer;

fn is(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!(error)), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skipping_ends_the_wait_for_worker_and_stream_at_once() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let mut stream = bench.stream().await;
    let worker = bench.waiting_worker().await;
    held(&bench.job, std::slice::from_ref(&worker)).await;
    let answer = bench.act("skip").await;
    let expected = json!({"job_id": bench.job, "source_id": "incidents", "waits_until": null, "can_extend": false});
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    gives_up(&worker.await.unwrap(), "skipped");
    assert_eq!(stream.until("job.auth_skipped").await.data, ended(&bench, &json!("skipped")));
    gives_up(&bench.resolve().await, "skipped");
    is(&bench.act("skip").await, 409, "wait_over");
    is(&bench.act("extend").await, 409, "wait_over");
}

#[tokio::test]
async fn extending_waits_as_long_again_and_a_page_that_comes_later_is_told_the_new_end() {
    let bench = Bench::new().await;
    bench.revoke().await;
    let first = waits_until(&bench.resolve().await).unwrap();
    bench.service.age(TimeDelta::minutes(10)).await;
    let answer = bench.act("extend").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["can_extend"]), (200, &json!(true)));
    let until = waits_until(&bench.resolve().await).unwrap();
    assert_eq!(answer.json()["waits_until"], json!(until));
    let gained = until - (first - TimeDelta::minutes(10));
    assert!((TimeDelta::minutes(10)..TimeDelta::minutes(11)).contains(&gained), "{gained}");
    let told = bench.stream().await.until("job.auth_required").await;
    assert_eq!(told.data["waits_until"], json!(until));
    assert_eq!(bench.told().await, ["job.auth_required"]);

    // The old end is no end any more.
    bench.service.age(TimeDelta::minutes(6)).await;
    assert!(waits_until(&bench.resolve().await).is_some());
}

#[tokio::test]
async fn nothing_is_to_be_done_about_what_does_not_wait_or_is_not_there() {
    let bench = Bench::new().await;
    is(&bench.act("skip").await, 409, "wait_over");
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    let path = |job: &str, source: &str| format!("/v1/jobs/async/job/{job}/waits/{source}");
    let skip = json!({"action": "skip"});
    // `tickets` is protected, but not this job's; `handbook` needs nobody.
    for source in ["tickets", "handbook", "moon"] {
        is(&bench.alice.post(&path(&bench.job, source), skip.clone()).await, 404, "source_unknown");
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    is(&bench.alice.post(&path(unknown, "incidents"), skip.clone()).await, 404, "job_unknown");
    for body in [json!({}), json!({"action": "stop"}), json!([])] {
        is(&bench.alice.post(&path(&bench.job, "incidents"), body).await, 422, "body_invalid");
    }
    assert!(waits_until(&bench.resolve().await).is_some());
}

#[tokio::test]
async fn only_the_owner_decides_about_a_wait_and_only_from_our_own_pages() {
    let bench = Bench::new().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    let bob = bench.service.sign_in("bob").await;
    is(&act(&bob, &bench.job, "skip").await, 404, "job_unknown");
    assert_eq!(act(&bench.service.browser(), &bench.job, "skip").await.status, 401);
    let path = format!("/v1/jobs/async/job/{}/waits/incidents", bench.job);
    for headers in [&[("origin", "https://evil.example")][..], &[]] {
        let answer = bench.alice.send(Method::POST, &path, headers, Some(json!({"action": "skip"}))).await;
        is(&answer, 403, "cross_site");
    }
    assert!(waits_until(&bench.resolve().await).is_some());
}
