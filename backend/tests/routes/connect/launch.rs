//! The launch page.

use std::collections::BTreeMap;

use aiq_connect::vault::Secret;
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use crate::support::{
    browser::{BROWSER, SESSION},
    provider::{Consent, Provider},
    service::{PUBLIC, Service, Wishes, path_of},
};

const LAUNCH: &str = "/v1/auth/mcp/incidents/connect";
const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

fn launch_of(flow: &str) -> String {
    format!("{LAUNCH}?flow={flow}")
}

#[tokio::test]
async fn a_launch_sends_the_person_to_the_provider_with_pkce_resource_state_and_scope() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let answer = service.sign_in("alice").await.follow(&launch_of(FLOW)).await;
    let location = answer.location();
    assert_eq!(
        format!("{}{}", location.origin().ascii_serialization(), location.path()),
        format!("{}/authorize", provider.origin)
    );

    let mut query: BTreeMap<String, String> = location.query_pairs().into_owned().collect();
    for random in ["state", "code_challenge"] {
        assert_eq!(query.remove(random).unwrap().len(), 43, "{random}");
    }
    assert!(query.remove("client_id").unwrap().starts_with("client-"));
    let expected = BTreeMap::from([
        ("response_type", "code".to_owned()),
        ("code_challenge_method", "S256".to_owned()),
        ("redirect_uri", format!("{PUBLIC}/v1/auth/mcp/incidents/callback")),
        ("resource", format!("{}/mcp", provider.origin)),
        ("scope", "rows:read offline_access".to_owned()),
        ("prompt", "consent".to_owned()),
    ]);
    let expected: BTreeMap<String, String> =
        expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(query, expected);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn a_launch_ties_the_flow_to_the_browser_by_a_host_cookie() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.follow(LAUNCH).await;
    let cookie = alice.cookie(BROWSER).unwrap();
    assert_eq!(cookie.len(), 43);
    assert_eq!(
        answer.header("set-cookie"),
        format!("__Host-aiq-connect={cookie}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200")
    );
    let hash = Secret::new(&cookie).sha256_hex();
    assert_eq!(service.sql("UPDATE flows SET code = code WHERE browser_hash = ?1", &[&hash]).await, 1);

    alice.follow("/v1/auth/mcp/tickets/connect").await;
    assert_eq!(alice.cookie(BROWSER).unwrap(), cookie, "one browser has one cookie, for any number of flows");
}

#[tokio::test]
async fn two_launches_differ_in_state_and_challenge_and_register_one_client() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    let (first, second) = (alice.follow(LAUNCH).await.location(), bob.follow(LAUNCH).await.location());
    let part = |url: &reqwest::Url, name: &str| {
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_ne!(part(&first, "state"), part(&second, "state"));
    assert_ne!(part(&first, "code_challenge"), part(&second, "code_challenge"));
    assert_eq!(part(&first, "client_id"), part(&second, "client_id"));
    assert_eq!(provider.count("/register"), 1);
    let asked: serde_json::Value = serde_json::from_str(&provider.seen("/register")[0].body).unwrap();
    assert_eq!(
        asked,
        json!({
            "client_name": "AIQ Connect",
            "redirect_uris": [format!("{PUBLIC}/v1/auth/mcp/incidents/callback")],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "application_type": "web",
            "scope": "rows:read offline_access",
        })
    );
}

#[tokio::test]
async fn launches_at_the_same_time_register_one_client() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    provider.set(|faults| faults.registration_gate = Some(gate.clone()));
    let mut launches = tokio::task::JoinSet::new();
    for name in ["alice", "bob", "carol"] {
        let person = service.sign_in(name).await;
        launches.spawn(async move { person.follow(LAUNCH).await.status });
    }
    provider.has_seen("/register", 1).await;
    gate.add_permits(3);
    assert_eq!(launches.join_all().await, [303, 303, 303]);
    assert_eq!(provider.registered_clients(), 1);
}

