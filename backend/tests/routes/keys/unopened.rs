//! Whatever is sealed and does not open is in the audit trail: once, where it is, and why.

use aiq_connect::domain::AuditRecord;
use serde_json::{Value, json};

use super::{Bench, recorded};
use crate::support::{
    kept::Place,
    provider::Consent,
    service::{Service, path_of, principal},
    until,
};

on_both_databases! {
    tokens_of_a_grant,
    tokens_of_an_earlier_version,
    the_secret_of_a_client,
    the_verifier_of_a_flow,
    the_verifier_of_an_own_sign_in,
    tokens_that_wait_for_their_provider,
    the_mac_of_a_job,
}

/// A key that nobody has.
const NOBODYS: [u8; 8] = [0xee; 8];

/// What somebody can do to a value, and what the trail says of it then. A job's tag has no format before the key's id.
fn damaged(own: &[u8], of_another_row: &[u8], key_at: usize) -> [(Vec<u8>, Value); 4] {
    let (mut flipped, mut foreign) = (own.to_vec(), own.to_vec());
    *flipped.last_mut().unwrap() ^= 1;
    foreign[key_at..key_at + 8].copy_from_slice(&NOBODYS);
    assert_ne!(own, of_another_row);
    let changed = json!({"why": "changed"});
    [
        (of_another_row.to_vec(), changed.clone()),
        (own[..own.len() - 1].to_vec(), changed.clone()),
        (flipped, changed),
        (foreign, json!({"why": "key_lost", "key": "ee".repeat(8)})),
    ]
}

/// Every record of its kind, when there are that many.
async fn unopened(service: &Service, expected: usize) -> Vec<AuditRecord> {
    let all = async || {
        let told = recorded(service).await.into_iter();
        told.filter(|record| record.kind == "does_not_open").collect::<Vec<_>>()
    };
    until(&format!("{expected} values are told of"), || async { all().await.len() >= expected }).await;
    let told = all().await;
    assert_eq!(told.len(), expected, "each once: {told:#?}");
    told
}

/// The last of that many records tells exactly this.
async fn tells(service: &Service, number: usize, table: &str, column: &str, more: &[Value]) -> AuditRecord {
    let record = unopened(service, number).await.pop().unwrap();
    let mut expected = json!({"table": table, "column": column});
    for more in more {
        expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }
    assert_eq!(serde_json::from_str::<Value>(&record.detail).unwrap(), expected);
    record
}

/// Nothing more comes after that many: what is handed over is written in its order.
async fn and_no_more(bench: &Bench, number: usize) {
    let job = bench.service.submit(&bench.alice, &[]).await;
    until("the next event is told", || async {
        recorded(&bench.service).await.iter().any(|record| record.job.as_deref() == Some(&job))
    })
    .await;
    unopened(&bench.service, number).await;
}

async fn tokens_of_a_grant(place: Place) {
    const ACCESS: [&str; 3] = [
        "SELECT access_token FROM grants WHERE server = 'incidents'",
        "SELECT access_token FROM grants WHERE server = 'tickets'",
        "UPDATE grants SET access_token = $1 WHERE server = 'incidents'",
    ];
    const REFRESH: [&str; 3] = [
        "SELECT refresh_token FROM grants WHERE server = 'incidents'",
        "SELECT access_token FROM grants WHERE server = 'incidents'",
        "UPDATE grants SET refresh_token = $1 WHERE server = 'incidents'",
    ];
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    service.connect(&bench.provider, &bench.alice, "tickets").await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    let mut number = 0;
    for (column, [of_own, of_other, put]) in [("access_token", ACCESS), ("refresh_token", REFRESH)] {
        let (own, other) = (service.bytes(of_own).await, service.bytes(of_other).await);
        for (bytes, why) in damaged(&own, &other, 1) {
            service.put(put, &bytes).await;
            for _ in 0..2 {
                assert_eq!(service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "disconnected");
                let answer = bench.resolve().await;
                assert_eq!(answer.status == 409, column == "access_token", "{}", answer.body);
            }
            number += 1;
            let record = tells(service, number, "grants", column, &[why]).await;
            assert_eq!((record.grant, record.version), (Some(grant.id.0.to_string()), Some(1)));
            assert_eq!((record.principal, record.server), (Some(principal("alice").id().0), Some("incidents".into())));
        }
        service.put(put, &own).await;
        assert_eq!(service.listed(&bench.alice, "incidents").await["per_user_auth"]["status"], "connected");
    }
    and_no_more(&bench, number).await;
}

async fn tokens_of_an_earlier_version(place: Place) {
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    let first = service.bytes("SELECT access_token FROM grants").await;
    for _ in 0..2 {
        service.age(chrono::TimeDelta::hours(2)).await;
        assert_eq!(bench.resolve().await.status, 200, "refreshed");
    }
    service.put("UPDATE grants SET access_token = $1", &first).await;
    assert_eq!(bench.resolve().await.status, 409);
    let record = tells(service, 1, "grants", "access_token", &[json!({"why": "put_back"})]).await;
    assert_eq!(record.version, Some(3), "the one that it stands in");
    and_no_more(&bench, 1).await;
}

