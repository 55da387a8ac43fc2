use std::path::Path;

use aiq_connect_test_postgres::Server;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::*;
use crate::{
    domain::{AuditFilter, AuditRecord, GrantId, GrantKey, PrincipalId, Renewal, Sealed, Version},
    storage::{KeyStore, PostgresStore, SqliteStore},
    vault::{MasterKey, Secret},
};

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
}

fn vault(key: &str) -> Arc<Vault> {
    let key = MasterKey::from_text(&Secret::new(key.repeat(32))).unwrap();
    Arc::new(Vault::new(&key, &[], Chance::from_system()))
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path().join("x.db")).await.unwrap());
        store.introduce_keys(&vault("5a").held()).await.unwrap();
        Self { folder, store }
    }

    fn audit(&self) -> Audit {
        Audit::start(Arc::clone(&self.store), vault("5a"), &Chance::from_system())
    }

    /// That many records in a chain of their own.
    async fn chain(&self, records: usize) -> String {
        let audit = self.audit();
        for number in 0..records {
            audit.record(AuditEvent::new(AuditKind::Connected).by(&PrincipalId(format!("person {number}"))));
        }
        audit.flush().await;
        self.store.audit_state().await.unwrap().newest.unwrap().chain
    }

    async fn verify(&self) -> Verification {
        verify(&*self.store, &vault("5a")).await.unwrap()
    }

    /// Runs statements as somebody does who has the file, and takes the triggers out of the way first.
    async fn tamper(&self, sql: &str) {
        let path = self.folder.path().join("x.db");
        let mut connection = SqliteConnection::connect(&url(&path)).await.unwrap();
        let sql = format!(
            "DROP TRIGGER IF EXISTS audit_is_never_changed; DROP TRIGGER IF EXISTS audit_is_never_replaced; \
             DROP TRIGGER IF EXISTS audit_ends_by_retention_alone; {sql}"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn all(&self) -> Vec<AuditRecord> {
        self.store.audit_matching(&AuditFilter { limit: 1_000, ..AuditFilter::default() }).await.unwrap()
    }
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

fn grant(version: i64) -> Grant {
    Grant {
        id: GrantId(uuid::Uuid::nil()),
        key: GrantKey { principal: PrincipalId("p".into()), server: "s".into() },
        version: Version(version),
        issuer: "https://as".into(),
        client_id: "us".into(),
        resource: "https://s/mcp".into(),
        redirect_uri: "https://us/cb".into(),
        scopes: vec![],
        access_token: Sealed(vec![]),
        refresh_token: None,
        issued_at: chrono::DateTime::UNIX_EPOCH,
        expires_at: None,
        fault: None,
        fault_reference: None,
        in_doubt_since: None,
        account_label: None,
        connected_at: chrono::DateTime::UNIX_EPOCH,
        renewal: Renewal::default(),
    }
}

#[tokio::test]
async fn a_trail_of_several_processes_is_whole_and_says_how_much_there_is() {
    let bench = Bench::new().await;
    // More than are held at once: a chain goes on where a page ends.
    for records in [3, 1, 1_100] {
        bench.chain(records).await;
    }
    let found = bench.verify().await;
    assert_eq!((found.records, found.chains, found.wrong, found.findings), (1_104, 3, 0, vec![]));
}

#[tokio::test]
async fn whichever_column_is_changed_the_record_is_named() {
    let columns = [
        "recorded_at = recorded_at - 1",
        "kind = 'revoked'",
        "principal = 'bob'",
        "principal = NULL",
        "server = 'x'",
        "grant_id = 'x'",
        "version = 7",
        "job = 'x'",
        "reference = 'x'",
        "detail = '{\"a\":\"b\"}'",
        "swept_before_at = 1",
        "previous_mac = x'00'",
        "previous_at = 1",
        "mac = x'00'",
        "follows_chain = 'x', follows_number = 1",
    ];
    for change in columns {
        let bench = Bench::new().await;
        bench.chain(3).await;
        bench.tamper(&format!("UPDATE audit SET {change} WHERE number = 2")).await;
        let found = bench.verify().await;
        assert!(matches!(&found.findings[0], Finding::Changed(place) if place.number == 2), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn a_record_that_was_taken_out_leaves_a_gap_that_is_named() {
    let bench = Bench::new().await;
    let chain = bench.chain(5).await;
    bench.tamper("DELETE FROM audit WHERE number IN (2, 3)").await;
    let found = bench.verify().await;
    assert!(
        matches!(&found.findings[..], [Finding::Removed { before, from: 2, to: 3 }] if before.number == 4),
        "{found:?}"
    );
    assert!(found.findings[0].to_string().contains(&chain));
    let bench = Bench::new().await;
    bench.chain(2).await;
    bench.tamper("DELETE FROM audit WHERE number = 1").await;
    assert!(matches!(&bench.verify().await.findings[..], [Finding::Removed { from: 1, to: 1, .. }]));
}

#[tokio::test]
async fn records_that_change_places_or_are_copied_from_another_chain_are_named() {
    let bench = Bench::new().await;
    bench.chain(3).await;
    bench.tamper("UPDATE audit SET number = 9 WHERE number = 2; UPDATE audit SET number = 2 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 9").await;
    assert_eq!(bench.verify().await.wrong, 2);

    let bench = Bench::new().await;
    let (first, second) = (bench.chain(2).await, bench.chain(1).await);
    bench
        .tamper(&format!("UPDATE audit SET chain = '{second}', number = 2 WHERE chain = '{first}' AND number = 2"))
        .await;
    let found = bench.verify().await.findings;
    let [Finding::EndRemoved { chain, number: 2, .. }, Finding::Changed(copied)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((chain, &copied.chain), (&first, &second));
}

/// Writes a record of its own in place of the second of a chain, with a tag that fits: only a holder of the key can.
async fn replace_the_second(bench: &Bench, chain: &str) {
    let mut record = bench.all().await.into_iter().find(|record| record.chain == chain && record.number == 2).unwrap();
    record.kind = "resolved".into();
    super::record::tag(&vault("5a").first(), &mut record);
    let mac = crate::domain::hex(&record.mac);
    let put = format!("UPDATE audit SET kind = 'resolved', mac = x'{mac}' WHERE chain = '{chain}' AND number = 2");
    bench.tamper(&put).await;
}

#[tokio::test]
async fn a_record_whose_own_tag_fits_but_not_the_one_after_it_is_named_there() {
    let bench = Bench::new().await;
    let chain = bench.chain(3).await;
    replace_the_second(&bench, &chain).await;
    assert!(matches!(&bench.verify().await.findings[..], [Finding::Replaced(place)] if place.number == 3));

    let bench = Bench::new().await;
    let first = bench.chain(2).await;
    let second = bench.chain(1).await;
    replace_the_second(&bench, &first).await;
    let found = bench.verify().await.findings;
    assert!(matches!(&found[..], [Finding::Replaced(place)] if place.chain == second), "{found:?}");
}

#[tokio::test]
async fn the_end_of_a_chain_that_was_cut_off_is_noticed_by_the_chain_that_began_after_it_and_by_no_other() {
    let bench = Bench::new().await;
    let first = bench.chain(3).await;
    bench.tamper("DELETE FROM audit WHERE number = 3").await;
    assert_eq!(bench.verify().await.wrong, 0, "nothing came after it");

    let bench_two = Bench::new().await;
    let chain = bench_two.chain(3).await;
    bench_two.chain(1).await;
    bench_two.tamper("DELETE FROM audit WHERE number = 3").await;
    let found = bench_two.verify().await;
    assert!(
        matches!(&found.findings[..], [Finding::EndRemoved { chain: of, number: 3, .. }] if *of == chain),
        "{found:?}"
    );
    assert_ne!(first, chain);
}

#[tokio::test]
async fn a_forged_record_and_one_of_an_unknown_key_are_told_apart() {
    let bench = Bench::new().await;
    bench.chain(1).await;
    let theirs = vault("6b");
    bench.store.introduce_keys(&theirs.held()).await.unwrap();
    assert!(bench.store.activate_key(theirs.active_key()).await.unwrap());
    let forger = Audit::start(Arc::clone(&bench.store), theirs, &Chance::from_system());
    forger.record(AuditEvent::new(AuditKind::Disconnected));
    forger.flush().await;
    let found = bench.verify().await;
    assert!(matches!(&found.findings[..], [Finding::KeyMissing(..)]), "{found:?}");
    // A forger may claim our key's id.
    let records = bench.all().await;
    let claimed = [&records[0].mac[..8], &records[1].mac[8..]].concat();
    let claimed = crate::domain::hex(&claimed);
    bench.tamper(&format!("UPDATE audit SET mac = x'{claimed}' WHERE kind = 'disconnected'")).await;
    assert!(matches!(&bench.verify().await.findings[..], [Finding::Changed(_)]));
}

#[tokio::test]
async fn what_retention_removed_is_not_missing_but_anything_younger_is() {
    let bench = Bench::new().await;
    let old = bench.chain(4).await;
    let audit = bench.audit();
    audit.record(AuditEvent::new(AuditKind::Connected));
    audit.flush().await;
    // Times are in milliseconds: whatever comes now is younger than all of that.
    let boundary = loop {
        let state = bench.store.audit_state().await.unwrap();
        if Some(state.now) > state.newest.map(|newest| newest.recorded_at) {
            break state.now;
        }
    };
    audit.record(AuditEvent { swept_before: Some(boundary), ..AuditEvent::new(AuditKind::Swept) });
    audit.record(AuditEvent::new(AuditKind::Connected));
    audit.flush().await;
    audit.record(AuditEvent::new(AuditKind::Connected));
    audit.flush().await;
    while bench.store.sweep_audit(2).await.unwrap() > 0 {}
    let found = bench.verify().await;
    assert_eq!((found.records, found.wrong, found.swept_before), (3, 0, Some(boundary)), "{found:?}");
    assert!(bench.all().await.iter().all(|record| record.chain != old));

    bench.tamper("DELETE FROM audit WHERE number = 3").await;
    assert!(matches!(&bench.verify().await.findings[..], [Finding::Removed { from: 3, to: 3, .. }]));
}

#[tokio::test]
async fn a_job_that_gets_the_same_version_again_and_again_is_recorded_once_and_again_for_the_next_version() {
    let bench = Bench::new().await;
    let audit = bench.audit();
    for version in [1, 1, 1, 2, 2, 1] {
        audit.resolved(&"job".into(), &grant(version));
    }
    audit.resolved(&"another".into(), &grant(2));
    audit.flush().await;
    let told: Vec<_> =
        bench.all().await.into_iter().map(|record| (record.job.unwrap(), record.version.unwrap())).collect();
    assert_eq!(told, [("job".into(), 1), ("job".into(), 2), ("another".into(), 2)]);
}

#[tokio::test]
async fn what_happens_while_the_database_is_away_is_written_when_it_is_back() {
    let server = Server::start().unwrap();
    let database = server.database();
    let store = PostgresStore::open(database.tcp_url().parse().unwrap(), false).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    store.introduce_keys(&vault("5a").held()).await.unwrap();
    let audit = Audit::start(Arc::clone(&store), vault("5a"), &Chance::from_system());
    audit.record(AuditEvent::new(AuditKind::Started));
    audit.flush().await;
    server.stop();
    audit.record(AuditEvent::new(AuditKind::Connected));
    let flushing = tokio::spawn({
        let audit = audit.clone();
        async move { audit.flush().await }
    });
    // The writer asks first.
    for _ in 0..2 {
        assert!(store.audit_state().await.is_err());
    }
    audit.record(AuditEvent::new(AuditKind::Refreshed));
    server.start_again().unwrap();
    flushing.await.unwrap();
    audit.flush().await;
    let all = AuditFilter { limit: 9, ..AuditFilter::default() };
    let told: Vec<_> = store.audit_matching(&all).await.unwrap().into_iter().map(|record| record.kind).collect();
    assert_eq!(told, ["started", "connected", "refreshed"]);
    assert_eq!(verify(&*store, &vault("5a")).await.unwrap().wrong, 0);
}

#[tokio::test]
async fn what_does_not_fit_is_counted_and_told_in_the_trail() {
    let bench = Bench::new().await;
    let audit = bench.audit();
    // The writer runs on this thread, so it has no turn before the flush.
    for _ in 0..WAITING + 7 {
        audit.record(AuditEvent::new(AuditKind::Refreshed));
    }
    audit.flush().await;
    audit.record(AuditEvent::new(AuditKind::Refreshed));
    audit.flush().await;
    let wanted = AuditFilter { kind: Some("records_lost".into()), limit: 9, ..AuditFilter::default() };
    let lost = bench.store.audit_matching(&wanted).await.unwrap();
    assert_eq!(lost.iter().map(|record| record.detail.as_str()).collect::<Vec<_>>(), [r#"{"count":"7"}"#]);
    assert_eq!(bench.verify().await.wrong, 0);
}
