//! Tokens that name nobody.

use axum::http::Method;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Bench, is_refused, send};
use crate::support::{issuer::Key, service::Wishes};

type Change = fn(&mut Value);

fn unsigned(claims: &Value, algorithm: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(&json!({"alg": algorithm, "kid": "one"})), part(claims))
}

fn hmac(claims: &Value, secret: &[u8]) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("one".to_owned());
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

#[tokio::test]
async fn claims_that_are_wrong_missing_or_of_another_time_are_refused() {
    let bench = Bench::new().await;
    let cases: &[(&str, &str, Change)] = &[
        ("another issuer", "token_invalid", |claims| claims["iss"] = "https://evil.example".into()),
        ("a slash more", "token_invalid", |claims| {
            claims["iss"] = format!("{}/", claims["iss"].as_str().unwrap()).into();
        }),
        ("a list of issuers", "token_invalid", |claims| claims["iss"] = json!([claims["iss"], "https://evil.example"])),
        ("no issuer", "token_invalid", |claims| drop(claims.as_object_mut().unwrap().remove("iss"))),
        ("another audience", "token_invalid", |claims| claims["aud"] = "another-service".into()),
        ("other audiences", "token_invalid", |claims| claims["aud"] = json!(["a", "b"])),
        ("another case", "token_invalid", |claims| claims["aud"] = "AIQ".into()),
        ("no audience", "token_invalid", |claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
        ("expired", "token_expired", |claims| claims["exp"] = (claims["iat"].as_i64().unwrap() - 61).into()),
        ("an end before all time", "token_invalid", |claims| claims["exp"] = (-1e300).into()),
        ("an end off the calendar", "token_invalid", |claims| claims["exp"] = 1e18.into()),
        ("a beginning off the calendar", "token_invalid", |claims| claims["nbf"] = 1e18.into()),
        ("no end", "token_invalid", |claims| drop(claims.as_object_mut().unwrap().remove("exp"))),
        ("an end in words", "token_invalid", |claims| claims["exp"] = "never".into()),
        ("not yet", "token_invalid", |claims| claims["nbf"] = (claims["iat"].as_i64().unwrap() + 90).into()),
        ("a beginning in words", "token_invalid", |claims| claims["nbf"] = "soon".into()),
        ("no subject", "token_invalid", |claims| drop(claims.as_object_mut().unwrap().remove("sub"))),
        ("an empty subject", "token_invalid", |claims| claims["sub"] = "".into()),
        ("a number for a subject", "token_invalid", |claims| claims["sub"] = 1.into()),
        ("a long subject", "token_invalid", |claims| claims["sub"] = "x".repeat(256).into()),
        ("a subject of two lines", "token_invalid", |claims| claims["sub"] = "alice\nroot".into()),
    ];
    for (what, error, change) in cases {
        let mut claims = bench.issuer.claims("alice");
        change(&mut claims);
        println!("{what}");
        let token = bench.issuer.key.sign(&claims);
        is_refused(&bench.listing_with(&token).await, error);
        let cookie = bench.service.browser().with_cookie("idToken", &token);
        is_refused(&cookie.get("/v1/data_sources").await, error);
        let session = cookie.get("/v1/auth/session").await;
        assert_eq!((session.status.as_u16(), &session.json()["person"]), (200, &Value::Null));
        is_refused(&send(&bench.service.browser(), Method::GET, "/v1/auth/session", &token, None).await, error);
    }
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM principals").await, 0);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_unusual_claims_do_no_harm() {
    let bench = Bench::new().await;
    let cases: &[Change] = &[
        |claims| claims["exp"] = (claims["iat"].as_i64().unwrap() - 45).into(),
        |claims| claims["nbf"] = (claims["iat"].as_i64().unwrap() + 45).into(),
        |claims| claims["exp"] = json!(claims["exp"].as_f64().unwrap() + 0.5),
        |claims| claims["aud"] = json!(["another-service", "aiq"]),
        |claims| claims["sub"] = "x".repeat(255).into(),
        |claims| (claims["name"], claims["email"]) = (json!({"first": "Alice"}), json!(null)),
    ];
    for (at, change) in cases.iter().enumerate() {
        let mut claims = bench.issuer.claims("alice");
        change(&mut claims);
        let answer = bench.listing_with(&bench.issuer.key.sign(&claims)).await;
        assert_eq!(answer.status, 200, "{at}: {}", answer.body);
    }
}

#[tokio::test]
async fn signatures_that_prove_nothing_are_refused() {
    let bench = Bench::new().await;
    let (claims, own) = (bench.issuer.claims("alice"), &bench.issuer.key);
    let published = own.published();
    let mut critical = Header::new(own.algorithm);
    (critical.kid, critical.crit) = (Some("one".to_owned()), Some(vec!["exp".to_owned()]));
    let mut cut = own.sign(&claims);
    cut.truncate(cut.rfind('.').unwrap() + 1);
    let mut other_claims = own.sign(&bench.issuer.claims("bob"));
    other_claims.replace_range(..own.sign(&claims).rfind('.').unwrap(), own.sign(&claims).rsplit_once('.').unwrap().0);
    let mut with_its_own_key = Header::new(Algorithm::ES256);
    let foreign = Key::new("foreign");
    with_its_own_key.jwk = Some(serde_json::from_value(foreign.published()).unwrap());
    for (what, token) in [
        ("none", unsigned(&claims, "none")),
        ("None", unsigned(&claims, "None")),
        ("ES256 and no signature", unsigned(&claims, "ES256")),
        ("a signature cut off", cut),
        ("the signature of other claims", other_claims),
        ("HMAC by the published key", hmac(&claims, published.to_string().as_bytes())),
        ("HMAC by a coordinate of it", hmac(&claims, published["x"].as_str().unwrap().as_bytes())),
        ("HMAC by nothing", hmac(&claims, b"")),
        ("a foreign key under our name", foreign.sign_as(Some("one"), &claims)),
        ("a foreign key under its own name", foreign.sign(&claims)),
        ("a foreign key without a name", foreign.sign_as(None, &claims)),
        ("a key that the token brings along", foreign.sign_with(&with_its_own_key, &claims)),
        ("something critical", own.sign_with(&critical, &claims)),
        ("rubbish", "rubbish".to_owned()),
        ("dots", "..".to_owned()),
        ("nothing", String::new()),
        ("too much", "x".repeat(16 * 1024 + 1)),
    ] {
        println!("{what}");
        is_refused(&bench.listing_with(&token).await, "token_invalid");
    }
    // A good token in too many bytes.
    let mut long = claims.clone();
    long["filling"] = "x".repeat(16 * 1024).into();
    is_refused(&bench.listing_with(&own.sign(&long)).await, "token_invalid");
    assert_eq!(bench.listing_with(&own.sign(&claims)).await.status, 200);
}

#[tokio::test]
async fn a_key_for_something_else_and_a_shared_secret_among_the_keys_verify_nothing() {
    let bench = Bench::new().await;
    let claims = bench.issuer.claims("alice");
    let mut encryption = bench.issuer.key.published();
    encryption["use"] = "enc".into();
    let mut other = bench.issuer.key.published();
    other["alg"] = "ES384".into();
    let secret = json!({"kty": "oct", "kid": "one", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode("secret")});
    for (key, token) in [
        (encryption, bench.issuer.key.sign(&claims)),
        (other, bench.issuer.key.sign(&claims)),
        (secret, hmac(&claims, b"secret")),
    ] {
        bench.issuer.publish_as_it_is(vec![key.clone()]);
        bench.service.clock.forward(chrono::TimeDelta::minutes(-11));
        println!("{key}");
        is_refused(&bench.listing_with(&token).await, "token_invalid");
    }
}

#[tokio::test]
async fn a_token_without_a_key_name_is_taken_only_where_one_key_could_have_signed_it() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign_as(None, &bench.issuer.claims("alice"));
    let rsa = Key::rsa("two", Algorithm::RS256);
    bench.issuer.publish(&[&rsa, &bench.issuer.key]);
    assert_eq!(bench.listing_with(&token).await.status, 200);
    bench.issuer.publish(&[&bench.issuer.key, &Key::new("two")]);
    bench.service.clock.forward(chrono::TimeDelta::minutes(-11));
    is_refused(&bench.listing_with(&token).await, "token_invalid");
}

