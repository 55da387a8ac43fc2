//! Nothing is configured that tells people apart.

use axum::http::Method;
use serde_json::{Value, json};

use super::{of_people, send};
use crate::support::{
    issuer::{AUDIENCE, Issuer},
    provider::Provider,
    service::{PUBLIC, Service, Wishes},
};

async fn services(provider: &Provider, issuer: &Issuer) -> Vec<Service> {
    let named = vec![("AIQ_JWT_ISSUER", issuer.name.clone()), ("AIQ_JWT_AUDIENCE", AUDIENCE.to_owned())];
    let off = ("REQUIRE_AUTH", "false".to_owned());
    let mut found = Vec::new();
    for variables in [vec![], vec![off.clone()], [vec![off], named].concat()] {
        found.push(Service::with(provider, Wishes { no_sign_in: true, variables, ..Wishes::default() }).await);
    }
    found
}

#[tokio::test]
async fn personal_sources_are_listed_as_turned_off_and_the_others_as_they_are() {
    let (provider, issuer) = (Provider::start().await, Issuer::start().await);
    for service in services(&provider, &issuer).await {
        let session = service.browser().get("/v1/auth/session").await;
        let nobody = json!({"person": null, "login_url": null, "logout_url": null, "personal_sources": false});
        assert_eq!((session.status.as_u16(), session.json()), (200, nobody));

        let browser = service.browser();
        let block = &service.listed(&browser, "incidents").await["per_user_auth"];
        assert_eq!((&block["status"], &block["admin_disabled"]), (&json!("disconnected"), &json!(true)));
        assert_eq!((&block["error"], &block["connect_url"]), (&Value::Null, &json!("/v1/auth/mcp/incidents/connect")));
        assert_eq!(service.listed(&browser, "handbook").await["per_user_auth"], Value::Null);
    }
}

#[tokio::test]
async fn everything_else_of_people_is_refused_with_the_reason_whatever_is_brought() {
    let (provider, issuer) = (Provider::start().await, Issuer::start().await);
    let token = issuer.token("alice");
    for service in services(&provider, &issuer).await {
        for (method, path) in of_people().into_iter().filter(|(_, path)| path != "/v1/data_sources") {
            for browser in [service.browser(), service.browser().with_cookie("idToken", &token)] {
                let answer = browser.send(method.clone(), &path, &[("origin", PUBLIC)], Some(json!({}))).await;
                assert_eq!(
                    (answer.status.as_u16(), &answer.json()["error"]),
                    (403, &json!("auth_off")),
                    "{method} {path}"
                );
            }
            let answer = send(&service.browser(), method.clone(), &path, &token, Some(json!({}))).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("auth_off")), "{method} {path}");
        }
        let launch = service.browser().send(Method::GET, "/v1/auth/mcp/incidents/connect", &[], None).await;
        assert_eq!((launch.status.as_u16(), launch.heading()), (403, "Sign-in is turned off on this server"));
        for table in ["SELECT COUNT(*) FROM principals", "SELECT COUNT(*) FROM flows", "SELECT COUNT(*) FROM jobs"] {
            assert_eq!(service.count(table).await, 0);
        }
    }
    assert_eq!(issuer.asked(), 0);
}