#[tokio::test]
async fn an_unknown_source_and_one_that_needs_no_connection_are_404_with_the_reason() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    for (source, reason) in [
        ("nothing", "no data source is called `nothing`"),
        ("handbook", "data source `handbook` needs no connection of your own"),
    ] {
        for answer in [
            alice.follow(&format!("/v1/auth/mcp/{source}/connect")).await,
            alice.arrive(&format!("/v1/auth/mcp/{source}/connect")).await,
        ] {
            assert_eq!((answer.status.as_u16(), answer.heading()), (404, "There is nothing to connect here"));
            assert_eq!(answer.sentences(), [reason]);
        }
    }
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
}

#[tokio::test]
async fn a_source_that_is_turned_off_is_not_launched() {
    let provider = Provider::start().await;
    let settings = "  sources: {incidents: {disabled: true}}\n".to_owned();
    let service = Service::with(&provider, Wishes { settings, ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.follow(LAUNCH).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (403, "This source is turned off"));
    assert_eq!(answer.sentences(), ["Your administrator turned Team Incidents off."]);
    let answer = alice.post(LAUNCH, json!({})).await;
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer.json(),
        json!({"error": "source_disabled", "message": "data source `incidents` is turned off by the administrator"})
    );
}

#[tokio::test]
async fn somebody_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_same_flow() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let browser = service.browser();
    let answer = browser.follow(&launch_of(FLOW)).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (401, "Sign in to AI-Q first"));
    let link = answer.link();
    let back = reqwest::Url::parse(&format!("{PUBLIC}{link}")).unwrap();
    assert_eq!(back.path(), "/v1/auth/login");
    assert_eq!(
        back.query_pairs().into_owned().collect::<Vec<_>>(),
        [("return_to".to_owned(), format!("{LAUNCH}?flow={FLOW}&intent=reconnect"))]
    );
    assert_eq!(browser.cookie(BROWSER), None);
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
}

#[tokio::test]
async fn a_link_from_elsewhere_asks_first_and_starts_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none"), ("sec-fetch-user", "?1")],
        &[],
    ] {
        let answer = alice.send(Method::GET, &launch_of(FLOW), headers, None).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (200, "Connect Team Incidents to AI-Q?"), "{headers:?}");
        assert_eq!(answer.sentences()[0], "You are signed in to AI-Q as alice@example.com.");
        assert_eq!(answer.header("set-cookie"), "");
    }
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
    assert_eq!(provider.count("/register"), 0);
}

#[tokio::test]
async fn the_confirmation_link_launches_the_same_flow_for_the_same_session() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let link = alice.arrive(&launch_of(FLOW)).await.link();
    // A browser without Fetch Metadata says nothing of where the click was: the link itself is the proof.
    let launched = alice.send(Method::GET, &link, &[], None).await;
    let back = provider.walk(&launched.location(), Consent::Given).await;
    assert_eq!(alice.arrive(&path_of(&back)).await.data("flow"), FLOW);
}

#[tokio::test]
async fn the_confirmation_link_is_good_for_no_other_session_flow_or_source() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    let alice_elsewhere = service.sign_in("alice").await;
    let link = alice.arrive(&launch_of(FLOW)).await.link();
    let other_flow = link.replace(FLOW, "00000000-0000-4000-8000-000000000000");
    let other_source = link.replace("/incidents/", "/tickets/");
    for (who, link) in [(&bob, &link), (&alice_elsewhere, &link), (&alice, &other_flow), (&alice, &other_source)] {
        let answer = who.arrive(link).await;
        assert_eq!(answer.status, 200, "{link}");
        assert!(answer.heading().starts_with("Connect "), "{link} asks again: {}", answer.heading());
    }
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
}

#[tokio::test]
async fn launching_a_pending_flow_again_kills_the_first_state() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let first = alice.follow(&launch_of(FLOW)).await.location();
    let second = alice.follow(&launch_of(FLOW)).await.location();
    let stale = alice.arrive(&path_of(&provider.walk(&first, Consent::Given).await)).await;
    assert_eq!((stale.status.as_u16(), stale.heading()), (400, "This sign-in link is no longer valid"));
    assert_eq!(provider.count("/token"), 0);
    let good = alice.arrive(&path_of(&provider.walk(&second, Consent::Given).await)).await;
    assert_eq!((good.status.as_u16(), good.data("flow")), (200, FLOW));
}

