//! What a refresh needs and brings, while something else is away.

use std::sync::Arc;

use aiq_connect::domain::Version;
use chrono::TimeDelta;
use serde_json::json;

use super::Bench;
use crate::support::{free_address, kept::Place, logs, service::WORKER_KEY, until};

on_both_databases! {
    while_the_metadata_is_away_the_last_good_copy_leads_to_the_token_endpoint,
    without_any_metadata_no_endpoint_is_guessed_and_the_grant_stays,
    tokens_that_come_while_the_database_is_away_are_stored_when_it_is_back,
    a_service_that_stops_stores_what_a_refresh_brings_although_nobody_waits_for_it,
    a_token_that_tells_its_end_only_inside_is_refreshed_before_it,
}

async fn is_stored(bench: &Bench) {
    until("the refresh is stored", || async {
        bench.service.grant("alice", "incidents").await.unwrap().version == Version(2)
    })
    .await;
}

async fn while_the_metadata_is_away_the_last_good_copy_leads_to_the_token_endpoint(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.metadata_unavailable = true);
    bench.service.clock.forward(TimeDelta::hours(1));
    bench.token().await;
    assert_eq!(bench.refreshes(), 1);
}

async fn without_any_metadata_no_endpoint_is_guessed_and_the_grant_stays(place: Place) {
    let bench = Bench::on(place).await;
    bench.lapse().await;
    bench.provider.set(|faults| faults.metadata_unavailable = true);
    let fresh = bench.service.another_process().await;
    let before = bench.provider.count("/token");
    let answer = fresh.resolve(bench.question(&json!({}))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("idp_unreachable")));
    assert_eq!(bench.provider.count("/token"), before);
    bench.provider.set(|faults| faults.metadata_unavailable = false);
    bench.service.age(TimeDelta::seconds(6)).await;
    assert_eq!(fresh.resolve(bench.question(&json!({}))).await.status, 200);
}

async fn tokens_that_come_while_the_database_is_away_are_stored_when_it_is_back(place: Place) {
    let bench = Arc::new(Bench::on(place).await);
    bench.lapse().await;
    let grant = bench.service.grant("alice", "incidents").await.unwrap().id.0.to_string();
    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    let asking = {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.resolve().await })
    };
    bench.provider.has_seen("/token", before + 1).await;
    let away = bench.service.nobody_else_writes().await;
    gate.add_permits(1);
    until("the tokens wait for the database", || async {
        let waits = |line: &str| line.contains("waits for the database") && line.contains(&grant);
        logs::so_far().lines().any(waits)
    })
    .await;
    drop(away);
    is_stored(&bench).await;
    assert_eq!(asking.await.unwrap().status, 200);
    assert_eq!(bench.refreshes(), 1);
    assert!(bench.provider.takes(&bench.token().await));
}

#[expect(clippy::disallowed_methods, reason = "a worker on this machine, not the service")]
async fn a_service_that_stops_stores_what_a_refresh_brings_although_nobody_waits_for_it(place: Place) {
    let bench = Bench::on(place).await;
    bench.service.age(TimeDelta::seconds(2900)).await;
    let free = [free_address(), free_address()];
    let process = bench.service.unserved_process(free).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(process.serve(async move { drop(stopped.await) }));
    until("it listens", || async { tokio::net::TcpStream::connect(free[1]).await.is_ok() }).await;

    let before = bench.provider.count("/token");
    let gate = bench.provider.hold_tokens();
    // Without certificates to read: a process here speaks plain http.
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let question = client.post(format!("http://{}/v1/worker/tokens/resolve", free[1])).bearer_auth(WORKER_KEY);
    let question = question.header("content-type", "application/json").body(bench.question(&json!({})).to_string());
    assert_eq!(question.send().await.unwrap().status(), 200);
    drop(client);
    bench.provider.has_seen("/token", before + 1).await;

    stop.send(()).unwrap();
    until("it takes no more questions", || async { tokio::net::TcpStream::connect(free[1]).await.is_err() }).await;
    gate.add_permits(1);
    serving.await.unwrap().unwrap();
    assert_eq!(bench.service.grant("alice", "incidents").await.unwrap().version, Version(2));
}

async fn a_token_that_tells_its_end_only_inside_is_refreshed_before_it(place: Place) {
    let bench = Bench::on(place).await;
    bench.provider.set(|faults| {
        faults.access_token_seconds = None;
        faults.jwt_access_seconds = Some(600);
    });
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let life = bench.service.grant("alice", "incidents").await.unwrap().lifetime().unwrap();
    assert!((TimeDelta::seconds(595)..=TimeDelta::seconds(600)).contains(&life), "{life}");
    let first = bench.token().await;
    bench.service.age(TimeDelta::seconds(600)).await;
    assert_ne!(bench.token().await, first);
}
