//! A client that was registered by hand beside one that registers itself, and where scopes come from.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Url;
use serde_json::json;

use crate::support::{
    browser::Browser,
    provider::{Consent, Provider},
    research::Research,
    service::{Service, Wishes, path_of},
};

const BY_HAND: &str = "service-desk";
const SECRET: &str = "service-desk-secret-0123456789";

/// `tickets` has a client that was registered by hand, `incidents` has not.
async fn bench(method: &str) -> (Provider, Service, Research, Browser) {
    let provider = Provider::start().await;
    provider.registered_by_hand(BY_HAND, SECRET, method, "tickets");
    let research = Research::start().await;
    let settings = format!(
        "  servers: {{tickets: {{client_id: {BY_HAND}, client_secret: {SECRET}, token_endpoint_auth_method: {method}, \
         scopes: [rows:read, rows:write]}}}}\n"
    );
    let service =
        Service::with(&provider, Wishes { settings, upstream: Some(research.origin.clone()), ..Wishes::default() })
            .await;
    let alice = service.sign_in("alice").await;
    (provider, service, research, alice)
}

/// What a launch asks the provider for.
async fn asked(alice: &Browser, source: &str) -> (Url, BTreeMap<String, String>) {
    let location = alice.follow(&format!("/v1/auth/mcp/{source}/connect")).await.location();
    let query = location.query_pairs().into_owned().collect();
    (location, query)
}

#[tokio::test]
async fn each_source_uses_its_own_client_and_only_the_one_without_registers() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let (provider, service, _research, alice) = bench(method).await;
        for source in ["tickets", "incidents"] {
            let (location, query) = asked(&alice, source).await;
            assert_eq!(query["client_id"] == BY_HAND, source == "tickets");
            let back = provider.walk(&location, Consent::Given).await;
            assert_eq!(alice.arrive(&path_of(&back)).await.status, 200, "{method}");
        }
        assert_eq!(provider.count("/register"), 1);
        assert_eq!(service.grant("alice", "tickets").await.unwrap().client_id, BY_HAND);
        assert_ne!(service.grant("alice", "incidents").await.unwrap().client_id, BY_HAND);

        let tickets = &provider.seen("/token")[0];
        let in_form = tickets.form.get("client_secret").map(String::as_str);
        assert_eq!(in_form, (method == "client_secret_post").then_some(SECRET));
        assert_eq!(tickets.headers.contains_key("authorization"), method == "client_secret_basic");
    }
}

#[tokio::test]
async fn each_grant_is_refreshed_and_revoked_as_the_client_that_it_is_bound_to() {
    let (provider, service, _research, alice) = bench("client_secret_post").await;
    for source in ["tickets", "incidents"] {
        service.connect(&provider, &alice, source).await;
    }
    let job = service.submit(&alice, &["tickets", "incidents"]).await;
    service.age(TimeDelta::hours(2)).await;
    for server in ["tickets", "incidents"] {
        let answer = service.resolve(json!({"job_id": job, "mcp_server_id": server})).await;
        assert_eq!(answer.status, 200, "{server}: {}", answer.body);
        let told = alice.post(&format!("/v1/auth/mcp/{server}/disconnect"), json!({})).await.json();
        assert_eq!(told["revoked_at_provider"], true, "{server}");
    }
    assert_eq!(provider.living_grants(), 0);
}

#[tokio::test]
async fn configured_scopes_are_asked_for_as_they_are_and_others_as_the_server_names_them() {
    let (_provider, _service, _research, alice) = bench("client_secret_basic").await;
    assert_eq!(asked(&alice, "tickets").await.1["scope"], "rows:read rows:write");
    assert_eq!(asked(&alice, "incidents").await.1["scope"], "rows:read offline_access");
}

/// The database does for another process what cannot be timed from here: it keeps a client in the moment in which this
/// process has looked for one in vain and takes the right to register.
#[tokio::test]
async fn a_client_that_another_process_kept_before_the_lease_was_taken_is_used_and_none_is_registered() {
    let (provider, service, _research, alice) = bench("client_secret_basic").await;
    let keep = "CREATE TRIGGER another_process AFTER INSERT ON registering BEGIN \
                INSERT INTO registrations (issuer, redirect_uri, client_id, auth, registered_at) \
                VALUES (NEW.issuer, NEW.redirect_uri, 'theirs', 'none', 1); END";
    service.sql(keep, &[]).await;
    assert_eq!(asked(&alice, "incidents").await.1["client_id"], "theirs");
    assert_eq!(provider.count("/register"), 0);
    assert_eq!(service.count("SELECT COUNT(*) FROM registering").await, 0, "the lease was given back");
}
