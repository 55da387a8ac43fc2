//! Questions that get no token.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Bench, sha256};
use crate::support::{
    browser::Answer,
    kept::Place,
    service::{PUBLIC, WORKER_KEY, principal},
};

on_both_databases! {
    a_row_that_was_changed_in_the_database_is_not_believed,
    a_job_that_somebody_wrote_into_the_database_is_not_believed,
    tokens_copied_from_another_persons_row_are_not_handed_out,
}

const RESOLVE: &str = "/v1/worker/tokens/resolve";

fn is(answer: &Answer, status: u16, error: &str, message: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()), (status, json!({"error": error, "message": message})));
}

fn reconnect(reason: &str) -> Value {
    json!({
        "error": "mcp_auth_required",
        "message": "The job's owner has to connect Team Incidents (again).",
        "source_id": "incidents",
        "reason": reason,
        "connect_url": format!("{PUBLIC}/v1/auth/mcp/incidents/connect"),
        "waits_until": null,
    })
}

/// The same, and the job may wait.
fn waits(answer: &Answer, reason: &str) {
    let mut expected = reconnect(reason);
    expected["waits_until"] = answer.json()["waits_until"].clone();
    assert!(expected["waits_until"].is_string(), "{expected}");
    assert_eq!((answer.status.as_u16(), answer.json()), (409, expected));
}

#[tokio::test]
async fn a_missing_and_a_wrong_key_are_401_before_anything_is_read() {
    let bench = Bench::new().await;
    let cut = format!("Bearer {}", &WORKER_KEY[..WORKER_KEY.len() - 1]);
    let longer = format!("Bearer {WORKER_KEY}x");
    let basic = format!("Basic {WORKER_KEY}");
    let none: &[(&str, &str)] = &[];
    for headers in [
        none,
        &[("authorization", "Bearer wrong-key-0123456789")],
        &[("authorization", "Bearer ")],
        &[("authorization", &cut)],
        &[("authorization", &longer)],
        &[("authorization", &basic)],
        &[("x-api-key", WORKER_KEY)],
    ] {
        for body in [bench.question(&json!({})), json!({"nonsense": true})] {
            let answer = bench.service.worker_asks(RESOLVE, headers, body).await;
            is(
                &answer,
                401,
                "worker_key_invalid",
                "The worker credential is missing or wrong: AIQ_CONNECT_WORKER_KEY has to be the same on both sides.",
            );
        }
    }
}

#[tokio::test]
async fn a_job_that_is_unknown_ended_or_past_its_end_is_404() {
    let bench = Bench::new().await;
    let message = "no living job has this id";
    for id in ["", "nothing", "00000000-0000-4000-8000-000000000000"] {
        let answer = bench.service.resolve(json!({"job_id": id, "mcp_server_id": "incidents"})).await;
        is(&answer, 404, "job_unknown", message);
    }
    bench.research.finish(&bench.job, "done");
    bench.alice.get(&format!("/v1/jobs/async/job/{}", bench.job)).await;
    is(&bench.resolve().await, 404, "job_unknown", message);

    let other = bench.service.submit(&bench.alice, &["incidents"]).await;
    bench.service.age(TimeDelta::hours(25)).await;
    let answer = bench.service.resolve(json!({"job_id": other, "mcp_server_id": "incidents"})).await;
    is(&answer, 404, "job_unknown", message);
}

#[tokio::test]
async fn a_server_that_the_job_does_not_use_and_another_owner_are_403() {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.alice, "tickets").await;
    for server in ["tickets", "nothing"] {
        let answer = bench.service.resolve(bench.question(&json!({"mcp_server_id": server}))).await;
        let message = format!("this job does not cover server `{server}` for that person");
        is(&answer, 403, "server_not_covered", &message);
    }
    for sub in ["bob", "Alice", ""] {
        let answer = bench.service.resolve(bench.question(&json!({"user_sub": sub}))).await;
        is(&answer, 403, "server_not_covered", "this job does not cover server `incidents` for that person");
    }
}

#[tokio::test]
async fn after_a_disconnect_the_next_question_is_409_at_once() {
    let bench = Bench::new().await;
    let token = bench.token().await;
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    let answer = bench.service.resolve(bench.question(&json!({"known_sha256": sha256(&token)}))).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, reconnect("disconnected")));
    assert!(!bench.provider.takes(&token));
}

#[tokio::test]
async fn after_a_reconnect_the_same_job_gets_a_token_again() {
    let bench = Bench::new().await;
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    assert_eq!(bench.resolve().await.status, 409);
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let token = bench.token().await;
    assert!(bench.provider.takes(&token));
}

