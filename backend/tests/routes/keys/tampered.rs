//! Rows that somebody who can write to the database swaps, cuts, brings from elsewhere or puts back.

use serde_json::json;

use super::{Bench, logged};
use crate::support::service::principal;

/// Somebody changed alice's row: it is as good as none, everywhere, and told of once.
async fn assert_does_not_open(bench: &Bench, what: &str) {
    let grant = bench.service.grant("alice", "incidents").await.unwrap();
    let listed = bench.service.listed(&bench.alice, "incidents").await;
    assert_eq!(listed["per_user_auth"]["status"], "disconnected", "{what}");
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    for _ in 0..3 {
        let answer = bench.resolve().await;
        assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("disconnected")), "{what}");
    }
    let place = format!("of grant {}", grant.id.0);
    let lines = logged("a stored value does not open: somebody changed or moved it", &place);
    assert!((1..=2).contains(&lines), "{what}: told once for each token, not {lines} times");
    assert_eq!(bench.service.grant("alice", "incidents").await.unwrap().fault, None);
}

#[tokio::test]
async fn swapped_and_truncated_tokens_do_not_open() {
    const OF_BOB: &str = "UPDATE grants SET (access_token, refresh_token) = (SELECT access_token, refresh_token FROM grants \
                          WHERE principal = ?2 AND server = 'incidents') WHERE principal = ?1 AND server = 'incidents'";
    const OF_ANOTHER_SERVER: &str = "UPDATE grants SET (access_token, refresh_token) = (SELECT access_token, refresh_token FROM grants \
         WHERE principal = ?1 AND server = 'tickets') WHERE principal = ?1 AND server = 'incidents' AND ?2 <> ''";
    const COLUMNS: &str = "UPDATE grants SET access_token = refresh_token, refresh_token = access_token \
                           WHERE principal = ?1 AND server = 'incidents' AND ?2 <> ''";
    const CUT: &str = "UPDATE grants SET access_token = substr(access_token, 1, length(access_token) - 1) \
                       WHERE principal = ?1 AND server = 'incidents' AND ?2 <> ''";
    const EMPTY: &str =
        "UPDATE grants SET access_token = x'' WHERE principal = ?1 AND server = 'incidents' AND ?2 <> ''";
    const REFRESH_ALONE: &str = "UPDATE grants SET refresh_token = substr(refresh_token, 1, 40) \
                                 WHERE principal = ?1 AND server = 'incidents' AND ?2 <> ''";
    for change in [OF_BOB, OF_ANOTHER_SERVER, COLUMNS, CUT, EMPTY, REFRESH_ALONE] {
        let bench = Bench::new("a").await;
        let bob = bench.service.sign_in("bob").await;
        bench.service.connect(&bench.provider, &bob, "incidents").await;
        bench.service.connect(&bench.provider, &bench.alice, "tickets").await;
        let people = [principal("alice").id(), principal("bob").id()];
        let people: Vec<_> = people.iter().map(aiq_connect::domain::PrincipalId::as_str).collect();
        assert_eq!(bench.service.sql(change, &people).await, 1);
        assert_does_not_open(&bench, change).await;
        assert_eq!(bench.service.listed(&bob, "incidents").await["per_user_auth"]["status"], "connected");
    }
}

#[tokio::test]
async fn a_row_sealed_by_another_installation_does_not_open_even_under_the_same_names() {
    let (bench, foreign) = (Bench::new("a").await, Bench::new("a").await);
    let bytes = foreign.service.grant("alice", "incidents").await.unwrap();
    let blob = |sealed: &aiq_connect::domain::Sealed| aiq_connect::domain::hex(&sealed.0);
    let tokens = [blob(&bytes.access_token), blob(bytes.refresh_token.as_ref().unwrap())];
    let changed = bench
        .service
        .sql("UPDATE grants SET access_token = unhex(?1), refresh_token = unhex(?2)", &[&tokens[0], &tokens[1]])
        .await;
    assert_eq!(changed, 1);
    assert_does_not_open(&bench, "another grant, the same key, person, server and version").await;
}

#[tokio::test]
async fn an_older_versions_tokens_put_back_into_the_row_do_not_open() {
    const KEEP: &str = "CREATE TABLE kept AS SELECT * FROM grants";
    const PUT_BACK: &str =
        "UPDATE grants SET (access_token, refresh_token) = (SELECT access_token, refresh_token FROM kept)";
    let bench = Bench::new("a").await;
    bench.service.sql(KEEP, &[]).await;
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    assert_eq!(bench.resolve().await.status, 200, "refreshed");
    assert_eq!(bench.service.grant("alice", "incidents").await.unwrap().version.0, 2);
    assert_eq!(bench.service.sql(PUT_BACK, &[]).await, 1);
    assert_does_not_open(&bench, "put back").await;
}

#[tokio::test]
async fn a_whole_row_put_back_after_a_refresh_or_a_disconnect_is_refused_by_the_database() {
    const KEEP: &str = "CREATE TABLE kept AS SELECT * FROM grants";
    const OLDER: &str = "UPDATE grants SET (version, access_token, refresh_token) = (SELECT version, access_token, refresh_token FROM kept)";
    const AGAIN: &str = "INSERT INTO grants SELECT * FROM kept";
    const REPLACE: &str = "INSERT OR REPLACE INTO grants SELECT * FROM kept";
    let bench = Bench::new("a").await;
    bench.service.sql(KEEP, &[]).await;
    bench.service.age(chrono::TimeDelta::hours(2)).await;
    assert_eq!(bench.resolve().await.status, 200, "refreshed");
    let refused = async |statement| {
        let error = bench.service.try_sql(statement).await.unwrap_err().to_string();
        assert!(error.contains("put back"), "{statement}: {error}");
    };
    refused(OLDER).await;
    refused(REPLACE).await;
    assert_eq!(bench.resolve().await.status, 200);
    bench.alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    refused(AGAIN).await;
    refused(REPLACE).await;
    assert_eq!(bench.resolve().await.status, 409);
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    refused(REPLACE).await;
    assert_eq!(bench.resolve().await.status, 200);
}

#[tokio::test]
async fn a_client_secret_and_a_verifier_of_another_row_do_not_open() {
    let bench = Bench::new("a").await;
    let before = bench.provider.count("/register");
    assert_eq!(before, 1);
    let changed = bench.service.sql("UPDATE registrations SET client_secret = substr(client_secret, 1, 50)", &[]).await;
    assert_eq!(changed, 1);
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    assert_eq!(bench.provider.count("/register"), 2, "registered anew");
    assert_eq!(logged("does not open: somebody changed", &format!("client secret at {}", bench.provider.origin)), 1);
}
