//! `aiq-connect audit`, `grants` and `people`: what they say, do and write down.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use aiq_connect::{
    clock::Chance,
    domain::{
        FlowId, GrantId, GrantKey, GrantTokens, JobId, JobOrigin, NewFlow, NewGrant, NewJobReference, NewSession,
        Principal, Profile, Sealed, StartedFlow, Version,
    },
    storage::{FlowStore, GrantStore, JobStore, KeyStore, RevocationStore, SessionStore, SqliteStore},
    vault::{MasterKey, SealContext, Secret, TokenKind, Vault},
};
use aiq_connect_shared::Intent;
use chrono::TimeDelta;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

const YAML: &str = "\
functions:
  data_sources:
    _type: data_source_registry
    sources:
      - {id: incidents, name: Team Incidents, tools: [incidents]}
function_groups: {incidents: {_type: aiq_connect_mcp_client, server: {url: 'http://127.0.0.1:1/mcp'}}}
aiq_connect:
  outbound: {allow_loopback: true}
  local_user: me
";
const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";
const ISSUER: &str = "https://people.example";
const SECRETS: [&str; 2] = ["planted-access-token", "planted-refresh-token"];

struct Bench {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

/// What was said on standard output and standard error, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn person(name: &str) -> Principal {
    Principal { issuer: ISSUER.into(), kind: "jwt".into(), sub: name.into() }
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("aiq.yml"), YAML).unwrap();
        let store = SqliteStore::open(folder.path().join("aiq-connect.db")).await.unwrap();
        let key = MasterKey::from_text(&Secret::new(KEY)).unwrap();
        store.introduce_keys(&Vault::new(&key, &[], Chance::from_system()).held()).await.unwrap();
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("aiq-connect.db")
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_with(KEY, arguments)
    }

    fn run_with(&self, key: &str, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        command.current_dir(self.folder.path()).env_clear().args(arguments).arg("--config").arg("aiq.yml");
        command.env("AIQ_TOKEN_ENCRYPTION_KEY", key).env("USER", "root").stdin(Stdio::null());
        let done = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said = Said { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) };
        for secret in SECRETS.into_iter().chain([KEY]) {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "a secret was told");
        }
        said
    }

    fn well(&self, arguments: &[&str]) -> String {
        let Said { code, out, err } = self.run(arguments);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{arguments:?}: {out}");
        out
    }

    /// A person with a session, a job and a grant.
    async fn connected(&self, name: &str) -> GrantId {
        let chance = Chance::from_system();
        let vault = Vault::new(&MasterKey::from_text(&Secret::new(KEY)).unwrap(), &[], chance.clone());
        let session = NewSession {
            cookie_hash: format!("cookie of {name}"),
            principal: person(name),
            profile: Profile { name: name.to_uppercase(), email: Some(format!("{name}@example.com")) },
            lifetime: TimeDelta::hours(1),
        };
        self.store.open_session(&session).await.unwrap();
        let key = GrantKey { principal: person(name).id(), server: "incidents".into() };
        let (flow, state_hash) = (FlowId(chance.uuid()), format!("state of {name}"));
        let announced = NewFlow {
            id: flow,
            principal: key.principal.clone(),
            source: "incidents".into(),
            server: key.server.clone(),
            intent: Intent::Reconnect,
        };
        self.store.announce(&announced).await.unwrap();
        let started = StartedFlow {
            state_hash: state_hash.clone(),
            browser_hash: "browser".into(),
            issuer: "https://idp.example".into(),
            iss_promised: true,
            client_id: "client".into(),
            resource: "https://mcp.example/mcp".into(),
            redirect_uri: "https://us.example/callback".into(),
            scopes: vec!["read".into()],
            verifier: Sealed(vec![]),
            return_to: None,
        };
        self.store.start(flow, &key.principal, &started).await.unwrap();
        self.store.consume(flow, &state_hash).await.unwrap();
        let id = GrantId(chance.uuid());
        let seal = |kind, text: &str| {
            let context = SealContext::grant(&key, "https://idp.example", id, Version::FIRST, kind);
            vault.seal(&context, &Secret::new(text))
        };
        let grant = NewGrant {
            id,
            key: key.clone(),
            flow,
            issuer: started.issuer,
            client_id: started.client_id,
            resource: started.resource,
            redirect_uri: started.redirect_uri,
            account_label: Some("somebody".into()),
            tokens: GrantTokens {
                access_token: seal(TokenKind::Access, SECRETS[0]),
                refresh_token: Some(seal(TokenKind::Refresh, SECRETS[1])),
                expires_in: Some(TimeDelta::hours(1)),
                scopes: vec!["read".into()],
            },
        };
        assert!(self.store.complete(&grant).await.unwrap());
        let (principal, servers, lifetime) = (key.principal, vec![key.server], TimeDelta::hours(1));
        let (id_of_job, origin) = (JobId(format!("job of {name}")), JobOrigin::Gate);
        let job = NewJobReference { id: id_of_job, principal, servers, origin, lifetime };
        self.store.insert_job(&job, &|_, _| vec![]).await.unwrap();
        id
    }

    async fn grant_of(&self, name: &str) -> Option<GrantId> {
        let key = GrantKey { principal: person(name).id(), server: "incidents".into() };
        self.store.find_grant(&key).await.unwrap().map(|grant| grant.id)
    }

    async fn tamper(&self, sql: &'static str) {
        let mut outside = SqliteConnection::connect(&self.path().display().to_string()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut outside).await.unwrap();
        outside.close().await.unwrap();
    }
}

