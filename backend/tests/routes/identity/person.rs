//! People who are known by a token of AIQ's issuer.

use axum::http::Method;
use serde_json::json;

use super::{Bench, addresses, of_people, send};
use crate::support::{
    issuer::Key,
    provider::Consent,
    service::{PUBLIC, Wishes, path_of},
};
use jsonwebtoken::Algorithm;

#[tokio::test]
async fn a_bearer_and_the_id_token_cookie_name_the_same_person() {
    let bench = Bench::new().await;
    let mut claims = bench.issuer.claims("alice");
    claims["name"] = "Alice A.".into();
    claims["email"] = "alice@example.com".into();
    let token = bench.issuer.key.sign(&claims);
    let expected = json!({
        "person": {"sub": "alice", "name": "Alice A.", "email": "alice@example.com"},
        "login_url": null, "logout_url": null, "personal_sources": true,
    });
    let nobody = bench.service.browser();
    let by_bearer = send(&nobody, Method::GET, "/v1/auth/session", &token, None).await;
    let by_cookie = nobody.clone().with_cookie("idToken", &token).get("/v1/auth/session").await;
    for answer in [by_bearer, by_cookie] {
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()));
    }
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM principals").await, 1);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn every_signature_of_a_published_key_is_taken() {
    let bench = Bench::new().await;
    let rsa = [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256].map(|algorithm| Key::rsa("rsa", algorithm));
    for key in &rsa {
        // Others, and such as this version does not know, stand beside it.
        let unknown = json!({"kty": "ML-DSA", "kid": "rsa", "alg": "ML-DSA-65", "pub": "x"});
        bench.issuer.publish_as_it_is(vec![
            json!({"kid": 1}),
            json!("a key"),
            unknown,
            bench.issuer.key.published(),
            key.published(),
        ]);
        bench.service.clock.forward(chrono::TimeDelta::minutes(11));
        let mut claims = bench.issuer.claims("alice");
        claims["exp"] = (claims["exp"].as_i64().unwrap() + 86_400).into();
        let answer = bench.listing_with(&key.sign(&claims)).await;
        assert_eq!(answer.status, 200, "{:?}: {}", key.algorithm, answer.body);
    }
}

#[tokio::test]
async fn a_person_with_aiqs_cookie_connects_a_source_from_the_window_to_the_grant() {
    let bench = Bench::new().await;
    let alice = bench.browser_of("alice");
    bench.service.connect(&bench.provider, &alice, "incidents").await;
    let listed = bench.service.listed(&alice, "incidents").await;
    assert_eq!(listed["per_user_auth"]["status"], "connected");
    // AIQ's page renews its token: it is still the same person.
    let later = bench.browser_of("alice");
    assert_eq!(bench.service.listed(&later, "incidents").await["per_user_auth"]["status"], "connected");
    let bob = bench.browser_of("bob");
    assert_eq!(bench.service.listed(&bob, "incidents").await["per_user_auth"]["status"], "disconnected");
}

#[tokio::test]
async fn somebody_else_or_nobody_cannot_finish_what_a_person_began() {
    let bench = Bench::new().await;
    let alice = bench.browser_of("alice");
    for (token, status, heading) in [
        (bench.issuer.token("bob"), 403, "You're signed in to AI-Q as someone else"),
        (String::new(), 401, "You're signed out of AI-Q"),
        ("rubbish".to_owned(), 401, "You're signed out of AI-Q"),
    ] {
        let launched = alice.follow("/v1/auth/mcp/incidents/connect").await;
        let back = path_of(&bench.provider.walk(&launched.location(), Consent::Given).await);
        let other = bench.service.browser().with_cookie("idToken", &token);
        let other = other
            .with_cookie(crate::support::browser::BROWSER, &alice.cookie(crate::support::browser::BROWSER).unwrap());
        let answer = other.arrive(&back).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (status, heading));
        // Nothing was used up: the person herself goes on.
        assert_eq!(alice.arrive(&back).await.heading(), "Team Incidents is connected");
    }
}

