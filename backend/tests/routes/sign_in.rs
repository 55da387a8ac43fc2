//! `/v1/auth/login`, `/v1/auth/login/callback`, `/v1/auth/logout`, `/v1/auth/session`

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::TimeDelta;
use reqwest::Url;
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, BROWSER, Browser, SESSION},
    openid::{CLIENT_ID, Change, SUB},
    provider::{Consent, Iss, Provider, TokenFault},
    service::{PUBLIC, Service, path_of},
};

async fn way_back(provider: &Provider, browser: &Browser, return_to: &str) -> String {
    let begun = browser.follow(&format!("/v1/auth/login?return_to={return_to}")).await;
    path_of(&provider.walk(&begun.location(), Consent::Given).await)
}

fn nobody() -> Value {
    json!({"person": null, "login_url": "/v1/auth/login", "logout_url": "/v1/auth/logout", "personal_sources": true})
}

async fn is_nobody(answer: &Answer, browser: &Browser, status: u16, sentence: &str) {
    assert_eq!((answer.status.as_u16(), answer.heading()), (status, "You're not signed in"));
    assert_eq!(answer.sentences(), [sentence]);
    assert_eq!(browser.cookie(SESSION), None);
    assert_eq!(browser.get("/v1/auth/session").await.json(), nobody());
}

#[tokio::test]
async fn a_person_signs_in_at_the_openid_provider_and_out_again() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let browser = service.browser();
    assert_eq!(browser.get("/v1/auth/session").await.json(), nobody());

    let begun = browser.follow("/v1/auth/login?return_to=/connections").await.location();
    let query: BTreeMap<String, String> = begun.query_pairs().into_owned().collect();
    assert_eq!((query["client_id"].as_str(), query["response_type"].as_str()), (CLIENT_ID, "code"));
    assert_eq!(query["scope"], "openid profile email");
    assert_eq!(query["redirect_uri"], format!("{PUBLIC}/v1/auth/login/callback"));
    assert_eq!((query["state"].len(), query["nonce"].len(), query["code_challenge"].len()), (43, 43, 43));
    assert!(!query.contains_key("resource"));

    let answer = browser.arrive(&path_of(&provider.walk(&begun, Consent::Given).await)).await;
    assert_eq!(answer.location().path(), "/connections");
    let cookie = browser.cookie(SESSION).unwrap();
    assert_eq!(
        answer.header("set-cookie"),
        format!("{SESSION}={cookie}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200")
    );
    let session = browser.get("/v1/auth/session").await;
    let mut expected = nobody();
    expected["person"] = json!({"sub": SUB, "name": "Alice A.", "email": "alice@example.com"});
    assert_eq!((session.status.as_u16(), session.json()), (200, expected));

    let out = browser.post("/v1/auth/logout", json!({})).await;
    assert_eq!((out.status.as_u16(), out.body.as_str()), (204, ""));
    assert_eq!(browser.cookie(SESSION), None);
    let kept = service.browser().with_cookie(SESSION, &cookie);
    assert_eq!(kept.get("/v1/auth/session").await.json(), nobody(), "a copy of the cookie is worth nothing either");
}

#[tokio::test]
async fn signing_in_leads_on_to_the_launch_that_was_interrupted_and_to_the_grant() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let link = browser.follow("/v1/auth/mcp/incidents/connect").await.link();
    let begun = browser.follow(&link).await.location();
    let back = browser.arrive(&path_of(&provider.walk(&begun, Consent::Given).await)).await.location();
    assert_eq!(back.path(), "/v1/auth/mcp/incidents/connect");
    let launched = browser.follow(&path_of(&back)).await.location();
    let answer = browser.arrive(&path_of(&provider.walk(&launched, Consent::Given).await)).await;
    assert_eq!(answer.heading(), "Team Incidents is connected");
    assert_eq!(service.listed(&browser, "incidents").await["per_user_auth"]["status"], "connected");
}

#[tokio::test]
async fn an_id_token_that_is_not_to_be_trusted_signs_nobody_in() {
    for change in [
        Change::Nonce,
        Change::Audience,
        Change::Issuer,
        Change::Expired,
        Change::ForeignKey,
        Change::AlgNone,
        Change::AlgConfusion,
        Change::Absent,
    ] {
        let provider = Provider::start().await;
        provider.set(|faults| faults.id_token = change);
        let service = Service::start(&provider).await;
        let browser = service.browser();
        let answer = browser.arrive(&way_back(&provider, &browser, "/").await).await;
        assert_eq!(answer.status, 502, "{change:?}");
        is_nobody(&answer, &browser, 502, "The sign-in's answer could not be trusted, so we did not use it.").await;
        assert_eq!(service.count("SELECT COUNT(*) FROM sessions").await, 0, "{change:?}");
        assert_eq!(provider.count("/token"), 1, "{change:?}: the token was fetched, so it was the check that refused");
    }
}