#[tokio::test]
async fn grants_are_listed_and_shown_with_everything_but_their_tokens() {
    let bench = Bench::new().await;
    let (hers, his) = (bench.connected("alice").await, bench.connected("bob").await);
    let all = bench.well(&["grants", "list"]);
    assert_eq!(all.lines().count(), 2, "{all}");
    assert!(all.contains(&format!("{} connected server incidents of alice@example.com, since ", hers.0)), "{all}");
    let only = bench.well(&["grants", "list", "--person", "bob@example.com", "--source", "incidents"]);
    assert!(only.lines().count() == 1 && only.contains(&his.0.to_string()), "{only}");
    assert_eq!(bench.well(&["grants", "list", "--status", "error"]), "");
    let line = bench.well(&["grants", "list", "--person", "alice", "--json"]);
    let json: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&json["status"], &json["sub"], &json["version"]), (&"connected".into(), &"alice".into(), &1.into()));
    let shown = bench.well(&["grants", "show", &hers.0.to_string()]);
    for part in ["issuer           https://idp.example", "sealed_with      ", "status           connected", "\nAudit\n"]
    {
        assert!(shown.contains(part), "{part}\nis not in\n{shown}");
    }
    let unknown = bench.run(&["grants", "show", "7c9e6679-0000-4000-8000-000000000001"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("there is no grant 7c9e6679"), "{}", unknown.err);
    let nobody = bench.run(&["grants", "list", "--person", "carol"]);
    assert!(nobody.code == Some(2) && nobody.err.contains("nobody who is remembered"), "{}", nobody.err);
}

#[tokio::test]
async fn a_grant_is_revoked_only_by_somebody_who_confirms_it_and_then_queued_and_written_down() {
    let bench = Bench::new().await;
    let id = bench.connected("alice").await.0.to_string();
    bench.connected("bob").await;
    let unsure = bench.run(&["grants", "revoke", &id]);
    assert!(unsure.code == Some(2) && unsure.err.contains("--yes"), "{}", unsure.err);
    assert!(bench.grant_of("alice").await.is_some());

    let done = bench.well(&["grants", "revoke", &id, "--yes"]);
    assert!(done.starts_with("forgotten"), "{done}");
    assert!(bench.grant_of("alice").await.is_none() && bench.grant_of("bob").await.is_some());
    let entry = bench.store.take_revocation().await.unwrap().unwrap();
    assert_eq!((entry.grant.0.to_string(), entry.attempt), (id.clone(), 1), "due at once, for whichever process looks");
    let told = bench.well(&["audit", "show", "--grant", &id]);
    assert!(told.contains("disconnected: alice@example.com server incidents grant"), "{told}");
    assert!(told.contains("by=administrator root"), "{told}");
    assert_eq!(bench.run(&["grants", "revoke", &id, "--yes"]).code, Some(2), "it is gone");
}

#[tokio::test]
async fn a_grant_goes_into_quarantine_and_out_again_and_both_are_written_down() {
    let bench = Bench::new().await;
    let id = bench.connected("alice").await.0.to_string();
    assert!(bench.well(&["grants", "quarantine", &id]).starts_with("in quarantine"));
    assert!(bench.well(&["grants", "quarantine", &id]).contains("already"));
    assert!(bench.well(&["grants", "list", "--status", "quarantined"]).contains(&id));
    assert!(bench.well(&["grants", "quarantine", &id, "--release"]).starts_with("released"));
    let kinds: Vec<String> = bench
        .well(&["audit", "show", "--json"])
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["quarantined", "released"]);
}