#[tokio::test]
async fn a_token_that_lapsed_and_cannot_be_renewed_needs_the_person() {
    let bench = Bench::new().await;
    bench.provider.set(|faults| faults.gives_refresh_tokens = false);
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    assert_eq!(bench.resolve().await.status, 200);
    bench.lapse().await;
    let answer = bench.resolve().await;
    waits(&answer, "expired");
    assert_eq!(bench.refreshes(), 0);
}

async fn a_row_that_was_changed_in_the_database_is_not_believed(place: Place) {
    for change in [
        "UPDATE jobs SET principal = ?1 WHERE id = ?2",
        "UPDATE jobs SET servers = '[\"incidents\",\"tickets\"]' WHERE id = ?2 AND ?1 = ?1",
        "UPDATE jobs SET lifetime_ms = lifetime_ms * 1000 WHERE id = ?2 AND ?1 = ?1",
        "UPDATE jobs SET mac = (SELECT access_token FROM grants WHERE principal = ?1 AND server = 'incidents') WHERE id = ?2",
        "UPDATE jobs SET id = id || 'x' WHERE id = ?2 AND ?1 = ?1",
    ] {
        let bench = Bench::on(place).await;
        let bob = bench.service.sign_in("bob").await;
        bench.service.connect(&bench.provider, &bob, "incidents").await;
        bench.service.connect(&bench.provider, &bench.alice, "tickets").await;
        assert_eq!(bench.resolve().await.status, 200);
        let bobs = principal("bob").id();
        assert_eq!(bench.service.sql(change, &[bobs.as_str(), &bench.job]).await, 1);
        for id in [bench.job.clone(), format!("{}x", bench.job)] {
            for server in ["incidents", "tickets"] {
                let answer = bench.service.resolve(json!({"job_id": id, "mcp_server_id": server})).await;
                is(&answer, 404, "job_unknown", "no living job has this id");
            }
        }
    }
}

async fn a_job_that_somebody_wrote_into_the_database_is_not_believed(place: Place) {
    const INVENTED: &str = "INSERT INTO jobs (id, principal, servers, origin, lifetime_ms, created_at, ends_at, mac) \
                            SELECT 'invented', principal, servers, origin, lifetime_ms, created_at, ends_at, mac \
                            FROM jobs WHERE id = ?1";
    let bench = Bench::on(place).await;
    assert_eq!(bench.service.sql(INVENTED, &[&bench.job]).await, 1);
    let answer = bench.service.resolve(json!({"job_id": "invented", "mcp_server_id": "incidents"})).await;
    is(&answer, 404, "job_unknown", "no living job has this id");
}

async fn tokens_copied_from_another_persons_row_are_not_handed_out(place: Place) {
    const COPY: &str = "UPDATE grants SET (access_token, refresh_token) = (SELECT access_token, refresh_token \
                        FROM grants WHERE principal = ?1) WHERE principal = ?2";
    let bench = Bench::on(place).await;
    let bob = bench.service.sign_in("bob").await;
    bench.service.connect(&bench.provider, &bob, "incidents").await;
    let (hers, his) = (principal("alice").id(), principal("bob").id());
    assert_eq!(bench.service.sql(COPY, &[his.as_str(), hers.as_str()]).await, 1);
    let answer = bench.resolve().await;
    waits(&answer, "disconnected");
}

#[tokio::test]
async fn the_peoples_listener_knows_nothing_of_workers() {
    let bench = Bench::new().await;
    let key = format!("Bearer {WORKER_KEY}");
    for path in [RESOLVE, "/v1/worker/jobs", "/v1/worker/"] {
        for headers in [&[("authorization", key.as_str())][..], &[("authorization", &key), ("origin", PUBLIC)]] {
            for method in [Method::POST, Method::GET] {
                let answer =
                    bench.service.browser().send(method, path, headers, Some(bench.question(&json!({})))).await;
                is(&answer, 404, "not_found", "There is nothing at this address.");
            }
        }
    }
}

#[tokio::test]
async fn the_workers_listener_knows_nothing_of_people() {
    let bench = Bench::new().await;
    let key = format!("Bearer {WORKER_KEY}");
    for path in ["/v1/data_sources", "/v1/auth/session", "/v1/auth/mcp/incidents/disconnect", "/", "/connections"] {
        let headers = [("authorization", key.as_str()), ("origin", PUBLIC)];
        let answer = bench.service.worker_asks(path, &headers, json!({})).await;
        is(&answer, 404, "not_found", "There is nothing at this address.");
    }
}
