//! Jobs that did not come through the gate.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    identity::Bench,
    support::{
        browser::Answer,
        event_stream::EventStream,
        issuer::Key,
        provider::Provider,
        research::Research,
        service::{Service, WORKER_KEY, Wishes},
    },
};

const JOBS: &str = "/v1/worker/jobs";

async fn register(service: &Service, body: Value) -> Answer {
    let key = format!("Bearer {WORKER_KEY}");
    service.worker_asks(JOBS, &[("authorization", &key)], body).await
}

/// Alice is connected, and known by tokens.
async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.service.connect(&bench.provider, &bench.browser_of("alice"), "incidents").await;
    bench
}

async fn of_alice(bench: &Bench, more: Value) -> Answer {
    let mut body = json!({"subject_token": bench.issuer.token("alice")});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    register(&bench.service, body).await
}

#[tokio::test]
async fn a_registered_job_gets_its_owners_tokens_for_the_sources_it_named() {
    let bench = bench().await;
    let answer = of_alice(&bench, json!({"data_sources": ["incidents"], "expiry_seconds": 600})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let job = answer.json();
    assert_eq!((&job["user_sub"], &job["mcp_server_ids"]), (&json!("alice"), &json!(["incidents"])));
    let ends: DateTime<Utc> = serde_json::from_value(job["expires_at"].clone()).unwrap();
    let now: DateTime<Utc> = crate::support::service::now().into();
    assert!((ends - now - TimeDelta::seconds(600)).abs() < TimeDelta::seconds(30), "{ends}");

    let id = job["job_id"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().to_string(), id);
    let question = json!({"job_id": id, "mcp_server_id": "incidents", "user_sub": "alice"});
    let token = bench.service.resolve(question.clone()).await;
    assert_eq!(token.status, 200, "{}", token.body);
    assert!(bench.provider.takes(token.json()["access_token"].as_str().unwrap()));
    bench.service.age(TimeDelta::seconds(601)).await;
    assert_eq!(bench.service.resolve(question).await.status, 404);
}

#[tokio::test]
async fn a_job_that_the_research_service_has_never_heard_of_is_not_ended_by_asking_for_it() {
    let research = Research::start().await;
    let upstream = Some(research.origin.clone());
    let bench = Bench::with(Wishes { no_sign_in: true, upstream, ..Wishes::default() }).await;
    let browser = bench.browser_of("alice");
    bench.service.connect(&bench.provider, &browser, "incidents").await;
    let job = of_alice(&bench, json!({"data_sources": ["incidents"]})).await.json();
    let id = job["job_id"].as_str().unwrap();

    let status = browser.get(&format!("/v1/jobs/async/job/{id}")).await;
    assert_eq!((status.status.as_u16(), &status.json()["status"]), (200, &json!("running")));
    let mut stream = EventStream::open(&browser, id, "", &[]).await;
    let said = stream.within(Duration::from_millis(1500)).await;
    let said: Vec<_> = said.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(said, ["stream.mode"], "nobody knows where it is, so nothing is said of that");
    let token = bench.service.resolve(json!({"job_id": id, "mcp_server_id": "incidents"})).await;
    assert_eq!(token.status, 200, "{}", token.body);
}

#[tokio::test]
async fn an_empty_choice_covers_nothing_and_none_covers_everything_connected() {
    let bench = bench().await;
    for (choice, servers) in [(json!({"data_sources": []}), json!([])), (json!({}), json!(["incidents"]))] {
        assert_eq!(of_alice(&bench, choice).await.json()["mcp_server_ids"], servers);
    }
    let none = of_alice(&bench, json!({"data_sources": []})).await.json();
    let answer = bench.service.resolve(json!({"job_id": none["job_id"], "mcp_server_id": "incidents"})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("server_not_covered")));
}

