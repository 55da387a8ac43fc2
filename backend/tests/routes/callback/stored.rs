//! What a person's return stores, and what the page says.

use aiq_connect::domain::Version;
use chrono::TimeDelta;

use crate::support::{
    provider::{Consent, Provider},
    service::{PUBLIC, Service, path_of},
};

#[tokio::test]
async fn coming_back_stores_a_grant_that_is_bound_to_where_it_came_from() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;

    let grant = service.grant("alice", "incidents").await.unwrap();
    assert_eq!(grant.version, Version::FIRST);
    assert_eq!(grant.issuer, provider.origin);
    assert_eq!(grant.resource, format!("{}/mcp", provider.origin));
    assert_eq!(grant.redirect_uri, format!("{PUBLIC}/v1/auth/mcp/incidents/callback"));
    assert_eq!(grant.scopes, ["rows:read", "offline_access"]);
    assert_eq!(grant.expires_at, Some(grant.issued_at + TimeDelta::seconds(3600)));
    assert!(grant.is_renewable());
    let sent = &provider.seen("/token")[0];
    assert!(grant.client_id.starts_with("client-"), "{}", grant.client_id);
    assert_eq!(sent.form["redirect_uri"], grant.redirect_uri);
    assert_eq!(sent.form["resource"], grant.resource);
    assert_eq!(sent.form["code_verifier"].len(), 43);
    assert!(service.grant("bob", "incidents").await.is_none());
}

#[tokio::test]
async fn the_page_says_so_and_tells_only_our_own_origin() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let answer = service.connect(&provider, &alice, "incidents").await;
    assert_eq!(answer.heading(), "Team Incidents is connected");
    assert_eq!(answer.sentences(), ["You can close this window."]);
    assert_eq!((answer.data("source"), answer.data("ok"), answer.data("origin")), ("incidents", "true", PUBLIC));
    assert_eq!(answer.data("closes"), "1200");
}

#[tokio::test]
async fn no_frame_may_hold_the_page_and_no_foreign_thing_is_loaded_or_told() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let good = service.connect(&provider, &alice, "incidents").await;
    let bad = alice.arrive("/v1/auth/mcp/incidents/callback").await;
    for answer in [good, bad] {
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(!answer.body.contains("http://") && answer.body.matches("https://").count() <= 1, "{}", answer.body);
    }
}

#[tokio::test]
async fn connecting_again_replaces_the_grant_and_revokes_nothing() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let first = service.grant("alice", "incidents").await.unwrap();
    service.connect(&provider, &alice, "incidents").await;
    let second = service.grant("alice", "incidents").await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(second.version, Version::FIRST);
    assert_eq!((provider.count("/revoke"), provider.living_grants()), (0, 2));
}

#[tokio::test]
async fn without_expires_in_and_scope_the_end_is_unknown_and_the_asked_scopes_hold() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.access_token_seconds = None);
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    assert_eq!((grant.expires_at, grant.scopes.len()), (None, 2));
}

#[tokio::test]
async fn a_client_may_prove_itself_in_the_form_or_be_public() {
    for method in ["client_secret_post", "none"] {
        let provider = Provider::start().await;
        provider.set(|faults| faults.auth_method = method);
        let service = Service::start(&provider).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        let sent = &provider.seen("/token")[0];
        assert!(!sent.headers.contains_key("authorization"), "{method}");
        assert_eq!(sent.form.contains_key("client_secret"), method == "client_secret_post", "{method}");
    }
}

#[tokio::test]
async fn a_person_who_closes_the_window_while_the_code_is_exchanged_is_connected_all_the_same() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let launched = alice.follow("/v1/auth/mcp/incidents/connect").await;
    let back = path_of(&provider.walk(&launched.location(), Consent::Given).await);
    let gate = provider.hold_tokens();
    let returning = tokio::spawn(async move { alice.arrive(&back).await });
    provider.has_seen("/token", 1).await;
    returning.abort();
    assert!(returning.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    crate::support::until("the grant is stored", || async { service.grant("alice", "incidents").await.is_some() })
        .await;
}

#[tokio::test]
async fn a_sign_in_that_began_at_one_process_ends_at_another() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    let launched = alice.follow("/v1/auth/mcp/incidents/connect").await;
    let back = path_of(&provider.walk(&launched.location(), Consent::Given).await);
    let other = service.another_process().await;
    let answer = other.same_person(&alice).arrive(&back).await;
    assert_eq!((answer.status.as_u16(), answer.heading()), (200, "Team Incidents is connected"));
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "connected");
    assert_eq!(provider.registered_clients(), 1);
}