#[tokio::test]
async fn a_state_that_is_used_unknown_expired_or_another_browsers_signs_nobody_in() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let over = "This sign-in took too long, or was used already.";

    let browser = service.browser();
    let back = way_back(&provider, &browser, "/").await;
    let elsewhere = service.browser();
    is_nobody(&elsewhere.arrive(&back).await, &elsewhere, 400, over).await;
    // Whoever tried used the attempt up; nobody is signed in by it any more.
    is_nobody(&browser.arrive(&back).await, &browser, 400, over).await;

    let browser = service.browser();
    let back = way_back(&provider, &browser, "/").await;
    service.age(TimeDelta::minutes(11)).await;
    is_nobody(&browser.arrive(&back).await, &browser, 400, over).await;

    for query in ["", "?state=unknown&code=x", "?code=x"] {
        is_nobody(&browser.arrive(&format!("/v1/auth/login/callback{query}")).await, &browser, 400, over).await;
    }
    assert_eq!(provider.count("/token"), 0);

    let back = way_back(&provider, &browser, "/").await;
    assert_eq!(browser.arrive(&back).await.status, 303);
    let again = service.browser().with_cookie(BROWSER, &browser.cookie(BROWSER).unwrap());
    is_nobody(&again.arrive(&back).await, &again, 400, over).await;
    assert_eq!(provider.count("/token"), 1);
}

#[tokio::test]
async fn an_answer_from_another_issuer_signs_nobody_in_and_its_code_is_not_sent() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.iss = Iss::Other("https://evil.example".to_owned()));
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let answer = browser.arrive(&way_back(&provider, &browser, "/").await).await;
    is_nobody(&answer, &browser, 502, "The sign-in's answer could not be trusted, so we did not use it.").await;
    assert_eq!(provider.count("/token"), 0);
}

#[tokio::test]
async fn a_person_who_says_no_is_not_signed_in_and_the_providers_text_is_not_shown() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let begun = browser.follow("/v1/auth/login").await.location();
    let answer = browser.arrive(&path_of(&provider.walk(&begun, Consent::Refused).await)).await;
    is_nobody(&answer, &browser, 403, "The sign-in was not allowed.").await;
    assert!(!answer.body.contains("alert("));
}

#[tokio::test]
async fn a_provider_that_is_away_or_busy_is_told_as_such() {
    let mut provider = Provider::away();
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let sentence = "We can't reach the sign-in right now. Try again in a minute.";
    is_nobody(&browser.follow("/v1/auth/login").await, &browser, 502, sentence).await;
    provider.come();
    let back = way_back(&provider, &browser, "/").await;
    provider.set(|faults| faults.token = vec![TokenFault::Unavailable]);
    is_nobody(&browser.arrive(&back).await, &browser, 502, sentence).await;
    let back = way_back(&provider, &browser, "/").await;
    assert_eq!(browser.arrive(&back).await.status, 303);
}

#[tokio::test]
async fn what_only_an_administrator_can_mend_is_not_called_unreachable() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let back = way_back(&provider, &browser, "/").await;
    provider.set(|faults| faults.token = vec![TokenFault::InvalidClient]);
    let answer = browser.arrive(&back).await;
    assert_eq!(answer.status, 502);
    assert!(answer.sentences()[0].starts_with("The sign-in isn't set up completely."), "{}", answer.body);

    let back = way_back(&provider, &browser, "/").await;
    provider.set(|faults| faults.token = vec![TokenFault::InvalidGrant]);
    let refused = "The sign-in did not accept this attempt. Trying again usually helps.";
    is_nobody(&browser.arrive(&back).await, &browser, 502, refused).await;

    let provider = Provider::start().await;
    provider.set(|faults| faults.issuer.push('/'));
    let service = Service::start(&provider).await;
    let answer = service.browser().follow("/v1/auth/login").await;
    assert_eq!(answer.status, 502);
    assert!(answer.sentences()[0].starts_with("The sign-in isn't set up completely."), "{}", answer.body);
}

#[tokio::test]
async fn signing_in_leads_to_no_foreign_address() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    for wish in ["https://evil.example/", "//evil.example/", "/%5Cevil.example", "javascript:alert(1)", ""] {
        let browser = service.browser();
        let answer = browser.arrive(&way_back(&provider, &browser, wish).await).await;
        assert_eq!(answer.location(), Url::parse(&format!("{PUBLIC}/")).unwrap(), "{wish}");
    }
}

#[tokio::test]
async fn a_cookie_that_somebody_planted_does_not_become_the_session() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let planted = "p".repeat(43);
    let browser = service.browser().with_cookie(SESSION, &planted);
    let back = way_back(&provider, &browser, "/").await;
    assert_eq!(browser.arrive(&back).await.status, 303);
    assert_ne!(browser.cookie(SESSION).unwrap(), planted);
    let other = service.browser().with_cookie(SESSION, &planted);
    assert_eq!(other.get("/v1/auth/session").await.json(), nobody());
}

#[tokio::test]
async fn signing_out_twice_or_by_a_link_does_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    assert_eq!(alice.send(Method::GET, "/v1/auth/logout", &[], None).await.status, 405);
    assert_eq!(alice.get("/v1/data_sources").await.status, 200);
    assert_eq!(alice.post("/v1/auth/logout", json!({})).await.status, 204);
    assert_eq!(alice.post("/v1/auth/logout", json!({})).await.status, 204);
}