async fn the_secret_of_a_client(place: Place) {
    const OWN: &str = "SELECT client_secret FROM registrations WHERE redirect_uri LIKE '%/incidents/%'";
    const OTHER: &str = "SELECT client_secret FROM registrations WHERE redirect_uri LIKE '%/tickets/%'";
    const PUT: &str = "UPDATE registrations SET client_secret = $1 WHERE redirect_uri LIKE '%/incidents/%'";
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    service.connect(&bench.provider, &bench.alice, "tickets").await;
    let grant = service.grant("alice", "incidents").await.unwrap();
    let row = json!({"row": format!("{} {}", grant.issuer, grant.redirect_uri)});
    for turn in 0..4 {
        let (bytes, why) = damaged(&service.bytes(OWN).await, &service.bytes(OTHER).await, 1)[turn].clone();
        service.put(PUT, &bytes).await;
        service.connect(&bench.provider, &bench.alice, "incidents").await;
        let record = tells(service, turn + 1, "registrations", "client_secret", &[row.clone(), why]).await;
        assert_eq!((record.principal, record.grant), (None, None));
    }
    and_no_more(&bench, 4).await;
}

async fn the_verifier_of_a_flow(place: Place) {
    const OWN: &str = "SELECT verifier FROM flows WHERE phase = 'pending' AND source = 'incidents'";
    const OTHER: &str = "SELECT verifier FROM flows WHERE phase = 'pending' AND source = 'tickets'";
    const PUT: &str = "UPDATE flows SET verifier = $1 WHERE phase = 'pending' AND source = 'incidents'";
    const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b1";
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    bench.alice.follow("/v1/auth/mcp/tickets/connect").await.location();
    for turn in 0..4 {
        let flow = format!("{FLOW}{turn}");
        let launched = bench.alice.follow(&format!("/v1/auth/mcp/incidents/connect?flow={flow}")).await.location();
        let (bytes, why) = damaged(&service.bytes(OWN).await, &service.bytes(OTHER).await, 1)[turn].clone();
        service.put(PUT, &bytes).await;
        let back = bench.provider.walk(&launched, Consent::Given).await;
        assert!(bench.alice.arrive(&path_of(&back)).await.body.contains("Reference"));
        let record = tells(service, turn + 1, "flows", "verifier", &[json!({"row": flow}), why]).await;
        assert_eq!(record.principal, Some(principal("alice").id().0));
    }
    assert_eq!(bench.provider.count("/token"), 1, "no code was sent with a verifier of somebody else's");
    and_no_more(&bench, 4).await;
}

async fn the_verifier_of_an_own_sign_in(place: Place) {
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    bench.alice.follow("/v1/auth/mcp/tickets/connect").await.location();
    let other = service.bytes("SELECT verifier FROM flows WHERE phase = 'pending'").await;
    for turn in 0..4 {
        let browser = service.browser();
        let begun = browser.follow("/v1/auth/login?return_to=/").await.location();
        let (bytes, why) = damaged(&service.bytes("SELECT verifier FROM sign_ins").await, &other, 1)[turn].clone();
        service.put("UPDATE sign_ins SET verifier = $1", &bytes).await;
        let answer = browser.arrive(&path_of(&bench.provider.walk(&begun, Consent::Given).await)).await;
        assert_eq!(answer.heading(), "You're not signed in");
        tells(service, turn + 1, "sign_ins", "verifier", &[why]).await;
    }
    and_no_more(&bench, 4).await;
}

async fn tokens_that_wait_for_their_provider(place: Place) {
    const OWN: &str = "SELECT refresh_token FROM revocations WHERE attempts = 1";
    const OTHER: &str = "SELECT access_token FROM revocations WHERE attempts = 1";
    const PUT: &str = "UPDATE revocations SET refresh_token = $1 WHERE attempts = 1";
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    bench.provider.set(|faults| faults.refuses_revocation = true);
    for turn in 0..4 {
        if turn > 0 {
            service.connect(&bench.provider, &bench.alice, "incidents").await;
        }
        bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
        let (bytes, why) = damaged(&service.bytes(OWN).await, &service.bytes(OTHER).await, 1)[turn].clone();
        service.put(PUT, &bytes).await;
        let row = service.sql("UPDATE revocations SET attempts = 2, next_attempt_at = 0 WHERE attempts = 1", &[]).await;
        assert_eq!(row, 1);
        let record = tells(service, turn + 1, "revocations", "refresh_token", &[named(service, turn).await, why]).await;
        assert_eq!(record.grant, None);
    }
    and_no_more(&bench, 4).await;
}

/// The row that the trail names: it is there.
async fn named(service: &Service, turn: usize) -> Value {
    let detail: Value = serde_json::from_str(&unopened(service, turn + 1).await[turn].detail).unwrap();
    let gone = service.sql("DELETE FROM revocations WHERE id = ?", &[detail["row"].as_str().unwrap()]).await;
    assert_eq!(gone, 1, "{detail}");
    json!({"row": detail["row"]})
}

async fn the_mac_of_a_job(place: Place) {
    const OWN: &str = "SELECT mac FROM jobs WHERE servers LIKE '%incidents%'";
    const OTHER: &str = "SELECT mac FROM jobs WHERE servers NOT LIKE '%incidents%'";
    const PUT: &str = "UPDATE jobs SET mac = $1 WHERE servers LIKE '%incidents%'";
    let bench = Bench::on(place(), "a").await;
    let service = &bench.service;
    service.submit(&bench.alice, &[]).await;
    let (own, other) = (service.bytes(OWN).await, service.bytes(OTHER).await);
    for (turn, (bytes, why)) in damaged(&own, &other, 0).into_iter().enumerate() {
        service.put(PUT, &bytes).await;
        for _ in 0..2 {
            assert_eq!(bench.resolve().await.status, 404);
            assert_eq!(bench.alice.get(&format!("/v1/jobs/async/job/{}", bench.job)).await.status, 404);
        }
        let record = tells(service, turn + 1, "jobs", "mac", &[why]).await;
        assert_eq!((record.job, record.principal), (Some(bench.job.clone()), Some(principal("alice").id().0)));
    }
    service.put(PUT, &own).await;
    assert_eq!(bench.resolve().await.status, 200);
    and_no_more(&bench, 4).await;
}
