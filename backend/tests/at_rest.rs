//! What the database's files show to somebody who has them and no key: names and times, and no secret.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use aiq_connect::{
    clock::Chance,
    domain::{
        ClientAuth, FlowId, Grant, GrantId, GrantKey, GrantTokens, NewFlow, NewGrant, NewSession, NewSignIn, Principal,
        PrincipalId, Profile, Registration, Sealed, SignIn, StartedFlow, Version,
    },
    storage::{FlowStore, GrantStore, RefreshStore, RegistrationStore, SessionStore, SqliteStore},
    vault::{MasterKey, SealContext, Secret, TokenKind, Vault, VaultError},
};
use aiq_connect_shared::Intent;
use chrono::TimeDelta;
use sqlx::{Connection, SqliteConnection};

const ISSUER: &str = "https://idp.example";
const REDIRECT_URI: &str = "https://us.example/callback";
const STATE_HASH: &str = "hash-of-the-state";

/// Every secret that is ever stored, each easy to find.
const PLANTED: [&str; 7] = [
    "planted-access-token-1",
    "planted-refresh-token-1",
    "planted-access-token-2",
    "planted-refresh-token-2",
    "planted-flow-verifier",
    "planted-sign-in-verifier",
    "planted-client-secret",
];

struct Bench {
    folder: tempfile::TempDir,
    store: SqliteStore,
    vault: Vault,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let chance = Chance::from_system();
        let key = MasterKey::from_text(&Secret::new("5a".repeat(32))).unwrap();
        let store = SqliteStore::open(folder.path().join("aiq-connect.db")).await.unwrap();
        Self { store, vault: Vault::new(&key, &[], chance), folder }
    }

    fn tokens(&self, key: &GrantKey, grant: GrantId, version: Version) -> GrantTokens {
        let seal = |kind, word: &str| {
            let secret = Secret::new(format!("planted-{word}-token-{}", version.0));
            self.vault.seal(&SealContext::grant(key, ISSUER, grant, version, kind), &secret)
        };
        GrantTokens {
            access_token: seal(TokenKind::Access, "access"),
            refresh_token: Some(seal(TokenKind::Refresh, "refresh")),
            expires_in: Some(TimeDelta::hours(1)),
            scopes: vec!["read".into()],
        }
    }

    fn open_access_token(&self, grant: &Grant) -> Result<Secret, VaultError> {
        let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, TokenKind::Access);
        self.vault.open(&context, &grant.access_token)
    }

    /// The whole journey of a person: sign-in, flow, grant, one refresh.
    async fn connect(&self, name: &str) -> GrantKey {
        let person = Principal { issuer: ISSUER.into(), kind: "jwt".into(), sub: name.into() };
        let session = NewSession {
            cookie_hash: format!("cookie of {name}"),
            principal: person.clone(),
            profile: Profile { name: name.into(), email: None },
            lifetime: TimeDelta::hours(1),
        };
        self.store.open_session(&session).await.unwrap();
        let key = GrantKey { principal: person.id(), server: "incidents".into() };

        let (flow, state_hash) = (FlowId(Chance::from_system().uuid()), format!("{STATE_HASH} of {name}"));
        let announced = NewFlow {
            id: flow,
            principal: key.principal.clone(),
            source: "incidents".into(),
            server: key.server.clone(),
            intent: Intent::Reconnect,
        };
        assert!(self.store.announce(&announced).await.unwrap());
        let started = self.started(flow, &key.principal, &state_hash);
        assert!(self.store.start(flow, &key.principal, &started).await.unwrap());
        assert!(self.store.consume(flow, &state_hash).await.unwrap());

        let grant = GrantId(Chance::from_system().uuid());
        let new = NewGrant {
            id: grant,
            key: key.clone(),
            flow,
            issuer: ISSUER.into(),
            client_id: "client".into(),
            resource: "https://mcp.example/mcp".into(),
            redirect_uri: REDIRECT_URI.into(),
            account_label: Some("control-in-the-clear".into()),
            tokens: self.tokens(&key, grant, Version::FIRST),
        };
        assert!(self.store.complete(&new).await.unwrap());
        let second = Version::FIRST.next();
        self.store.rotate(grant, Version::FIRST, &self.tokens(&key, grant, second)).await.unwrap();
        key
    }

    fn started(&self, flow: FlowId, principal: &PrincipalId, state_hash: &str) -> StartedFlow {
        StartedFlow {
            state_hash: state_hash.into(),
            browser_hash: "browser".into(),
            issuer: ISSUER.into(),
            iss_promised: true,
            client_id: "client".into(),
            resource: "https://mcp.example/mcp".into(),
            redirect_uri: REDIRECT_URI.into(),
            scopes: vec!["read".into()],
            verifier: self
                .vault
                .seal(&SealContext::flow_verifier(flow, principal), &Secret::new("planted-flow-verifier")),
            return_to: Some("/connections#source-a".into()),
        }
    }

    async fn register_and_begin_a_sign_in(&self) {
        let secret = Secret::new("planted-client-secret");
        let registration = Registration {
            issuer: ISSUER.into(),
            redirect_uri: REDIRECT_URI.into(),
            client_id: "client".into(),
            client_secret: Some(self.vault.seal(&SealContext::registration_secret(ISSUER, REDIRECT_URI), &secret)),
            auth: ClientAuth::Basic,
        };
        self.store.keep_registration(&registration).await.unwrap();
        let verifier = Secret::new("planted-sign-in-verifier");
        let sign_in = SignIn {
            browser_hash: "browser".into(),
            nonce: "nonce".into(),
            verifier: self.vault.seal(&SealContext::sign_in_verifier(STATE_HASH), &verifier),
            return_to: "/".into(),
        };
        let new = NewSignIn { state_hash: STATE_HASH.into(), sign_in, lifetime: TimeDelta::minutes(10) };
        self.store.begin_sign_in(&new).await.unwrap();
    }

    async fn sql(&self, statement: &'static str, parameters: [&str; 2]) -> u64 {
        let path = self.folder.path().join("aiq-connect.db");
        let mut outside = SqliteConnection::connect(&path.display().to_string()).await.unwrap();
        let query = sqlx::query(statement).bind(parameters[0]).bind(parameters[1]);
        query.execute(&mut outside).await.unwrap().rows_affected()
    }

    async fn grant(&self, key: &GrantKey) -> Grant {
        self.store.find_grant(key).await.unwrap().unwrap()
    }
}

