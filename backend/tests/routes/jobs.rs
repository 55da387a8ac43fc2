//! `/v1/jobs/async/*`: the gate.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::preflight::blocked;
use crate::support::{
    browser::{Answer, Browser},
    provider::Provider,
    research::Research,
    service::{PUBLIC, Service, Wishes, principal},
};

const SUBMIT: &str = "/v1/jobs/async/submit";

struct Bench {
    /// Kept so that it keeps listening.
    _provider: Provider,
    service: Service,
    research: Research,
    alice: Browser,
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let (service, research) = Service::with_research(&provider).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        Self { _provider: provider, service, research, alice }
    }

    async fn submit(&self, body: Value) -> Answer {
        self.alice.post(SUBMIT, body).await
    }

    async fn living_jobs(&self) -> i64 {
        self.service.count("SELECT COUNT(*) FROM jobs WHERE ended_at IS NULL").await
    }
}

#[tokio::test]
async fn a_submission_is_recorded_and_handed_over_with_exactly_what_the_research_service_needs() {
    let bench = Bench::new().await;
    let answer = bench
        .submit(json!({
            "agent_type": "deep", "input": "What is open?", "data_sources": ["Handbook", "incidents"],
            "expiry_seconds": 900, "job_id": "chosen-by-the-caller", "evil": true,
        }))
        .await;
    assert_eq!(answer.status, 200);
    let job = answer.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.json(),
        json!({"job_id": job, "status": "submitted", "agent_type": "deep", "error": null, "created_at": null})
    );
    assert_eq!(uuid::Uuid::parse_str(&job).unwrap().to_string(), job, "the id is ours: a UUID of 36 characters");

    let [submitted] = &bench.research.submitted()[..] else { panic!("one submission") };
    assert_eq!(
        submitted.body,
        json!({
            "job_id": job, "input_message": "What is open?", "data_sources": ["incidents", "handbook"],
            "expiry_seconds": 900,
        })
    );
    assert_eq!(bench.living_jobs().await, 1);
}

