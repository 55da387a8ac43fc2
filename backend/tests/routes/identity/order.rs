//! Several things at once that could tell a person.

use aiq_connect::{
    domain::{NewSession, Principal, Profile},
    vault::Secret,
};
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use super::{Bench, is_refused, send};
use crate::support::{
    browser::{Browser, SESSION},
    service::{Service, Wishes},
};

async fn sub(browser: &Browser, token: Option<&str>) -> serde_json::Value {
    let answer = match token {
        Some(token) => send(browser, Method::GET, "/v1/auth/session", token, None).await,
        None => browser.get("/v1/auth/session").await,
    };
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["person"]["sub"].clone()
}

#[tokio::test]
async fn a_bearer_comes_before_our_session_and_our_session_before_aiqs_cookie() {
    let bench = Bench::with(Wishes::default()).await;
    let all = bench.service.sign_in("by-session").await.with_cookie("idToken", &bench.issuer.token("by-cookie"));
    let bearer = bench.issuer.token("by-bearer");
    assert_eq!(sub(&all, Some(&bearer)).await, "by-bearer");
    assert_eq!(sub(&all, None).await, "by-session");
    let session = all.get("/v1/auth/session").await.json();
    assert_eq!((&session["login_url"], &session["logout_url"]), (&json!("/v1/auth/login"), &json!("/v1/auth/logout")));

    assert_eq!(all.post("/v1/auth/logout", json!({})).await.status, 204);
    assert_eq!(sub(&all, None).await, "by-cookie");
    let session = all.get("/v1/auth/session").await.json();
    assert_eq!((&session["login_url"], &session["logout_url"]), (&json!("/v1/auth/login"), &json!(null)));
    // A session that is over stands in nobody's way.
    let over = bench.browser_of("by-cookie").with_cookie(SESSION, &"x".repeat(43));
    assert_eq!(sub(&over, None).await, "by-cookie");
}

#[tokio::test]
async fn our_own_sign_in_and_tokens_of_one_issuer_name_one_person() {
    let bench = Bench::with(Wishes::default()).await;
    let cookie = "c".repeat(43);
    let session = NewSession {
        cookie_hash: Secret::new(&cookie).sha256_hex(),
        principal: Principal { issuer: bench.issuer.name.clone(), kind: "jwt".to_owned(), sub: "alice".to_owned() },
        profile: Profile { name: "Alice A.".to_owned(), email: Some("alice@example.com".to_owned()) },
        lifetime: TimeDelta::hours(1),
    };
    bench.service.store.open_session(&session).await.unwrap();
    let own = bench.service.browser().with_cookie(SESSION, &cookie);
    bench.service.connect(&bench.provider, &own, "incidents").await;
    let alice = bench.browser_of("alice");
    assert_eq!(bench.service.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
    // A token that says less than our own sign-in did makes nobody forget it.
    let person = json!({"sub": "alice", "name": "Alice A.", "email": "alice@example.com"});
    assert_eq!(alice.get("/v1/auth/session").await.json()["person"], person);
    assert_eq!(own.get("/v1/auth/session").await.json()["person"], person);
}

#[tokio::test]
async fn a_bearer_that_is_no_good_is_refused_whatever_cookies_stand_beside_it() {
    let bench = Bench::with(Wishes::default()).await;
    let alice = bench.service.sign_in("alice").await.with_cookie("idToken", &bench.issuer.token("alice"));
    for token in ["rubbish", ""] {
        is_refused(&send(&alice, Method::GET, "/v1/data_sources", token, None).await, "token_invalid");
        is_refused(
            &send(&alice, Method::POST, "/v1/auth/mcp/incidents/disconnect", token, None).await,
            "token_invalid",
        );
    }
    let two = format!("Bearer {}", bench.issuer.token("bob"));
    let headers = [("authorization", two.as_str()), ("authorization", two.as_str())];
    is_refused(&alice.send(Method::GET, "/v1/data_sources", &headers, None).await, "token_invalid");
    // Nor does it end the session that stands beside it.
    assert_eq!(send(&alice, Method::POST, "/v1/auth/logout", "rubbish", None).await.status, 204);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn two_id_token_cookies_that_differ_are_refused() {
    let bench = Bench::new().await;
    let (hers, planted) = (bench.issuer.token("alice"), bench.issuer.token("mallory"));
    let cookies = format!("idToken={planted}; idToken={hers}");
    let answer =
        bench.service.browser().send(Method::GET, "/v1/data_sources", &[("cookie", cookies.as_str())], None).await;
    is_refused(&answer, "token_invalid");
}

#[tokio::test]
async fn without_an_issuer_tokens_are_not_looked_at_and_do_not_replace_an_origin() {
    let provider = crate::support::provider::Provider::start().await;
    let service = Service::start(&provider).await;
    let issuer = crate::support::issuer::Issuer::start().await;
    let token = issuer.token("mallory");
    let answer = send(&service.browser(), Method::GET, "/v1/data_sources", &token, None).await;
    let body =
        json!({"detail": "This service verifies no tokens: AIQ_JWT_ISSUER is not set.", "error": "token_invalid"});
    assert_eq!((answer.status.as_u16(), answer.json()), (401, body));
    is_refused(&service.browser().with_cookie("idToken", &token).get("/v1/data_sources").await, "token_missing");

    let alice = service.sign_in("alice").await;
    assert_eq!(sub(&alice, Some(&token)).await, "alice");
    let answer = send(&alice, Method::POST, "/v1/auth/mcp/incidents/disconnect", &token, Some(json!({}))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("cross_site")));
    assert_eq!(issuer.asked(), 0);
}
