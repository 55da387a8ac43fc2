//! How the questions that are asked all the time are answered when there is a lot to search.

use sqlx::{AssertSqlSafe, raw_sql};

use super::{Database, OnServer};
use crate::storage::postgres::{PostgresStore, grants::CONNECTIONS_OF, jobs::JOB_AND_GRANT};

/// People, with ten grants and ten jobs each.
const PEOPLE: u32 = 10_000;

/// Rows that look like ours to the planner. As a replica would write them: without asking whether references hold.
const FILL: &str = "
    SET session_replication_role = replica;
    INSERT INTO aiq_connect.principals SELECT 'p' || p, 'i', 'jwt', 'sub ' || p, 'n', NULL, 0
        FROM generate_series(1, {people}) p;
    INSERT INTO aiq_connect.grants (id, principal, server, version, issuer, client_id, resource, redirect_uri, scopes,
                                    access_token, issued_at, connected_at)
        SELECT 'g' || p || '-' || s, 'p' || p, 's' || s, 1, 'i', 'c', 'r', 'u', '[]', '\\x00', 0, 0
        FROM generate_series(1, {people}) p, generate_series(1, 10) s;
    INSERT INTO aiq_connect.flows (id, principal, source, server, intent, phase, announced_at, expires_at)
        SELECT 'f' || p || '-' || s, 'p' || p, 's', 's' || s, 'reconnect',
               CASE WHEN s = 1 THEN 'pending' ELSE 'succeeded' END, 0, 9999999999999
        FROM generate_series(1, {people}) p, generate_series(1, 3) s;
    INSERT INTO aiq_connect.jobs
        SELECT 'j' || p || '-' || s, 'p' || p, '[\"s1\",\"s2\"]', 'gate', 1, 0, 9999999999999, NULL, '\\x00'
        FROM generate_series(1, {people}) p, generate_series(1, 10) s;
    INSERT INTO aiq_connect.job_waits (job, server, reason, state, opened_at, ended_at)
        SELECT 'j' || p || '-1', 's1', 'revoked', 'restored', 0, 0 FROM generate_series(1, {people}) p;
    ANALYZE aiq_connect.principals, aiq_connect.grants, aiq_connect.flows, aiq_connect.jobs, aiq_connect.job_waits;";

/// How a statement is answered: with these values, and with any, as the driver's prepared statements come to be.
async fn plans(store: &PostgresStore, statement: &str, values: &str) -> Vec<String> {
    let mut connection = store.pool.lend().await.unwrap();
    let mut plans = Vec::new();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let prepare = format!("SET plan_cache_mode = {mode}; PREPARE asked AS {statement}");
        raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
        let explain = format!("EXPLAIN EXECUTE asked({values})");
        let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
        plans.push(lines.join("\n"));
        raw_sql("DEALLOCATE asked; RESET plan_cache_mode").execute(&mut *connection).await.unwrap();
    }
    plans
}

#[tokio::test]
async fn a_listing_and_a_workers_question_search_no_table_however_many_people_there_are() {
    let database = OnServer::new().await;
    let store = database.open().await;
    database.private().superuser(&FILL.replace("{people}", &PEOPLE.to_string()));
    let questions = [
        (CONNECTIONS_OF, "'p77'", ["grants_principal_server_key", "flows_of_principal"].as_slice()),
        (JOB_AND_GRANT, "'j77-1', 's1'", &["jobs_pkey", "principals_pkey", "grants_principal_server_key"]),
    ];
    for (statement, values, indexes) in questions {
        for plan in plans(&store, statement, values).await {
            assert!(!plan.contains("Seq Scan"), "{plan}");
            for index in indexes {
                assert!(plan.contains(index), "{index}: {plan}");
            }
        }
    }
}