#[tokio::test]
async fn a_flow_of_another_person_or_source_and_one_that_is_over_are_no_longer_valid() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    alice.follow(&launch_of(FLOW)).await;

    let gone = |answer: &crate::support::browser::Answer| {
        assert_eq!((answer.status.as_u16(), answer.heading()), (410, "This sign-in link is no longer valid"));
        assert_eq!(answer.sentences(), ["Go back to AI-Q and choose Connect again."]);
    };
    gone(&bob.follow(&launch_of(FLOW)).await);
    gone(&alice.follow(&format!("/v1/auth/mcp/tickets/connect?flow={FLOW}")).await);
    let kept = alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FLOW}")).await.json();
    assert_eq!(kept["flow"]["state"], "pending", "what others try does not touch it");

    alice.delete(&format!("/v1/auth/mcp/incidents/flows/{FLOW}")).await;
    gone(&alice.follow(&launch_of(FLOW)).await);

    let expired = "00000000-0000-4000-8000-000000000000";
    alice.follow(&launch_of(expired)).await;
    service.age(TimeDelta::minutes(11)).await;
    gone(&alice.follow(&launch_of(expired)).await);
    assert_eq!(service.grant("alice", "incidents").await, None);
}

#[tokio::test]
async fn while_the_provider_is_away_the_page_says_so_the_flow_fails_and_later_it_works_again() {
    let mut provider = Provider::away();
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = alice.follow(&launch_of(FLOW)).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (502, "We couldn't start the sign-in"));
    assert_eq!(
        answer.sentences()[0],
        "We can't reach Team Incidents's sign-in right now. It is not your fault; try again in a minute."
    );
    assert_eq!((answer.data("flow"), answer.data("ok"), answer.data("origin")), (FLOW, "false", PUBLIC));
    assert_eq!(answer.header("set-cookie"), "");

    let status = alice.get(&format!("/v1/auth/mcp/incidents/status?flow={FLOW}")).await.json();
    assert_eq!((&status["flow"]["state"], &status["flow"]["code"]), (&json!("failed"), &json!("idp_unreachable")));
    let block = service.listed(&alice, "incidents").await["per_user_auth"].clone();
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("error"), &json!("idp_unreachable")));

    provider.come();
    crate::support::until("the source heals by itself", || async {
        service.listed(&alice, "incidents").await["per_user_auth"]["status"] == "disconnected"
    })
    .await;
    assert_eq!(alice.follow(LAUNCH).await.status, 303);
}

#[tokio::test]
async fn switching_accounts_asks_the_provider_to_let_the_person_choose() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let location = alice.follow(&format!("{LAUNCH}?intent=switch_account")).await.location();
    assert!(location.query_pairs().any(|(name, value)| name == "prompt" && value == "select_account login"));
}

#[tokio::test]
async fn a_session_cookie_alone_never_leaves_for_the_provider() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let location = alice.follow(LAUNCH).await.location();
    assert!(!location.as_str().contains(&alice.cookie(SESSION).unwrap()));
    assert!(!location.as_str().contains(&alice.cookie(BROWSER).unwrap()));
}

#[tokio::test]
async fn a_link_that_was_cut_off_gets_a_page_and_starts_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    for query in ["?flow=3f2b8c1e", "?flow=", "?intent=conquer", "?intent=reconnect&intent=reconnect"] {
        let answer = alice.follow(&format!("{LAUNCH}{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.heading()), (400, "This sign-in link is not complete"), "{query}");
        assert_eq!(answer.sentences(), ["Go back to AI-Q and choose Connect again."]);
    }
    assert_eq!(service.count("SELECT COUNT(*) FROM flows").await, 0);
}
