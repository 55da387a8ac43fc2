//! `aiq_connect.local_user`: everybody on this machine is one person.

use axum::http::Method;
use serde_json::json;

use super::{addresses, send};
use crate::support::{
    browser::{Answer, Browser},
    provider::{Consent, Provider},
    service::{Service, Wishes, path_of},
};

const HERE: &str = "http://localhost:8000";

async fn service(provider: &Provider) -> Service {
    let settings = "  local_user: alice\n".to_owned();
    let variables = vec![("AIQ_PUBLIC_URL", HERE.to_owned())];
    Service::with(provider, Wishes { settings, variables, no_sign_in: true, ..Wishes::default() }).await
}

async fn get(browser: &Browser, path: &str, site: &str) -> Answer {
    browser.send(Method::GET, path, &[("host", "localhost:8000"), ("sec-fetch-site", site)], None).await
}

#[tokio::test]
async fn everybody_is_that_person_and_connects_as_that_person() {
    let provider = Provider::start().await;
    let service = service(&provider).await;
    let browser = service.browser();
    let session = get(&browser, "/v1/auth/session", "same-origin").await;
    let expected = json!({
        "person": {"sub": "alice", "name": "alice", "email": null},
        "login_url": null, "logout_url": null, "personal_sources": true,
    });
    assert_eq!((session.status.as_u16(), session.json()), (200, expected));

    let asked = get(&browser, "/v1/auth/mcp/incidents/connect", "cross-site").await;
    assert_eq!(asked.heading(), "Connect Team Incidents to AI-Q?");
    let launched = get(&browser, &asked.link(), "same-origin").await;
    // The provider knows our address on this machine from the registration.
    let back = provider.walk(&launched.location(), Consent::Given).await;
    let done = get(&browser, &path_of(&back), "cross-site").await;
    assert_eq!((done.status.as_u16(), done.heading()), (200, "Team Incidents is connected"));
    let listing = get(&service.browser(), "/v1/data_sources", "same-origin").await.json();
    assert_eq!(listing[0]["per_user_auth"]["status"], "connected", "another browser is the same person");
}

#[tokio::test]
async fn a_foreign_page_can_neither_change_nor_read_anything() {
    let provider = Provider::start().await;
    let service = service(&provider).await;
    let host = ("host", "localhost:8000");
    for (method, path) in addresses(|route| route.method != "GET") {
        for headers in [
            &[host][..],
            &[host, ("origin", "https://evil.example")],
            &[host, ("authorization", "Bearer x")],
            &[host, ("sec-fetch-site", "cross-site")],
        ] {
            let answer = service.browser().send(method.clone(), &path, headers, Some(json!({}))).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["error"]),
                (403, &json!("cross_site")),
                "{method} {path}"
            );
        }
        let own = [host, ("origin", HERE)];
        let answer = service.browser().send(method.clone(), &path, &own, Some(json!({}))).await;
        assert_ne!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    // A name of theirs that leads to this machine: to the browser the answers would be their own.
    for hosts in [
        &[("host", "evil.example:8000")][..],
        &[("host", "127.0.0.1.evil.example")],
        &[("host", "10.0.0.5:8000")],
        &[("host", "")],
        &[("host", "localhost:8000"), ("host", "evil.example")],
        &[],
    ] {
        for path in ["/v1/data_sources", "/v1/auth/session", "/v1/auth/mcp/incidents/status"] {
            let answer = service.browser().send(Method::GET, path, hosts, None).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["error"]),
                (403, &json!("other_host")),
                "{hosts:?} {path}"
            );
        }
    }
    for host in ["localhost", "127.0.0.1:8000", "[::1]:8000", "127.1.2.3"] {
        let answer = service.browser().send(Method::GET, "/v1/data_sources", &[("host", host)], None).await;
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_token_makes_nobody_else_of_them() {
    let provider = Provider::start().await;
    let service = service(&provider).await;
    let browser = service.browser().with_cookie("idToken", "x");
    let answer = get(&browser, "/v1/auth/session", "same-origin").await;
    assert_eq!(answer.json()["person"]["sub"], "alice");
    let answer = send(&browser, Method::GET, "/v1/auth/session", "x", None).await;
    assert_eq!(answer.status, 403, "without the name of this machine");
}
