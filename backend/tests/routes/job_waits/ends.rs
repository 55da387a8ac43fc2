//! How waits end, other than by a reconnect.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;

use super::{Bench, ended, gives_up, held, resolve, waits_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_deadline_the_waiting_worker_is_told_to_go_on_without_and_the_stream_says_so() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let mut stream = bench.stream().await;
    let worker = bench.waiting_worker().await;
    held(&bench.job, std::slice::from_ref(&worker)).await;
    bench.service.age(TimeDelta::minutes(15)).await;
    gives_up(&worker.await.unwrap(), "revoked");
    assert_eq!(stream.until("job.auth_skipped").await.data, ended(&bench, &json!("deadline_passed")));
    gives_up(&resolve(&bench.service, &bench.job, 25).await, "revoked");
    assert_eq!(bench.told().await, ["job.auth_required", "job.auth_skipped"]);
}

/// Fourteen of the fifteen minutes of a wait are over. A process whose clock is wrong must not end it, nor go on with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_lasts_as_long_as_the_database_says_however_wrong_the_clock_of_the_process_is() {
    for wrong in [90, -90].map(TimeDelta::seconds) {
        let bench = Arc::new(Bench::new().await);
        bench.revoke().await;
        bench.service.clock.forward(wrong);
        let until = waits_until(&bench.resolve().await).unwrap();
        let stored = "SELECT waits_until FROM job_waits";
        assert_eq!(until.timestamp_millis(), bench.service.count(stored).await);
        let fifteen_minutes_before = until - TimeDelta::minutes(15);
        let opened = "SELECT opened_at FROM job_waits";
        assert_eq!(fifteen_minutes_before.timestamp_millis(), bench.service.count(opened).await);

        bench.service.age(TimeDelta::minutes(14)).await;
        let worker = bench.waiting_worker().await;
        held(&bench.job, std::slice::from_ref(&worker)).await;
        assert_eq!(bench.act("extend").await.status, 200, "there is still something to extend");
        bench.service.age(TimeDelta::minutes(14)).await;
        assert!(!worker.is_finished());
        bench.service.age(TimeDelta::seconds(61)).await;
        gives_up(&worker.await.unwrap(), "revoked");
        gives_up(&resolve(&bench.service, &bench.job, 25).await, "revoked");
        assert_eq!(bench.act("extend").await.status, 409, "it is over");
    }
}

#[tokio::test]
async fn the_stream_tells_of_a_deadline_even_where_no_worker_asks_any_more() {
    let bench = Bench::new().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    let mut stream = bench.stream().await;
    stream.until("job.auth_required").await;
    bench.service.age(TimeDelta::minutes(15)).await;
    assert_eq!(stream.until("job.auth_skipped").await.data, ended(&bench, &json!("deadline_passed")));
}

#[tokio::test]
async fn a_wait_ends_a_minute_before_its_jobs_own_end() {
    let bench = Bench::new().await;
    bench.revoke().await;
    bench.service.age(TimeDelta::hours(21) + TimeDelta::minutes(50)).await;
    let until = waits_until(&bench.resolve().await).unwrap();
    let ends_at = "SELECT ends_at FROM jobs";
    assert_eq!(until.timestamp_millis(), bench.service.count(ends_at).await - 60_000);
    let mut stream = bench.stream().await;
    assert_eq!(stream.until("job.auth_required").await.data["can_extend"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnect_by_the_owner_ends_the_wait_at_once() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let mut stream = bench.stream().await;
    let worker = bench.waiting_worker().await;
    held(&bench.job, std::slice::from_ref(&worker)).await;
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    gives_up(&worker.await.unwrap(), "disconnected");
    assert_eq!(stream.until("job.auth_skipped").await.data, ended(&bench, &json!("disconnected")));
}

#[tokio::test]
async fn a_job_whose_owner_disconnects_goes_on_without_and_does_not_wait_until_they_connect_again() {
    let bench = Bench::new().await;
    assert_eq!(bench.resolve().await.status, 200);
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(bench.told().await, ["job.auth_skipped"], "told before any worker asks");
    gives_up(&resolve(&bench.service, &bench.job, 25).await, "disconnected");
    let later = bench.service.submit(&bench.alice, &["handbook"]).await;
    bench.reconnect().await;
    assert_eq!(bench.resolve().await.status, 200);
    assert_eq!(bench.told().await, ["job.auth_skipped", "job.auth_restored"]);
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some(), "a loss that the owner did not wish for");
    let stored = bench.service.count("SELECT COUNT(DISTINCT job) FROM job_events").await;
    assert_eq!(stored, 1, "nothing is told of job {later}, which uses other sources");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_ends_leaves_no_worker_waiting() {
    let bench = Arc::new(Bench::new().await);
    bench.revoke().await;
    let worker = bench.waiting_worker().await;
    held(&bench.job, std::slice::from_ref(&worker)).await;
    bench.research.finish(&bench.job, "Done without.");
    bench.alice.get(&format!("/v1/jobs/async/job/{}", bench.job)).await;
    let answer = worker.await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (404, &json!("job_unknown")));
    assert_eq!(bench.act("skip").await.status, 409);
}
