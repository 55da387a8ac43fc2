//! What a database shows to somebody who has its files, or reads its tables, and no key: names and times, and no
//! secret. On every database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support"]
mod support {
    pub mod at_rest;
    #[expect(dead_code, reason = "shared with the tests of routes")]
    pub mod kept;
}

use std::sync::Arc;

use aiq_connect::{
    clock::Chance,
    domain::{
        ClientAuth, FlowId, Grant, GrantId, GrantKey, GrantTokens, NewFlow, NewGrant, NewRevocation, NewSession,
        NewSignIn, Principal, PrincipalId, Profile, Registration, RevocationId, Sealed, SignIn, StartedFlow, Version,
    },
    storage::{Opened, PostgresStore, SqliteStore, Store},
    vault::{MasterKey, SealContext, Secret, TokenKind, Vault, VaultError},
};
use aiq_connect_shared::Intent;
use chrono::TimeDelta;

use crate::support::{at_rest, kept::Kept};

/// One test for each database.
macro_rules! on_both_databases {
    ($($case:ident,)*) => {
        $(
            mod $case {
                use crate::support::kept::Kept;

                #[tokio::test]
                async fn in_a_file() {
                    super::$case(super::Bench::on(Kept::File).await).await;
                }

                #[tokio::test]
                async fn on_a_server() {
                    super::$case(super::Bench::on(Kept::on_a_server()).await).await;
                }
            }
        )*
    };
}
on_both_databases! {
    the_files_read_as_bytes_hold_no_planted_secret,
    the_search_finds_a_secret_that_was_not_sealed,
    tokens_copied_into_another_persons_row_do_not_open,
    a_whole_row_given_to_another_person_does_not_open,
    an_older_version_put_back_under_the_newer_number_does_not_open,
}

const ISSUER: &str = "https://idp.example";
const REDIRECT_URI: &str = "https://us.example/callback";
const STATE_HASH: &str = "hash-of-the-state";

/// Every secret that is ever stored, each easy to find.
const PLANTED: [&str; 9] = [
    "planted-access-token-1",
    "planted-refresh-token-1",
    "planted-access-token-2",
    "planted-refresh-token-2",
    "planted-flow-verifier",
    "planted-sign-in-verifier",
    "planted-client-secret",
    "planted-queued-access-token",
    "planted-queued-refresh-token",
];

struct Bench {
    folder: tempfile::TempDir,
    kept: Kept,
    opened: Opened,
    store: Arc<dyn Store>,
    vault: Vault,
}

impl Bench {
    async fn on(kept: Kept) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let chance = Chance::from_system();
        let key = MasterKey::from_text(&Secret::new("5a".repeat(32))).unwrap();
        let opened = match &kept {
            Kept::Server(database) => {
                Opened::Postgres(PostgresStore::open(database.tcp_url().parse().unwrap(), false).await.unwrap())
            }
            _ => Opened::Sqlite(SqliteStore::open(folder.path().join("aiq-connect.db")).await.unwrap()),
        };
        Self { store: opened.store(), opened, vault: Vault::new(&key, &[], chance), folder, kept }
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

    /// Tokens of a grant that is gone wait for their provider.
    async fn queue_a_revocation(&self, key: &GrantKey) {
        let id = RevocationId(Chance::from_system().uuid());
        let seal = |kind, text: &str| {
            Some(
                self.vault
                    .seal(&SealContext::revocation(id, ISSUER, kind), &Secret::new(format!("planted-queued-{text}"))),
            )
        };
        let new = NewRevocation {
            id,
            key: key.clone(),
            grant: GrantId(Chance::from_system().uuid()),
            issuer: ISSUER.into(),
            client_id: "client".into(),
            redirect_uri: REDIRECT_URI.into(),
            refresh_token: seal(TokenKind::Refresh, "refresh-token"),
            access_token: seal(TokenKind::Access, "access-token"),
            pause: TimeDelta::zero(),
        };
        self.store.queue_revocation(&new).await.unwrap();
    }