#[tokio::test]
async fn any_audience_is_taken_only_where_the_configuration_says_so() {
    let settings = "  allow_any_audience: true\n".to_owned();
    let wishes = Wishes { no_sign_in: true, settings, ..Wishes::default() };
    let bench = Bench::without_audience(wishes).await;
    for audience in [json!("another-service"), json!(null), json!([])] {
        let mut claims = bench.issuer.claims("alice");
        claims["aud"] = audience;
        assert_eq!(bench.listing_with(&bench.issuer.key.sign(&claims)).await.status, 200, "{claims}");
    }
    let mut claims = bench.issuer.claims("alice");
    claims["iss"] = "https://evil.example".into();
    is_refused(&bench.listing_with(&bench.issuer.key.sign(&claims)).await, "token_invalid");
}

#[tokio::test]
async fn no_token_is_logged() {
    let bench = Bench::new().await;
    let good = bench.issuer.token("alice");
    let bad = Key::new("unheard-of").sign(&bench.issuer.claims("mallory-in-the-log"));
    let nasty = "eyJhbGciOiJub25lIn0.planted-in-a-token.x";
    for token in [&*good, &bad, nasty] {
        bench.listing_with(token).await;
        bench.service.browser().with_cookie("idToken", token).get("/v1/data_sources").await;
    }
    let logged = crate::support::logs::so_far();
    assert!(logged.contains("a token was refused"));
    for token in [good.as_str(), bad.as_str(), nasty] {
        for part in token.split('.').filter(|part| part.len() > 20) {
            assert!(!logged.contains(part), "{part}");
        }
    }
    assert!(!logged.contains("planted-in-a-token") && !logged.contains("mallory-in-the-log"));
}