#[tokio::test]
async fn nothing_that_the_caller_sent_along_reaches_the_research_service() {
    let bench = Bench::new().await;
    let headers = [
        ("origin", PUBLIC),
        ("authorization", "Bearer callers-own-token"),
        ("x-api-key", "callers-key"),
        ("x-aiq-connect-job", "another-job"),
        ("x-forwarded-for", "10.0.0.1"),
        ("user-agent", "callers-browser"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    let body = json!({"input": "x", "data_sources": ["incidents"]});
    let answer = bench.alice.send(Method::POST, &format!("{SUBMIT}?evil=1"), &headers, Some(body)).await;
    assert_eq!(answer.status, 200);
    let job = answer.json()["job_id"].as_str().unwrap().to_owned();
    bench.alice.send(Method::GET, &format!("/v1/jobs/async/job/{job}?evil=1"), &headers, None).await;

    let submitted = &bench.research.submitted()[0];
    assert_eq!(submitted.query, None);
    let both = [(submitted.headers.clone(), true), (bench.research.asked()[0].clone(), false)];
    for (headers, has_body) in both {
        let mut names: Vec<&str> = headers.keys().map(axum::http::HeaderName::as_str).collect();
        names.sort_unstable();
        let expected: &[&str] = if has_body {
            &["accept", "content-length", "content-type", "cookie", "host", "x-aiq-connect-job"]
        } else {
            &["accept", "cookie", "host", "x-aiq-connect-job"]
        };
        assert_eq!(names, expected);
        assert_eq!(headers["x-aiq-connect-job"], job);
        let cookie = headers["cookie"].to_str().unwrap();
        let user = cookie.strip_prefix("nat-session=").unwrap();
        assert_eq!((user.len(), user.contains("alice")), (43, false), "{cookie}");
    }
}

#[tokio::test]
async fn the_research_service_sees_one_name_for_each_person_that_is_nobodys_subject() {
    let bench = Bench::new().await;
    let bob = bench.service.sign_in("bob").await;
    for person in [&bench.alice, &bob, &bench.alice] {
        person.post(SUBMIT, json!({"input": "x", "data_sources": []})).await;
    }
    let users: Vec<_> = bench.research.submitted().iter().map(|seen| seen.headers["cookie"].clone()).collect();
    assert_eq!(users[0], users[2]);
    assert_ne!(users[0], users[1]);
}

#[tokio::test]
async fn a_submission_that_names_nothing_uses_every_source_and_a_day() {
    let bench = Bench::new().await;
    bench.submit(json!({"input": "x"})).await;
    let body = &bench.research.submitted()[0].body;
    assert_eq!(body["data_sources"], json!(["incidents", "tickets", "handbook"]));
    assert_eq!(body["expiry_seconds"], 86_400);
}

#[tokio::test]
async fn a_source_that_is_not_connected_keeps_it_from_being_sent() {
    let bench = Bench::new().await;
    let bob = bench.service.sign_in("bob").await;
    let answer = bob.post(SUBMIT, json!({"input": "x", "data_sources": ["incidents"]})).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, blocked("not_connected")));
    let answer = bob.post(SUBMIT, json!({"input": "x", "data_sources": ["moon"]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (422, &json!("data_sources_unknown")));
    assert_eq!((bench.research.submitted().len(), bench.living_jobs().await), (0, 0));
}

#[tokio::test]
async fn an_empty_question_and_an_impossible_expiry_are_422() {
    let bench = Bench::new().await;
    for (body, message) in [
        (json!({"input": "  \n", "data_sources": []}), "`input` is empty: write a question"),
        (
            json!({"input": "x", "data_sources": [], "expiry_seconds": 599}),
            "`expiry_seconds` has to be between 600 and 604800",
        ),
        (
            json!({"input": "x", "data_sources": [], "expiry_seconds": 604_801}),
            "`expiry_seconds` has to be between 600 and 604800",
        ),
    ] {
        let answer = bench.submit(body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (422, json!({"error": "submission_invalid", "message": message}))
        );
    }
    assert_eq!((bench.research.submitted().len(), bench.living_jobs().await), (0, 0));
}

#[tokio::test]
async fn a_research_service_that_refuses_is_told_in_words_and_the_job_gets_no_token() {
    let bench = Bench::new().await;
    bench.research.refuse(StatusCode::INTERNAL_SERVER_ERROR);
    let answer = bench.submit(json!({"input": "x", "data_sources": ["incidents"]})).await;
    assert_eq!(answer.status, 502);
    assert_eq!(
        answer.json(),
        json!({
            "error": "upstream_failed",
            "message": "The research service could not take this. Its own log says why.",
        })
    );
    assert_eq!(bench.living_jobs().await, 0);
    // It may run all the same.
    let job = bench.research.submitted()[0].body["job_id"].clone();
    let answer = bench.service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (404, &json!("job_unknown")));
}

#[tokio::test]
async fn a_research_service_that_is_away_is_told_in_words_and_the_job_gets_no_token() {
    let provider = Provider::start().await;
    // A provider that is not there holds a port at which nobody listens.
    let away = Provider::away();
    let service = Service::with(&provider, Wishes { upstream: Some(away.origin.clone()), ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.post(SUBMIT, json!({"input": "x", "data_sources": []})).await;
    assert_eq!(answer.status, 502);
    assert_eq!(
        answer.json(),
        json!({
            "error": "upstream_unreachable",
            "message": "The research service does not answer. Check that it runs, then try again.",
        })
    );
    assert_eq!(service.count("SELECT COUNT(*) FROM jobs WHERE ended_at IS NOT NULL").await, 1);
    assert_eq!(service.count("SELECT COUNT(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn without_a_research_service_a_submission_says_what_to_set() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let answer = service.sign_in("alice").await.post(SUBMIT, json!({"input": "x", "data_sources": []})).await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json(),
        json!({
            "error": "upstream_not_configured",
            "message": "No research service is configured: set aiq_connect.upstream.url.",
        })
    );
}

#[tokio::test]
async fn the_owner_follows_a_job_to_its_report_and_then_it_asks_for_no_more_tokens() {
    let bench = Bench::new().await;
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    let path = format!("/v1/jobs/async/job/{job}");
    assert_eq!(
        bench.alice.get(&path).await.json(),
        json!({"job_id": job, "status": "running", "agent_type": null, "error": null, "created_at": null})
    );
    assert_eq!(
        bench.alice.get(&format!("{path}/report")).await.json(),
        json!({"job_id": job, "has_report": false, "report": null})
    );
    assert_eq!(bench.living_jobs().await, 1);

    bench.research.finish(&job, "Two incidents are open.");
    assert_eq!(bench.alice.get(&path).await.json()["status"], "success");
    assert_eq!(
        bench.alice.get(&format!("{path}/report")).await.json(),
        json!({"job_id": job, "has_report": true, "report": "Two incidents are open."})
    );
    assert_eq!(bench.living_jobs().await, 0);
    let answer = bench.service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_job_of_somebody_else_or_of_nobody_is_404_and_nobody_is_asked() {
    let bench = Bench::new().await;
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    bench.research.finish(&job, "Two incidents are open.");
    let bob = bench.service.sign_in("bob").await;
    let body = json!({"error": "job_unknown", "message": "No such job of yours."});
    for id in [job.as_str(), "00000000-0000-4000-8000-000000000000", "..%2F..%2Fv1%2Fworkflow"] {
        for rest in ["", "/report"] {
            let answer = bob.get(&format!("/v1/jobs/async/job/{id}{rest}")).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()), "{id}{rest}");
        }
    }
    assert_eq!(bench.research.asked().len(), 0);
    assert_eq!(service_without_session(&bench, &job).await, 401);
}

async fn service_without_session(bench: &Bench, job: &str) -> u16 {
    bench.service.browser().get(&format!("/v1/jobs/async/job/{job}")).await.status.as_u16()
}

#[tokio::test]
async fn a_row_that_names_another_owner_than_the_gate_wrote_makes_nobody_an_owner() {
    let bench = Bench::new().await;
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    let bob = bench.service.sign_in("bob").await;
    let stolen = "UPDATE jobs SET principal = ?1 WHERE id = ?2";
    assert_eq!(bench.service.sql(stolen, &[principal("bob").id().as_str(), &job]).await, 1);
    assert_eq!(bob.get(&format!("/v1/jobs/async/job/{job}")).await.status, 404);
    assert_eq!(bench.research.asked().len(), 0);
}

#[tokio::test]
async fn a_job_that_the_research_service_forgot_is_not_found_and_ends() {
    let bench = Bench::new().await;
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    bench.research.forget(&job);
    let answer = bench.alice.get(&format!("/v1/jobs/async/job/{job}")).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (200, &json!("not_found")));
    assert_eq!(bench.living_jobs().await, 0);
}

#[tokio::test]
async fn nobody_submits_without_a_session() {
    let bench = Bench::new().await;
    let answer = bench.service.browser().post(SUBMIT, json!({"input": "x", "data_sources": []})).await;
    assert_eq!(answer.status, 401);
    bench.service.age(TimeDelta::hours(241)).await;
    assert_eq!(bench.submit(json!({"input": "x", "data_sources": []})).await.status, 401);
    assert_eq!(bench.research.submitted().len(), 0);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_as_json_and_repeats_nothing_of_it() {
    let bench = Bench::new().await;
    for (body, status) in [
        (json!({"data_sources": []}), 422),
        (json!({"input": {"planted": true}}), 422),
        (json!({"input": "x", "data_sources": "incidents"}), 422),
        (json!([]), 422),
    ] {
        let answer = bench.submit(body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!("body_invalid")));
        assert!(!answer.body.contains("planted"), "{}", answer.body);
    }
    assert_eq!(bench.research.submitted().len(), 0);
}
