use super::*;
use crate::{
    audit::verify,
    domain::{JobId, JobOrigin, NewJobReference, NewSession, Principal, Profile},
    storage::{Ageing, AuditStore, JobStore, KeyStore, SessionStore, SqliteStore},
    vault::{MasterKey, Secret, Vault},
};

const RETENTION: Retention =
    Retention { flows: TimeDelta::days(7), jobs: TimeDelta::days(30), audit: TimeDelta::days(400) };

struct Bench {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    vault: Arc<Vault>,
    audit: Audit,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("x.db")).await.unwrap();
        let key = MasterKey::from_text(&Secret::new("5a".repeat(32))).unwrap();
        let vault = Arc::new(Vault::new(&key, &[], Chance::from_system()));
        store.introduce_keys(&vault.held()).await.unwrap();
        let audit = Audit::start(Arc::new(store.clone()), Arc::clone(&vault), &Chance::from_system());
        Self { _folder: folder, store, vault, audit }
    }

    fn sweeper(&self, retention: Retention) -> Sweeper {
        Sweeper::new(Arc::new(self.store.clone()), self.audit.clone(), retention, SweepHealth::default())
    }
}

#[tokio::test]
async fn many_old_jobs_go_batch_by_batch_and_what_is_young_stays() {
    let bench = Bench::new().await;
    let alice = Principal { issuer: "https://people.example".into(), kind: "jwt".into(), sub: "alice".into() };
    let profile = Profile { name: "Alice".into(), email: None };
    let session =
        NewSession { cookie_hash: "c".into(), principal: alice.clone(), profile, lifetime: TimeDelta::days(99) };
    bench.store.open_session(&session).await.unwrap();
    let job = async |id: String| {
        let job = NewJobReference {
            id: JobId(id),
            principal: alice.id(),
            servers: vec![],
            origin: JobOrigin::Gate,
            lifetime: TimeDelta::hours(1),
        };
        bench.store.insert_job(&job, &|_, _| vec![]).await.unwrap();
    };
    for number in 0..=BATCH {
        job(format!("old {number}")).await;
    }
    bench.store.age(TimeDelta::days(31)).await.unwrap();
    job("young".into()).await;
    bench.sweeper(RETENTION).sweep().await.unwrap();
    assert!(bench.store.find_job(&"old 0".into()).await.unwrap().is_none());
    assert!(bench.store.find_job(&JobId(format!("old {BATCH}"))).await.unwrap().is_none());
    assert!(bench.store.find_job(&"young".into()).await.unwrap().is_some());
    assert!(bench.store.find_session("c").await.unwrap().is_some());
}

#[tokio::test]
async fn old_audit_records_go_and_the_rest_still_verifies_and_a_sweep_of_nothing_writes_nothing() {
    let bench = Bench::new().await;
    for _ in 0..5 {
        bench.audit.record(AuditEvent::new(AuditKind::Connected));
    }
    bench.audit.flush().await;
    bench.sweeper(RETENTION).sweep().await.unwrap();
    assert_eq!(verify(&bench.store, &bench.vault).await.unwrap().records, 5);

    // Milliseconds are enough to be old here: ageing would change what the tags cover.
    let newest = bench.store.audit_state().await.unwrap().newest.unwrap().recorded_at;
    while bench.store.audit_state().await.unwrap().now <= newest {}
    bench.sweeper(Retention { audit: TimeDelta::zero(), ..RETENTION }).sweep().await.unwrap();
    let found = verify(&bench.store, &bench.vault).await.unwrap();
    assert_eq!((found.records, found.wrong), (1, 0), "{found:?}");
    assert_eq!(bench.store.audit_state().await.unwrap().newest.unwrap().kind, "swept");
}

#[test]
fn health_says_since_when_sweeps_fail_and_forgets_it_when_one_works() {
    let health = SweepHealth::default();
    assert_eq!(health.failing_for(), None);
    assert!(!health.note(true), "no news");
    assert!(health.note(false));
    let first = *health.0.lock().unwrap();
    assert!(!health.note(false), "no news");
    assert_eq!(*health.0.lock().unwrap(), first, "since the first of them");
    assert!(health.failing_for().is_some());
    assert!(health.note(true));
    assert_eq!(health.failing_for(), None);
}

#[tokio::test]
async fn a_sweep_that_cannot_reach_the_database_fails_and_says_so() {
    let bench = Bench::new().await;
    let sweeper = bench.sweeper(RETENTION);
    bench.store.close().await;
    assert!(matches!(sweeper.sweep().await, Err(StoreError::Unavailable(_))));
}