#[tokio::test]
async fn a_source_that_is_not_connected_or_unknown_is_told_as_at_the_gate() {
    let bench = Bench::new().await;
    let answer = of_alice(&bench, json!({"data_sources": ["incidents"]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (409, &json!("mcp_auth_required")));
    assert_eq!(answer.json()["sources"][0]["source_id"], "incidents");
    let answer = of_alice(&bench, json!({"data_sources": ["nothing"]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (422, &json!("data_sources_unknown")));
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn an_id_that_is_taken_is_409_whoever_has_it_and_changes_nothing() {
    let bench = bench().await;
    let taken = json!({"job_id": "Nightly_report-1", "data_sources": []});
    assert_eq!(of_alice(&bench, taken.clone()).await.json()["job_id"], "Nightly_report-1");
    for sub in ["alice", "bob"] {
        let mut body = taken.clone();
        body["subject_token"] = bench.issuer.token(sub).into();
        let answer = register(&bench.service, body).await;
        let expected = json!({"error": "job_exists", "message": "a job of this id exists already"});
        assert_eq!((answer.status.as_u16(), answer.json()), (409, expected));
    }
    let question = json!({"job_id": "Nightly_report-1", "mcp_server_id": "incidents", "user_sub": "bob"});
    assert_eq!(bench.service.resolve(question).await.json()["error"], "server_not_covered");
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn of_twenty_who_want_one_id_at_once_one_gets_it() {
    let bench = bench().await;
    let token = bench.issuer.token("alice");
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let body = json!({"subject_token": token, "job_id": "one", "data_sources": []});
        let (workers, key) = (bench.service.workers.clone(), format!("Bearer {WORKER_KEY}"));
        attempts.spawn(async move {
            let worker = crate::support::browser::Browser::new(workers, std::sync::Arc::default());
            worker.send(axum::http::Method::POST, JOBS, &[("authorization", &key)], Some(body)).await.status
        });
    }
    let mut answers = attempts.join_all().await;
    answers.sort_unstable();
    assert_eq!((answers[0], &answers[1..]), (StatusCode::CREATED, &[StatusCode::CONFLICT; 19][..]));
}

#[tokio::test]
async fn ids_and_lifetimes_outside_the_rules_are_refused() {
    let bench = bench().await;
    for id in ["", "a b", "a/b", "a\n", "ä", "a.b", &"x".repeat(65)] {
        let answer = of_alice(&bench, json!({"job_id": id, "data_sources": []})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (422, &json!("submission_invalid")), "{id}");
    }
    assert_eq!(of_alice(&bench, json!({"job_id": "x".repeat(64), "data_sources": []})).await.status, 201);
    for seconds in [0, 599, 604_801] {
        assert_eq!(of_alice(&bench, json!({"expiry_seconds": seconds, "data_sources": []})).await.status, 422);
    }
}

#[tokio::test]
async fn a_worker_without_its_key_is_401_and_nobodys_token_is_looked_at() {
    let bench = bench().await;
    let asked = bench.issuer.asked();
    let bearer = format!("Bearer {}", bench.issuer.token("alice"));
    let body = json!({"subject_token": bench.issuer.token("alice"), "data_sources": []});
    for headers in [&[][..], &[("authorization", "Bearer wrong-key-0123456789")], &[("authorization", &bearer)]] {
        let answer = bench.service.worker_asks(JOBS, headers, body.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (401, &json!("worker_key_invalid")));
    }
    assert_eq!(bench.issuer.asked(), asked);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_token_that_is_no_good_registers_nothing() {
    let bench = bench().await;
    let mut expired = bench.issuer.claims("alice");
    expired["exp"] = (expired["iat"].as_i64().unwrap() - 61).into();
    let mut elsewhere = bench.issuer.claims("alice");
    elsewhere["aud"] = "another-service".into();
    for (token, error) in [
        (bench.issuer.key.sign(&expired), "token_expired"),
        (bench.issuer.key.sign(&elsewhere), "token_invalid"),
        (Key::new("foreign").sign_as(Some("one"), &bench.issuer.claims("alice")), "token_invalid"),
        ("alice".to_owned(), "token_invalid"),
        (String::new(), "token_invalid"),
    ] {
        let answer = register(&bench.service, json!({"subject_token": token, "data_sources": []})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{}", answer.body);
    }
    let named = register(&bench.service, json!({"user_sub": "alice", "data_sources": []})).await;
    assert_eq!((named.status.as_u16(), &named.json()["error"]), (422, &json!("body_invalid")));
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_503_and_one_that_is_not_configured_is_501() {
    let bench = Bench::new().await;
    bench.issuer.answer(Some(StatusCode::BAD_GATEWAY));
    let answer = of_alice(&bench, json!({"data_sources": []})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
    assert_eq!(answer.header("retry-after"), "5");

    let provider = Provider::start().await;
    for wishes in [Wishes::default(), Wishes { no_sign_in: true, ..Wishes::default() }] {
        let service = Service::with(&provider, wishes).await;
        let answer = register(&service, json!({"subject_token": bench.issuer.token("alice")})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (501, &json!("issuer_not_configured")));
    }
}