#[tokio::test]
async fn a_forgotten_person_is_nowhere_but_under_a_bare_id_and_others_stay() {
    let bench = Bench::new().await;
    let grant = bench.connected("alice").await.0.to_string();
    bench.connected("bob").await;
    bench.well(&["grants", "quarantine", &grant]);
    let id = person("alice").id().0;
    assert_eq!(bench.run(&["people", "forget", &id]).code, Some(2), "not confirmed");
    let done = bench.well(&["people", "forget", "--issuer", ISSUER, "--sub", "alice", "--yes"]);
    assert!(done.contains("1 grants, 1 sign-ins at providers, 1 sessions, 1 jobs"), "{done}");
    assert!(bench.well(&["people", "forget", &id, "--yes"]).contains("nothing to do"), "twice is no error");

    assert!(bench.store.find_job(&JobId("job of alice".into())).await.unwrap().is_none());
    assert!(bench.store.find_session("cookie of alice").await.unwrap().is_none());
    assert!(bench.grant_of("alice").await.is_none() && bench.grant_of("bob").await.is_some());
    assert_eq!(bench.store.count_revocations().await.unwrap(), 1);
    let told = bench.well(&["audit", "show", "--person", &id]);
    assert!(told.contains(&format!("a person was forgotten: somebody not remembered ({id})")), "{told}");
    assert!(!told.contains("alice"), "{told}");
    assert_eq!(bench.well(&["people", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn a_name_that_several_people_have_is_nobodys() {
    let bench = Bench::new().await;
    bench.connected("alice").await;
    let session = NewSession {
        cookie_hash: "x".into(),
        principal: person("mallory"),
        profile: Profile { name: person("alice").id().0, email: Some("alice@example.com".into()) },
        lifetime: TimeDelta::hours(1),
    };
    bench.store.open_session(&session).await.unwrap();
    let said = bench.run(&["grants", "list", "--person", "alice@example.com"]);
    assert!(
        said.code == Some(2) && said.err.contains("several people") && said.err.contains("`mallory`"),
        "{}",
        said.err
    );
    // Who calls himself by her id is not forgotten in her place, nor she in his.
    bench.well(&["people", "forget", &person("alice").id().0, "--yes"]);
    let left = bench.well(&["people", "list"]);
    assert!(left.lines().count() == 1 && left.contains("`mallory`"), "{left}");
}

#[tokio::test]
async fn verify_ends_with_0_when_the_trail_is_whole_and_with_1_and_the_place_when_it_is_not() {
    let bench = Bench::new().await;
    let id = bench.connected("alice").await.0.to_string();
    assert!(bench.well(&["audit", "verify"]).starts_with("0 records in 0 chains"));
    bench.well(&["grants", "quarantine", &id]);
    bench.well(&["grants", "quarantine", &id, "--release"]);
    assert!(bench.well(&["audit", "verify"]).starts_with("2 records in 2 chains. All are as they were written"));

    let stranger = bench.run_with(&"6b".repeat(32), &["audit", "verify"]);
    assert!(stranger.code == Some(1) && stranger.out.contains("cannot be checked without key"), "{}", stranger.out);
    bench
        .tamper("DROP TRIGGER audit_is_never_changed; UPDATE audit SET principal = 'bob' WHERE kind = 'released'")
        .await;
    let changed = bench.run(&["audit", "verify"]);
    assert_eq!(changed.code, Some(1));
    assert!(changed.out.contains("changed, or not written by this service"), "{}", changed.out);
    bench.tamper("DROP TRIGGER audit_ends_by_retention_alone; DELETE FROM audit WHERE kind = 'quarantined'").await;
    let removed = bench.run(&["audit", "verify"]);
    assert!(removed.code == Some(1) && removed.out.contains("in 1 places"), "{}", removed.out);
}

#[test]
fn without_a_database_the_verbs_make_none_and_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("aiq.yml"), YAML).unwrap();
    for verb in [["audit", "show"], ["audit", "verify"], ["grants", "list"], ["people", "list"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        let done =
            command.current_dir(folder.path()).env_clear().args(verb).args(["--config", "aiq.yml"]).output().unwrap();
        assert_eq!(done.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&done.stderr).contains("run `aiq-connect migrate`"));
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["aiq.yml"]);
}
