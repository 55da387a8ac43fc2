//! Questions that are held until a person helped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Bench, ended, gives_up, held, resolve, waits_until};
use crate::support::provider::TokenFault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_reconnect_the_waiting_worker_gets_the_new_token_and_the_stream_says_restored() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let mut stream = bench.stream().await;
    let worker = bench.waiting_worker().await;
    stream.until("job.auth_required").await;
    held(&bench.job, std::slice::from_ref(&worker)).await;
    bench.reconnect().await;
    let began = Instant::now();
    let answer = worker.await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(bench.provider.takes(answer.json()["access_token"].as_str().unwrap()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(stream.until("job.auth_restored").await.data, ended(&bench, &json!(null)));
    assert_eq!(bench.told().await, ["job.auth_required", "job.auth_restored"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_at_another_process_gets_the_new_token_too() {
    let bench = Arc::new(Bench::new().await);
    let other = bench.service.another_process().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    let worker = {
        let job = bench.job.clone();
        tokio::spawn(async move { resolve(&other, &job, 25).await })
    };
    held(&bench.job, std::slice::from_ref(&worker)).await;
    bench.reconnect().await;
    let began = Instant::now();
    assert_eq!(worker.await.unwrap().status, 200);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(bench.told().await, ["job.auth_required", "job.auth_restored"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_of_one_job_that_wait_at_once_are_one_event_and_both_get_the_token() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { resolve(&bench.service, &bench.job, 25).await })
        })
        .collect();
    held(&bench.job, &workers).await;
    assert_eq!(bench.told().await, ["job.auth_required"]);
    bench.reconnect().await;
    for worker in workers {
        assert_eq!(worker.await.unwrap().status, 200);
    }
    assert_eq!(bench.told().await, ["job.auth_required", "job.auth_restored"]);
}

#[tokio::test]
async fn a_question_is_held_no_longer_than_it_asks_for_and_may_be_asked_again() {
    let bench = Bench::new().await;
    bench.revoke().await;
    let began = Instant::now();
    let first = waits_until(&resolve(&bench.service, &bench.job, 1).await);
    let took = began.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(5)).contains(&took), "{took:?}");
    assert!(first.is_some());
    let began = Instant::now();
    assert_eq!(waits_until(&bench.resolve().await), first, "the same wait");
    assert!(began.elapsed() < Duration::from_secs(1), "without wait_seconds the answer comes at once");
}

#[tokio::test]
async fn more_than_25_seconds_are_not_held() {
    let bench = Bench::new().await;
    for (seconds, status) in [(26, 400), (u32::MAX, 400), (25, 200), (0, 200)] {
        let answer = resolve(&bench.service, &bench.job, seconds).await;
        assert_eq!(answer.status, status, "{seconds}");
        if status == 400 {
            let message = "`wait_seconds` has to be between 0 and 25.";
            assert_eq!(answer.json(), json!({"error": "wait_invalid", "message": message}));
        }
    }
}

#[tokio::test]
async fn a_second_loss_after_a_restoration_is_told_again() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        bench.revoke().await;
        assert!(waits_until(&bench.resolve().await).is_some());
        bench.reconnect().await;
        assert_eq!(bench.resolve().await.status, 200);
    }
    let expected = ["job.auth_required", "job.auth_restored", "job.auth_required", "job.auth_restored"];
    assert_eq!(bench.told().await, expected);
}

#[tokio::test]
async fn a_provider_that_is_away_asks_nobody_for_anything() {
    let bench = Bench::new().await;
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    bench.provider.set(|faults| faults.token_always = Some(TokenFault::Unavailable));
    let began = Instant::now();
    let answer = resolve(&bench.service, &bench.job, 25).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
    assert!(began.elapsed() < Duration::from_secs(15));
    assert_eq!(bench.told().await, [""; 0]);
}

#[tokio::test]
async fn a_grant_whose_trouble_passes_by_itself_is_503_and_opens_no_wait() {
    let bench = Bench::new().await;
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    let away = "UPDATE grants SET fault = 'idp_unreachable', faulted_at = 1";
    assert_eq!(bench.service.sql(away, &[]).await, 1);
    let answer = resolve(&bench.service, &bench.job, 25).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
    assert_eq!(answer.header("retry-after"), "5");
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM job_waits").await, 0);
    assert_eq!(bench.told().await, [""; 0]);
}

#[tokio::test]
async fn what_no_person_can_help_with_opens_no_wait_and_is_told_once() {
    let bench = Bench::new().await;
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    let forgotten = "UPDATE grants SET fault = 'client_misconfigured', faulted_at = 1";
    assert_eq!(bench.service.sql(forgotten, &[]).await, 1);
    let mut stream = bench.stream().await;
    for _ in 0..2 {
        gives_up(&resolve(&bench.service, &bench.job, 25).await, "client_misconfigured");
    }
    assert_eq!(stream.until("job.auth_skipped").await.data, ended(&bench, &json!("not_recoverable")));
    assert_eq!(bench.told().await, ["job.auth_skipped"]);
}

#[tokio::test]
async fn no_more_jobs_wait_than_are_configured_and_the_rest_go_on_without() {
    let bench = Bench::with("  max_paused_jobs: 1\n").await;
    let other = bench.service.submit(&bench.alice, &["incidents"]).await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    gives_up(&resolve(&bench.service, &other, 25).await, "revoked");
    let mut stream = crate::support::event_stream::EventStream::open(&bench.alice, &other, "", &[]).await;
    assert_eq!(stream.until("job.auth_skipped").await.data["reason"], "too_many_waiting");
    assert!(waits_until(&bench.resolve().await).is_some(), "the first one waits on");
}

#[tokio::test]
async fn a_configured_wait_is_that_long() {
    let bench = Bench::with("  job_wait_seconds: 8\n").await;
    bench.revoke().await;
    let until = waits_until(&bench.resolve().await).unwrap();
    let now: chrono::DateTime<chrono::Utc> = crate::support::service::now().into();
    assert!(until - now <= chrono::TimeDelta::seconds(8) && until > now, "{until} {now}");
}