#[tokio::test]
async fn a_link_from_elsewhere_asks_first_and_its_answer_is_worth_nothing_to_others() {
    let bench = Bench::new().await;
    let (alice, bob) = (bench.browser_of("alice"), bench.browser_of("bob"));
    let asked = alice.arrive("/v1/auth/mcp/incidents/connect").await;
    assert_eq!(
        (asked.heading(), asked.sentences()[0]),
        ("Connect Team Incidents to AI-Q?", "You are signed in to AI-Q as alice.")
    );
    assert_eq!(bob.arrive(&asked.link()).await.heading(), "Connect Team Incidents to AI-Q?");
    assert_eq!(alice.arrive(&asked.link()).await.status, 303);
}

#[tokio::test]
async fn a_launch_without_aiqs_cookie_says_to_sign_in_there() {
    let bench = Bench::new().await;
    let answer = bench.service.browser().follow("/v1/auth/mcp/incidents/connect").await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (401, "Sign in to AI-Q first"));
    assert_eq!((answer.sentences(), answer.link()), (vec!["Sign in there, then choose Connect again."], String::new()));
}

#[tokio::test]
async fn signing_out_is_not_ours_where_the_session_is_not() {
    let bench = Bench::new().await;
    let alice = bench.browser_of("alice");
    assert_eq!(alice.post("/v1/auth/logout", json!({})).await.status, 204);
    assert_eq!(alice.get("/v1/data_sources").await.status, 200);
}

#[tokio::test]
async fn a_bearer_needs_no_origin_anywhere_and_the_cookie_does_everywhere() {
    let bench = Bench::new().await;
    let (token, alice) = (bench.issuer.token("alice"), bench.browser_of("alice"));
    let body = json!({"input": "x", "data_sources": []});
    let changing = addresses(|route| route.method != "GET");
    assert!(changing.len() >= 7, "{changing:?}");
    for (method, path) in changing {
        let answer = send(&bench.service.browser(), method.clone(), &path, &token, Some(body.clone())).await;
        assert_ne!(answer.status, 403, "{method} {path}: {}", answer.body);
        for headers in [&[][..], &[("origin", "https://evil.example")], &[("authorization", "Basic YTpi")]] {
            let answer = alice.send(method.clone(), &path, headers, Some(body.clone())).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["error"]),
                (403, &json!("cross_site")),
                "{method} {path}"
            );
        }
        let answer = alice.send(method.clone(), &path, &[("origin", PUBLIC)], Some(body.clone())).await;
        assert_ne!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
}

#[tokio::test]
async fn whoever_brings_nothing_is_401_at_every_address_of_people() {
    let bench = Bench::new().await;
    let people = of_people();
    assert!(people.len() >= 10, "{people:?}");
    for (method, path) in people {
        for headers in [&[][..], &[("authorization", "Basic YTpi")]] {
            let answer = bench.service.browser().send(method.clone(), &path, headers, Some(json!({}))).await;
            super::is_refused(&answer, "token_missing");
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
        }
    }
    assert_eq!(bench.issuer.asked(), 0);
}

#[tokio::test]
async fn the_same_subject_of_two_issuers_is_two_people() {
    let bench = Bench::with(Wishes::default()).await;
    let own = bench.service.sign_in("alice").await;
    bench.service.connect(&bench.provider, &own, "incidents").await;
    let other = bench.browser_of("alice");
    assert_eq!(bench.service.listed(&own, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(bench.service.listed(&other, "incidents").await["per_user_auth"]["status"], "disconnected");
}

#[tokio::test]
async fn a_person_is_written_down_once_and_not_at_every_request() {
    let bench = Bench::new().await;
    let token = bench.issuer.token("alice");
    assert_eq!(bench.listing_with(&token).await.status, 200);
    let gone = bench.service.sql("DELETE FROM principals WHERE sub = ?1", &["alice"]).await;
    assert_eq!(gone, 1);
    assert_eq!(bench.listing_with(&token).await.status, 200);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM principals").await, 0);

    let mut claims = bench.issuer.claims("alice");
    claims["name"] = "Alice A.".into();
    assert_eq!(bench.listing_with(&bench.issuer.key.sign(&claims)).await.status, 200);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM principals WHERE name = 'Alice A.'").await, 1);
}
