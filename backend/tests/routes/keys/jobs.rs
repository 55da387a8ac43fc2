//! Job references that somebody who can write to the database invents or changes.

use serde_json::json;

use super::{Bench, id, logged};

#[tokio::test]
async fn a_job_whose_stored_times_owner_servers_or_origin_somebody_changed_is_not_believed() {
    const WEEK: &str = "604800000";
    for change in [
        "UPDATE jobs SET ends_at = ends_at + CAST(?2 AS INTEGER) WHERE id = ?1",
        "UPDATE jobs SET created_at = created_at + 1 WHERE id = ?1 AND ?2 <> ''",
        "UPDATE jobs SET created_at = created_at + CAST(?2 AS INTEGER), ends_at = ends_at + CAST(?2 AS INTEGER) WHERE id = ?1",
        "UPDATE jobs SET lifetime_ms = lifetime_ms + CAST(?2 AS INTEGER) WHERE id = ?1",
        "UPDATE jobs SET origin = 'worker' WHERE id = ?1 AND ?2 <> ''",
        "UPDATE jobs SET servers = '[\"incidents\",\"tickets\"]' WHERE id = ?1 AND ?2 <> ''",
    ] {
        let bench = Bench::new("a").await;
        assert_eq!(bench.resolve().await.status, 200);
        assert_eq!(bench.service.sql(change, &[&bench.job, WEEK]).await, 1);
        for _ in 0..2 {
            let answer = bench.resolve().await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (404, &json!("job_unknown")), "{change}");
        }
        let status = bench.alice.get(&format!("/v1/jobs/async/job/{}", bench.job)).await;
        assert_eq!(status.status, 404, "{change}");
        assert_eq!(logged("a job reference is not as this service wrote it", &bench.job), 1, "told once: {change}");
    }
}

#[tokio::test]
async fn a_job_that_is_over_is_not_brought_back_by_a_later_end() {
    let bench = Bench::new("a").await;
    bench.service.age(chrono::TimeDelta::hours(25)).await;
    assert_eq!(bench.resolve().await.status, 404);
    assert_eq!(bench.service.sql("UPDATE jobs SET ends_at = ends_at + 90000000 WHERE id = ?1", &[&bench.job]).await, 1);
    assert_eq!(bench.resolve().await.status, 404);
}

#[tokio::test]
async fn a_job_is_known_to_the_research_service_by_one_user_over_a_change_of_keys() {
    let bench = Bench::new("ab").await;
    let path = format!("/v1/jobs/async/job/{}", bench.job);
    assert_eq!(bench.alice.get(&path).await.status, 200);
    bench.well(&format!("activate {} --anyway", id('b'))).await;
    assert_eq!(bench.alice.get(&path).await.json()["status"], "running", "the same user may ask for it");
    let new = bench.service.submit(&bench.alice, &["incidents"]).await;
    assert_eq!(bench.alice.get(&format!("/v1/jobs/async/job/{new}")).await.json()["status"], "running");
    let users = bench.research.users();
    assert_eq!(users[&bench.job].len(), 1, "one for the whole life of the job");
    assert_ne!(users[&bench.job], users[&new], "another key, another name");
}