/// The files of a folder that hold these bytes.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[tokio::test]
async fn the_files_read_as_bytes_hold_no_planted_secret() {
    let bench = Bench::new().await;
    let key = bench.connect("alice").await;
    bench.register_and_begin_a_sign_in().await;
    assert_eq!(bench.open_access_token(&bench.grant(&key).await).unwrap().expose(), "planted-access-token-2");

    let folder = bench.folder.path();
    let look = |when: &str, expected: &str| {
        for secret in PLANTED {
            assert_eq!(files_with(folder, secret), Vec::<String>::new(), "{secret}, {when}");
        }
        let control = files_with(folder, "control-in-the-clear");
        assert!(control.iter().any(|name| name == expected), "the search finds what is there, {when}: {control:?}");
    };
    look("while open", "aiq-connect.db-wal");
    bench.store.close().await;
    look("when closed", "aiq-connect.db");
}

#[tokio::test]
async fn the_search_finds_a_secret_that_was_not_sealed() {
    let bench = Bench::new().await;
    let key = bench.connect("alice").await;
    let grant = bench.grant(&key).await;
    let open = GrantTokens {
        access_token: Sealed(b"planted-access-token-2".to_vec()),
        refresh_token: None,
        expires_in: None,
        scopes: Vec::new(),
    };
    bench.store.rotate(grant.id, grant.version, &open).await.unwrap();
    assert!(!files_with(bench.folder.path(), "planted-access-token-2").is_empty());
}

#[tokio::test]
async fn tokens_copied_into_another_persons_row_do_not_open() {
    let bench = Bench::new().await;
    let (alice, bob) = (bench.connect("alice").await, bench.connect("bob").await);
    let hers = bench.grant(&alice).await;
    let copied = bench
        .sql(
            "UPDATE grants SET (access_token, refresh_token) = \
             (SELECT access_token, refresh_token FROM grants WHERE principal = ?1) WHERE principal = ?2",
            [alice.principal.as_str(), bob.principal.as_str()],
        )
        .await;
    assert_eq!(copied, 1);

    let his = bench.grant(&bob).await;
    assert_eq!(his.access_token, hers.access_token, "the copy is there");
    assert_eq!(bench.open_access_token(&his).unwrap_err(), VaultError::DoesNotOpen);
    bench.open_access_token(&hers).unwrap();
}

#[tokio::test]
async fn a_whole_row_given_to_another_person_does_not_open() {
    let bench = Bench::new().await;
    let (alice, bob) = (bench.connect("alice").await, bench.connect("bob").await);
    let hers = bench.grant(&alice).await;
    let seen = bench.store.find_grant(&bob).await.unwrap().map(|grant| (grant.id, grant.version));
    bench.store.disconnect(&bob, seen, None).await.unwrap();
    let moved = bench
        .sql(
            "UPDATE grants SET principal = ?2 WHERE principal = ?1",
            [alice.principal.as_str(), bob.principal.as_str()],
        )
        .await;
    assert_eq!(moved, 1);

    let his = bench.grant(&bob).await;
    assert_eq!((his.id, his.version), (hers.id, hers.version), "the whole row is there");
    assert_eq!(bench.open_access_token(&his).unwrap_err(), VaultError::DoesNotOpen);
}

#[tokio::test]
async fn an_older_version_put_back_under_the_newer_number_does_not_open() {
    let bench = Bench::new().await;
    let key = bench.connect("alice").await;
    let grant = bench.grant(&key).await;
    let put = bench
        .sql("UPDATE grants SET version = version + 1 WHERE principal = ?1 AND ?2 = ''", [key.principal.as_str(), ""]);
    assert_eq!(put.await, 1);
    bench.open_access_token(&grant).unwrap();
    assert_eq!(bench.open_access_token(&bench.grant(&key).await).unwrap_err(), VaultError::DoesNotOpen);
}
