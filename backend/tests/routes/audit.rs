//! What people and jobs do, as the audit trail tells it.

use aiq_connect::{
    audit,
    clock::Chance,
    domain::{AuditFilter, AuditRecord},
    vault::{MasterKey, Secret, Vault},
};
use serde_json::json;

use crate::support::{
    kept::Place,
    provider::{Consent, Provider},
    service::{Service, path_of, principal},
    until,
};

on_both_databases! {
    a_whole_journey_is_in_the_trail_without_any_secret_of_it_and_verifies,
    connecting_anew_and_another_account_are_told_apart_and_name_what_they_replaced,
    tokens_of_a_cancelled_sign_in_are_queued_while_the_provider_does_not_take_them,
}

async fn told(service: &Service) -> Vec<AuditRecord> {
    service.store.audit_matching(&AuditFilter { limit: 1_000, ..AuditFilter::default() }).await.unwrap()
}

/// Waits until the last record is of this kind, and names all.
async fn kinds_up_to(service: &Service, last: &str) -> Vec<String> {
    until(&format!("the trail tells of `{last}`"), || async {
        told(service).await.last().is_some_and(|record| record.kind == last)
    })
    .await;
    told(service).await.into_iter().map(|record| record.kind).collect()
}

async fn a_whole_journey_is_in_the_trail_without_any_secret_of_it_and_verifies(place: Place) {
    let provider = Provider::start().await;
    let (service, _research) = Service::with_research_at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    let job = service.submit(&alice, &["incidents"]).await;
    for _ in 0..3 {
        let answer = service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;

    let kinds = kinds_up_to(&service, "revoked").await;
    assert_eq!(
        kinds,
        [
            "key_added",
            "key_activated",
            "started",
            "client_registered",
            "connected",
            "job_registered",
            "resolved",
            "disconnected",
            "revoked"
        ]
    );
    let records = told(&service).await;
    let of = |kind: &str| records.iter().find(|record| record.kind == kind).unwrap();
    let id = Some(grant.id.0.to_string());
    for kind in ["connected", "resolved", "disconnected", "revoked"] {
        let record = of(kind);
        assert_eq!((&record.grant, record.server.as_deref()), (&id, Some("incidents")), "{kind}");
        assert_eq!(record.principal.as_ref(), Some(&principal("alice").id().0), "{kind}");
    }
    assert_eq!((of("resolved").job.as_deref(), of("resolved").version), (Some(job.as_str()), Some(1)));
    assert_eq!(of("disconnected").detail, r#"{"by":"person"}"#);
    assert_eq!(
        of("started").detail,
        format!(r#"{{"relaxations":"outbound.allow_loopback","release":"{}"}}"#, env!("CARGO_PKG_VERSION"))
    );

    let text = format!("{records:?}");
    for secret in provider.secrets() {
        let hash = Secret::new(&secret).sha256_hex();
        assert!(!text.contains(&secret) && !text.contains(&hash), "a secret, or its hash, is in the trail");
    }
    let key = MasterKey::from_text(&Secret::new("5a".repeat(32))).unwrap();
    let found = audit::verify(&*service.store, &Vault::new(&key, &[], Chance::from_system())).await.unwrap();
    assert_eq!((found.records, found.wrong), (records.len() as u64, 0), "{found:?}");
}

async fn connecting_anew_and_another_account_are_told_apart_and_name_what_they_replaced(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    let first = service.grant("alice", "incidents").await.unwrap().id.0;
    service.connect(&provider, &alice, "incidents").await;
    let launched = alice.follow("/v1/auth/mcp/incidents/connect?intent=switch_account").await;
    let back = provider.walk(&launched.location(), Consent::Given).await;
    alice.arrive(&path_of(&back)).await;

    let kinds = kinds_up_to(&service, "account_switched").await;
    assert_eq!(kinds[4..], ["connected", "reconnected", "account_switched"]);
    let reconnected = told(&service).await.remove(5);
    assert!(reconnected.detail.contains(&format!(r#""in_place_of":"{first}""#)), "{}", reconnected.detail);
    assert_eq!(provider.count("/revoke"), 0, "nothing is revoked: it may be of the same family");
}

async fn tokens_of_a_cancelled_sign_in_are_queued_while_the_provider_does_not_take_them(place: Place) {
    let provider = Provider::start().await;
    let service = Service::at(&provider, place).await;
    let alice = service.sign_in("alice").await;
    let launched = alice.follow("/v1/auth/mcp/incidents/connect").await;
    let back = path_of(&provider.walk(&launched.location(), Consent::Given).await);
    provider.set(|faults| faults.refuses_revocation = true);
    let gate = provider.hold_tokens();
    let returning = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.arrive(&back).await })
    };
    provider.has_seen("/token", 1).await;
    alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    gate.add_permits(1);
    returning.await.unwrap();
    assert_eq!(provider.living_grants(), 1);
    provider.set(|faults| faults.refuses_revocation = false);
    until("the provider ended them", || async {
        service.age(chrono::TimeDelta::minutes(1)).await;
        provider.living_grants() == 0
    })
    .await;
    assert!(service.grant("alice", "incidents").await.is_none());
}
