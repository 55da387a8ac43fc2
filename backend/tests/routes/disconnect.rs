//! `POST` and `DELETE /v1/auth/mcp/{source}/disconnect`

use aiq_connect::domain::AuditFilter;
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser},
    kept::Place,
    provider::Provider,
    service::{PUBLIC, Service},
    until,
};

on_both_databases! {
    the_grant_is_forgotten_here_and_ended_at_the_provider_refresh_token_first,
    delete_does_the_same,
    twice_is_no_error_and_asks_the_provider_once,
    a_provider_that_is_away_keeps_nobody_from_disconnecting_and_the_answer_is_honest,
    a_provider_that_does_not_revoke_now_is_not_claimed_to_have,
    jobs_that_could_use_the_grant_until_now_are_counted,
    somebody_elses_grant_stays,
    what_the_provider_did_not_confirm_is_tried_again_until_it_does,
    nothing_is_queued_for_a_provider_that_ends_no_tokens_and_the_answer_does_not_claim_it,
    a_provider_that_never_confirms_is_left_alone_after_a_week_and_the_trail_says_so,
    the_queue_holds_no_token_that_somebody_could_put_back_into_a_grant,
}

const DISCONNECT: &str = "/v1/auth/mcp/incidents/disconnect";

async fn disconnect(browser: &Browser) -> Answer {
    browser.post(DISCONNECT, json!({})).await
}

fn said(revoked: &Value, jobs: u32) -> Value {
    json!({
        "source_id": "incidents", "status": "disconnected", "revoked_at_provider": revoked, "jobs_affected": jobs,
    })
}

async fn the_grant_is_forgotten_here_and_ended_at_the_provider_refresh_token_first(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let answer = disconnect(&alice).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said(&true.into(), 0)));
    assert!(service.grant("alice", "incidents").await.is_none());
    assert_eq!(service.listed(&alice, "incidents").await["per_user_auth"]["status"], "disconnected");

    let revoked = provider.seen("/revoke");
    let hints: Vec<_> = revoked.iter().map(|seen| seen.form["token_type_hint"].as_str()).collect();
    assert_eq!(hints, ["refresh_token", "access_token"]);
    assert!(revoked[0].form["token"].starts_with("refresh-") && revoked[1].form["token"].starts_with("access-"));
    assert!(
        revoked
            .iter()
            .all(|seen| seen.headers.contains_key("authorization") && !seen.form.contains_key("client_secret"))
    );
    assert_eq!(provider.living_grants(), 0);
    assert!(!provider.takes(&revoked[1].form["token"]));
}

async fn delete_does_the_same(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let answer = alice.send(Method::DELETE, DISCONNECT, &[("origin", PUBLIC)], None).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said(&true.into(), 0)));
    assert!(service.grant("alice", "incidents").await.is_none());
}

async fn twice_is_no_error_and_asks_the_provider_once(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    disconnect(&alice).await;
    let asked = provider.count("/revoke");
    let answer = disconnect(&alice).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said(&Value::Null, 0)));
    assert_eq!(provider.count("/revoke"), asked);
}

async fn a_provider_that_is_away_keeps_nobody_from_disconnecting_and_the_answer_is_honest(place: Place) {
    let mut provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    provider.go().await;
    let answer = disconnect(&alice).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, said(&false.into(), 0)));
    assert!(service.grant("alice", "incidents").await.is_none());
}

async fn a_provider_that_does_not_revoke_now_is_not_claimed_to_have(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.refuses_revocation = true);
    assert_eq!(disconnect(&alice).await.json(), said(&false.into(), 0));
    assert!(service.grant("alice", "incidents").await.is_none());
    assert_eq!(provider.living_grants(), 1);
}

async fn jobs_that_could_use_the_grant_until_now_are_counted(place: Place) {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research_at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    service.submit(&alice, &["incidents"]).await;
    service.submit(&alice, &["handbook"]).await;
    assert_eq!(disconnect(&alice).await.json(), said(&true.into(), 1));
}

async fn somebody_elses_grant_stays(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    service.connect(&provider, &bob, "incidents").await;
    service.connect(&provider, &alice, "tickets").await;
    disconnect(&alice).await;
    assert!(service.grant("bob", "incidents").await.is_some());
    assert!(service.grant("alice", "tickets").await.is_some(), "and so does another source's");
    assert_eq!(provider.living_grants(), 2);
    assert_eq!(service.browser().post(DISCONNECT, json!({})).await.status, 401);
    assert!(service.grant("bob", "incidents").await.is_some());
}

async fn what_the_provider_did_not_confirm_is_tried_again_until_it_does(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.refuses_revocation = true);
    assert_eq!(disconnect(&alice).await.json(), said(&false.into(), 0));
    assert_eq!(service.store.count_revocations().await.unwrap(), 1);
    // The second attempt comes after half a minute, and does not work either.
    let asked = provider.count("/revoke");
    service.age(TimeDelta::minutes(1)).await;
    until("the provider is asked again", || async { provider.count("/revoke") > asked }).await;
    assert_eq!(provider.living_grants(), 1);

    provider.set(|faults| faults.refuses_revocation = false);
    until("the provider ended the tokens", || async {
        service.age(TimeDelta::minutes(1)).await;
        provider.living_grants() == 0
    })
    .await;
    until("nothing is left to try", || async { service.store.count_revocations().await.unwrap() == 0 }).await;
    let hints: Vec<_> =
        provider.seen("/revoke").iter().map(|seen| seen.form["token_type_hint"].as_str().to_owned()).collect();
    assert!(hints.chunks(2).all(|pair| pair == ["refresh_token", "access_token"]), "{hints:?}");
}

async fn nothing_is_queued_for_a_provider_that_ends_no_tokens_and_the_answer_does_not_claim_it(place: Place) {
    let provider = Provider::start().await;
    provider.set(|faults| faults.offers_revocation = false);
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    assert_eq!(disconnect(&alice).await.json(), said(&false.into(), 0));
    assert_eq!(service.store.count_revocations().await.unwrap(), 0);
    assert_eq!(provider.count("/revoke"), 0);
}

async fn a_provider_that_never_confirms_is_left_alone_after_a_week_and_the_trail_says_so(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.refuses_revocation = true);
    disconnect(&alice).await;
    service.age(TimeDelta::days(8)).await;
    until("it was given up", || async { service.store.count_revocations().await.unwrap() == 0 }).await;
    until("the trail says so", || async {
        let filter = AuditFilter { kind: Some("revocation_given_up".into()), limit: 9, ..AuditFilter::default() };
        let told = service.store.audit_matching(&filter).await.unwrap();
        told.len() == 1 && told[0].detail.contains("unreachable")
    })
    .await;
}

async fn the_queue_holds_no_token_that_somebody_could_put_back_into_a_grant(place: Place) {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research_at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.refuses_revocation = true);
    disconnect(&alice).await;
    service.connect(&provider, &alice, "incidents").await;
    let job = service.submit(&alice, &["incidents"]).await;
    let moved =
        "UPDATE grants SET (access_token, refresh_token) = (SELECT access_token, refresh_token FROM revocations)";
    assert_eq!(service.sql(moved, &[]).await, 1);
    let answer = service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
}
