//! Requests that a foreign page could have made a browser send, at every route that changes something.

use aiq_connect::http::PEOPLE;
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{
    browser::Browser,
    provider::Provider,
    research::Research,
    service::{PUBLIC, Service},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

/// Every route for people that is not read-only, from the table that the router is made of.
fn state_changing_routes() -> Vec<(Method, String)> {
    let routes = PEOPLE.iter().filter(|route| route.method != "GET");
    routes.map(|route| (route.method.parse().unwrap(), filled(route.path))).collect()
}

fn filled(path: &str) -> String {
    path.replace("{source}", "incidents").replace("{flow}", FLOW).replace("{job}", FLOW).replace("{file}", "window.css")
}

struct Bench {
    service: Service,
    provider: Provider,
    research: Research,
    alice: Browser,
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let (service, research) = Service::with_research(&provider).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={FLOW}")).await;
        Self { service, provider, research, alice }
    }

    async fn request(&self, method: &Method, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(header::CONTENT_LENGTH, body.len());
        }
        let answer = self.alice.send_as_it_is(request.body(Body::from(body.to_owned())).unwrap()).await;
        (answer.status.as_u16(), answer.body)
    }

    /// Everything that a state-changing route could have changed, in numbers.
    async fn standing(&self) -> [i64; 6] {
        [
            self.service.count("SELECT COUNT(*) FROM grants WHERE version = 1").await,
            self.service.count("SELECT COUNT(*) FROM flows").await,
            self.service.count("SELECT COUNT(*) FROM flows WHERE phase = 'pending'").await,
            self.service.count("SELECT COUNT(*) FROM sessions").await,
            self.service.count("SELECT COUNT(*) FROM jobs").await,
            i64::try_from(self.provider.count("/revoke") + self.research.submitted().len()).unwrap(),
        ]
    }
}

#[test]
fn the_walk_knows_every_route_that_changes_something() {
    let routes: Vec<String> =
        state_changing_routes().into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    for known in [
        "POST /v1/auth/mcp/preflight",
        "POST /v1/auth/mcp/incidents/connect",
        "POST /v1/auth/mcp/incidents/disconnect",
        "DELETE /v1/auth/mcp/incidents/disconnect",
        &format!("DELETE /v1/auth/mcp/incidents/flows/{FLOW}"),
        "POST /v1/jobs/async/submit",
        "POST /v1/auth/logout",
    ] {
        assert!(routes.iter().any(|route| route == known), "{known} is not in {routes:?}");
    }
}

#[tokio::test]
async fn what_does_not_come_from_our_own_pages_is_refused_everywhere_and_changes_nothing() {
    let bench = Bench::new().await;
    let before = bench.standing().await;
    assert_eq!(before, [1, 2, 1, 1, 0, 0]);
    let json = ("content-type", "application/json");
    let body = json!({"input": "x", "data_sources": []}).to_string();
    for (method, path) in state_changing_routes() {
        for headers in [
            &[json][..],
            &[json, ("origin", "https://evil.example")],
            &[json, ("origin", "null")],
            &[json, ("origin", "http://connect.example")],
            &[json, ("origin", "https://connect.example:8443")],
            &[json, ("origin", "https://connect.example.evil.example")],
            &[json, ("sec-fetch-site", "cross-site")],
            &[json, ("sec-fetch-site", "same-site")],
            &[json, ("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
            &[json, ("referer", "https://connect.example/")],
            &[],
        ] {
            let (status, said) = bench.request(&method, &path, headers, &body).await;
            assert_eq!(status, 403, "{method} {path} {headers:?}: {said}");
            let expected =
                json!({"error": "cross_site", "message": "This request does not come from a page of this service."});
            assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap(), expected);
        }
    }
    assert_eq!(bench.standing().await, before);
}

#[tokio::test]
async fn what_a_form_can_send_is_refused_everywhere_and_changes_nothing() {
    let bench = Bench::new().await;
    let before = bench.standing().await;
    let origin = ("origin", PUBLIC);
    let body = json!({"input": "x", "data_sources": []}).to_string();
    for (method, path) in state_changing_routes() {
        for headers in [
            &[origin][..],
            &[origin, ("content-type", "application/x-www-form-urlencoded")],
            &[origin, ("content-type", "multipart/form-data; boundary=x")],
            &[origin, ("content-type", "text/plain")],
            &[origin, ("content-type", "text/plain; x=application/json")],
        ] {
            let (status, said) = bench.request(&method, &path, headers, &body).await;
            assert_eq!(status, 415, "{method} {path} {headers:?}: {said}");
            let expected =
                json!({"error": "json_expected", "message": "Send JSON, with `Content-Type: application/json`."});
            assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap(), expected);
        }
    }
    assert_eq!(bench.standing().await, before);
}

#[tokio::test]
async fn our_own_page_gets_through_at_every_one_of_them() {
    for (method, path) in state_changing_routes() {
        let bench = Bench::new().await;
        let headers = [("origin", PUBLIC), ("content-type", "application/json")];
        let body = json!({"input": "x", "data_sources": []}).to_string();
        let (status, said) = bench.request(&method, &path, &headers, &body).await;
        if path.contains("/waits/") {
            // Needs a job that waits; its own tests have one. What is not from our page gets 403, whatever its body.
            assert!(status == 422 && said.contains("`action`"), "{method} {path}: {status} {said}");
            continue;
        }
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        // Keeps the numbers of the other tests honest: most of these do change something.
        let changed = bench.standing().await != [1, 2, 1, 1, 0, 0];
        assert_eq!(changed, !path.ends_with("preflight") && !said.contains("\"connected\""), "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn reading_needs_no_origin() {
    let bench = Bench::new().await;
    bench.service.age(TimeDelta::seconds(1)).await;
    for path in ["/v1/data_sources", "/v1/auth/session", "/v1/auth/mcp/incidents/status"] {
        let headers = [("origin", "https://evil.example")];
        assert_eq!(bench.alice.send(Method::GET, path, &headers, None).await.status, 200, "{path}");
    }
}
