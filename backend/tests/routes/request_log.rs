//! Request ids, and the one line that every request leaves.

use axum::http::Method;
use serde_json::json;

use crate::support::{
    logs,
    provider::{Consent, Provider},
    service::{Service, path_of, random},
};

/// The lines of the request of this id.
fn lines_of(id: &str) -> Vec<String> {
    let wanted = format!("request.id=\"{id}\"");
    logs::so_far().lines().filter(|line| line.contains(&wanted)).map(str::to_owned).collect()
}

/// The line that says how it ended.
fn end_of(id: &str) -> String {
    let ends: Vec<_> = lines_of(id).into_iter().filter(|line| line.contains("http.status=")).collect();
    assert_eq!(ends.len(), 1, "one line for each request: {ends:?}");
    ends[0].clone()
}

fn new_id() -> String {
    format!("test-{}", random())
}

#[tokio::test]
async fn every_answer_names_its_request_and_a_sane_id_of_the_caller_is_kept() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for (router, path) in [(&service.people, "/live"), (&service.people, "/v1/nothing"), (&service.workers, "/live")] {
        let browser = service.browser().at(router.clone());
        let own = browser.get(path).await.header("x-request-id").to_owned();
        assert!(uuid::Uuid::parse_str(&own).is_ok(), "{path}: {own}");
        let given = new_id();
        let answer = browser.send(Method::GET, path, &[("x-request-id", &given)], None).await;
        assert_eq!(answer.header("x-request-id"), given, "{path}");
    }
}

#[tokio::test]
async fn an_id_that_is_long_or_strange_is_not_believed() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for given in ["a b", "a\"b", "eyJhbGciOiJSUzI1NiJ9.e30.x", "", &"x".repeat(65)] {
        let answer = service.browser().send(Method::GET, "/live", &[("x-request-id", given)], None).await;
        let own = answer.header("x-request-id");
        assert!(uuid::Uuid::parse_str(own).is_ok(), "{given:?} was answered as {own}");
    }
    assert!(!logs::so_far().contains("eyJhbGciOiJSUzI1NiJ9.e30.x"));
}

#[tokio::test]
async fn the_line_of_a_request_names_method_route_and_status_and_neither_path_nor_query() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let planted = random();
    for (path, route, status) in [
        (
            format!("/v1/auth/mcp/incidents/callback?code={planted}&state={planted}"),
            "/v1/auth/mcp/{source}/callback",
            400,
        ),
        (format!("/v1/auth/login/callback?code={planted}&state={planted}"), "/v1/auth/login/callback", 400),
        (format!("/v1/auth/mcp/{planted}/status"), "/v1/auth/mcp/{source}/status", 401),
        (format!("/{planted}"), "none", 404),
    ] {
        let id = new_id();
        let answer = service.browser().send(Method::GET, &path, &[("x-request-id", &id)], None).await;
        assert_eq!(answer.status, status, "{path}");
        let line = end_of(&id);
        for part in [
            "INFO",
            "http.method=GET",
            &format!("http.route=\"{route}\""),
            &format!("http.status={status}"),
            "duration_ms=",
        ] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
    }
    assert!(!logs::so_far().contains(&planted));
}

#[tokio::test]
async fn every_line_of_a_request_carries_whose_and_what_it_is_about() {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research(&provider).await;
    let alice = service.sign_in("alice").await;
    let flow = aiq_connect::clock::Chance::from_system().uuid().to_string();
    let launch = format!("/v1/auth/mcp/incidents/connect?flow={flow}");

    let id = new_id();
    let headers = [("x-request-id", id.as_str()), ("sec-fetch-site", "same-origin")];
    let launched = alice.send(Method::GET, &launch, &headers, None).await;
    let person = crate::support::service::principal("alice").id();
    let lines = lines_of(&id);
    assert!(lines.iter().any(|line| line.contains("a sign-in was started")), "{lines:?}");
    for line in &lines {
        for part in [format!("flow.id=\"{flow}\""), "source.id=\"incidents\"".to_owned()] {
            assert!(line.contains(&part), "{part} is not in {line}");
        }
    }
    assert!(end_of(&id).contains(&format!("user.key_hash=\"{}\"", person.as_str())));

    // What goes on in the background of a request belongs to it too.
    let id = new_id();
    let back = path_of(&provider.walk(&launched.location(), Consent::Given).await);
    alice.send(Method::GET, &back, &[("x-request-id", &id)], None).await;
    let lines = lines_of(&id);
    assert!(lines.iter().any(|line| line.ends_with("connected") || line.contains(" connected ")), "{lines:?}");

    let job = service.submit(&alice, &["incidents"]).await;
    let id = new_id();
    let key = format!("Bearer {}", crate::support::service::WORKER_KEY);
    let headers = [("x-request-id", id.as_str()), ("authorization", key.as_str())];
    let question = json!({"job_id": job, "mcp_server_id": "incidents"});
    service.worker_asks("/v1/worker/tokens/resolve", &headers, question).await;
    assert!(end_of(&id).contains(&format!("job.id=\"{job}\"")));
}

#[tokio::test]
async fn whoever_watches_the_service_leaves_no_line_at_the_usual_level() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for path in ["/live", "/health"] {
        let id = new_id();
        service.browser().send(Method::GET, path, &[("x-request-id", &id)], None).await;
        assert!(end_of(&id).contains("DEBUG"), "{path}");
    }
}
