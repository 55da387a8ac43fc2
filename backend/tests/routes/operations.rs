//! `/live`, `/health`, and addresses at which there is nothing.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{
    provider::Provider,
    service::{Service, Wishes},
    until,
};

#[tokio::test]
async fn both_listeners_say_that_they_live() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for router in [service.people.clone(), service.workers.clone()] {
        let answer = service.browser().at(router).get("/live").await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "alive"})));
    }
}

/// The answer of `/health` once the providers were looked at.
async fn health(service: &Service, word: &str) -> Value {
    until("both servers were asked", || async {
        service.browser().get("/health").await.json()["servers"] == json!({"incidents": word, "tickets": word})
    })
    .await;
    let answer = service.browser().get("/health").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn codes(health: &Value) -> Vec<&str> {
    health["problems"].as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn health_says_in_aiqs_shape_that_all_is_well() {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research(&provider).await;
    assert_eq!(
        health(&service, "ok").await,
        json!({
            "status": "healthy", "db": "ok", "encryption": {"ready": true, "mode": "variable"}, "research": "ok",
            "servers": {"incidents": "ok", "tickets": "ok"}, "problems": [],
        })
    );
}

#[tokio::test]
async fn health_tells_of_each_server_and_stays_healthy_while_a_provider_is_away() {
    let provider = Provider::away();
    let service = Service::start(&provider).await;
    let health = health(&service, "idp_unreachable").await;
    assert_eq!((&health["status"], &health["research"]), (&json!("healthy"), &json!("not configured")));
    assert_eq!(codes(&health), ["idp_unreachable", "idp_unreachable"]);
    let message = health["problems"][0]["message"].as_str().unwrap();
    let reference = message.split(" at ").nth(1).unwrap().trim_end_matches('.');
    assert!(message.starts_with("The sign-in of server `incidents` cannot be reached, for "), "{message}");
    assert!(crate::support::logs::so_far().contains(&format!("reference={reference}")), "the log tells why");
    assert!(!health.to_string().contains(&provider.origin), "strangers learn no address");
}

#[tokio::test]
async fn health_tells_what_is_configured_to_surprise() {
    let provider = Provider::start().await;
    let settings = "  worker: {insecure: true}\n".to_owned();
    let upstream = Some("http://127.0.0.1:1".to_owned());
    let service = Service::with(&provider, Wishes { settings, upstream, ..Wishes::default() }).await;
    let health = health(&service, "ok").await;
    assert_eq!(codes(&health), ["research_service_unreachable", "worker_listener_insecure"]);
    assert_eq!((&health["status"], &health["research"]), (&json!("healthy"), &json!("unreachable")));
}

#[tokio::test]
async fn without_its_database_the_service_is_degraded_and_alive() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    service.sql("ALTER TABLE jobs RENAME TO elsewhere", &[]).await;
    let answer = service.browser().get("/health").await;
    assert_eq!(answer.status, 503);
    let health = answer.json();
    assert_eq!(
        (&health["status"], &health["reason"], &health["db"]),
        (&json!("degraded"), &json!("database_unreachable"), &json!("unreachable"))
    );
    assert!(codes(&health).contains(&"database_unreachable"));
    assert_eq!(service.browser().get("/live").await.status, 200);
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