    /// Which of these texts are anywhere in the database.
    fn stored(&self, texts: &[&str]) -> Vec<String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        at_rest::found(&self.kept.at_rest(self.folder.path()), &texts)
    }

    async fn sql(&self, statement: &'static str, parameters: &[&str]) {
        assert_eq!(self.kept.change(self.folder.path(), statement, parameters).await, 1, "{statement}");
    }

    async fn grant(&self, key: &GrantKey) -> Grant {
        self.store.find_grant(key).await.unwrap().unwrap()
    }
}

async fn the_files_read_as_bytes_hold_no_planted_secret(bench: Bench) {
    let key = bench.connect("alice").await;
    bench.register_and_begin_a_sign_in().await;
    bench.queue_a_revocation(&key).await;
    assert_eq!(bench.open_access_token(&bench.grant(&key).await).unwrap().expose(), "planted-access-token-2");

    let look = |when: &str| {
        assert_eq!(bench.stored(&PLANTED), Vec::<String>::new(), "{when}");
        let control = bench.stored(&["control-in-the-clear"]);
        assert!(!control.is_empty(), "the search finds what is there, {when}");
    };
    look("while open");
    bench.opened.close().await;
    look("when closed");
}

async fn the_search_finds_a_secret_that_was_not_sealed(bench: Bench) {
    let key = bench.connect("alice").await;
    let grant = bench.grant(&key).await;
    let open = GrantTokens {
        access_token: Sealed(b"planted-without-a-seal".to_vec()),
        refresh_token: None,
        expires_in: None,
        scopes: Vec::new(),
    };
    bench.store.rotate(grant.id, grant.version, &open).await.unwrap();
    assert!(!bench.stored(&["planted-without-a-seal"]).is_empty());
}

async fn tokens_copied_into_another_persons_row_do_not_open(bench: Bench) {
    let (alice, bob) = (bench.connect("alice").await, bench.connect("bob").await);
    let hers = bench.grant(&alice).await;
    let copy = "UPDATE grants SET (access_token, refresh_token) = \
                (SELECT access_token, refresh_token FROM grants WHERE principal = ?) WHERE principal = ?";
    bench.sql(copy, &[alice.principal.as_str(), bob.principal.as_str()]).await;

    let his = bench.grant(&bob).await;
    assert_eq!(his.access_token, hers.access_token, "the copy is there");
    assert_eq!(bench.open_access_token(&his).unwrap_err(), VaultError::DoesNotOpen);
    bench.open_access_token(&hers).unwrap();
}

async fn a_whole_row_given_to_another_person_does_not_open(bench: Bench) {
    let (alice, bob) = (bench.connect("alice").await, bench.connect("bob").await);
    let hers = bench.grant(&alice).await;
    let seen = bench.store.find_grant(&bob).await.unwrap().map(|grant| (grant.id, grant.version));
    bench.store.disconnect(&bob, seen, None).await.unwrap();
    let people = [bob.principal.as_str(), alice.principal.as_str()];
    bench.sql("UPDATE grants SET principal = ? WHERE principal = ?", &people).await;

    let his = bench.grant(&bob).await;
    assert_eq!((his.id, his.version), (hers.id, hers.version), "the whole row is there");
    assert_eq!(bench.open_access_token(&his).unwrap_err(), VaultError::DoesNotOpen);
}

async fn an_older_version_put_back_under_the_newer_number_does_not_open(bench: Bench) {
    let key = bench.connect("alice").await;
    let grant = bench.grant(&key).await;
    bench.sql("UPDATE grants SET version = version + 1 WHERE principal = ?", &[key.principal.as_str()]).await;
    bench.open_access_token(&grant).unwrap();
    assert_eq!(bench.open_access_token(&bench.grant(&key).await).unwrap_err(), VaultError::DoesNotOpen);
}
