//! `/live`, `/health`, and addresses at which there is nothing.

use axum::http::Method;
use serde_json::json;

use crate::support::{provider::Provider, service::Service, until};

#[tokio::test]
async fn both_listeners_say_that_they_live() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for router in [service.people.clone(), service.workers.clone()] {
        let answer = service.browser().at(router).get("/live").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "alive"})));
    }
}

#[tokio::test]
async fn health_tells_of_each_server_and_stays_healthy_while_a_provider_is_away() {
    let provider = Provider::away();
    let service = Service::start(&provider).await;
    until("both servers were asked", || async {
        let answer = service.browser().get("/health").await;
        assert_eq!(answer.status, 200);
        answer.json()
            == json!({
                "status": "healthy", "db": "ok",
                "servers": {"incidents": "idp_unreachable", "tickets": "idp_unreachable"},
            })
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_404_as_json_whoever_asks() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let body = json!({"error": "not_found", "message": "There is nothing at this address."});
    for (method, path) in [
        (Method::GET, "/v1/nothing"),
        (Method::POST, "/v1/nothing"),
        (Method::GET, "/index.html"),
        (Method::GET, "/../Cargo.toml"),
        (Method::GET, "/%2e%2e/Cargo.toml"),
        (Method::GET, "/window/secrets.txt"),
    ] {
        let answer = service.browser().send(method.clone(), path, &[], None).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()), "{method} {path}");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn the_windows_own_files_are_served_with_their_types() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for (file, kind) in [("window.css", "text/css; charset=utf-8"), ("window.js", "text/javascript; charset=utf-8")] {
        let answer = service.browser().get(&format!("/window/{file}")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, kind));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn another_method_than_an_address_takes_is_405_with_the_ones_it_does() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let body = json!({"error": "method_not_allowed", "message": "This address takes other methods."});
    for (router, path, allowed) in [
        (&service.people, "/v1/auth/logout", "POST"),
        (&service.people, "/v1/jobs/async/submit", "POST"),
        (&service.workers, "/v1/worker/tokens/resolve", "POST"),
    ] {
        let answer = service.browser().at(router.clone()).get(path).await;
        assert_eq!((answer.status.as_u16(), answer.json(), answer.header("allow")), (405, body.clone(), allowed));
    }
}
