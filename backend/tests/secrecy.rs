//! No type that holds a secret prints it, and none was forgotten here.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::Path,
};

use aiq_connect::{
    clock::Chance,
    config::{self, ClientSource, KeySource, SignInConfig},
    connections::{FreshToken, Returned},
    domain::{ClientAuth, GrantTokens, NewSignIn, Registration, Sealed, SealedPlace, SealedRow, SignIn, StartedFlow},
    identity::{SignInReturn, SignedIn},
    oauth::{Answer, AuthorizationRequest, Client, CodeExchange, TokenAnswer},
    vault::{KeyFile, MasterKey, Secret, Vault},
};
use aiq_connect_shared::{Intent, ResolvedToken};
use chrono::TimeDelta;
use reqwest::Url;

/// What nothing may print, as text and as bytes.
const PLANTED: &str = "planted-0123456789abcdef-planted";

fn secret() -> Secret {
    Secret::new(PLANTED)
}

fn key() -> MasterKey {
    MasterKey::from_text(&Secret::new("5a".repeat(32))).unwrap()
}

fn assert_hidden(what: &impl Debug) {
    let bytes: Vec<String> = PLANTED.bytes().map(|byte| byte.to_string()).collect();
    for printed in [format!("{what:?}"), format!("{what:#?}")] {
        let plain = printed.replace([' ', '\n'], "");
        assert!(!printed.contains("planted"), "{printed}");
        assert!(!plain.contains(&bytes[..6].join(",")), "as bytes: {printed}");
        assert!(!plain.contains("90,90,90,90") && !plain.contains("5a5a5a5a"), "a key: {printed}");
    }
}

#[test]
fn no_type_that_holds_a_secret_prints_it() {
    let (url, sealed) = (Url::parse("https://us.example/callback").unwrap(), Sealed(PLANTED.into()));
    assert_hidden(&secret());
    assert_hidden(&key());
    assert_hidden(&Vault::holding(&[key()], Some(KeyFile("key".into())), Chance::seeded(1)));
    assert_hidden(&Vault::holding(&[key()], None, Chance::seeded(1)).sealer(key().id()).unwrap());
    assert_hidden(&KeySource::Inline(secret()));
    let client = || Client { client_id: "us".into(), secret: Some(secret()), auth: ClientAuth::Basic };
    assert_hidden(&client());
    assert_hidden(&TokenAnswer {
        access_token: secret(),
        refresh_token: Some(secret()),
        expires_in: Some(TimeDelta::hours(1)),
        scopes: None,
    });
    assert_hidden(&CodeExchange { code: &secret(), verifier: &secret(), redirect_uri: &url, resource: None });
    assert_hidden(&AuthorizationRequest {
        client_id: "us",
        redirect_uri: &url,
        scopes: &[],
        resource: None,
        state: &secret(),
        verifier: &secret(),
        nonce: None,
        intent: Intent::Reconnect,
    });
    let body = PLANTED.as_bytes().to_vec().into();
    let cookie = reqwest::header::HeaderValue::from_static(PLANTED);
    let headers = [(reqwest::header::SET_COOKIE, cookie)].into_iter().collect();
    assert_hidden(&Answer { status: 200, headers, body });
    let token = ResolvedToken {
        access_token: PLANTED.into(),
        token_type: "Bearer".into(),
        expires_at: None,
        expires_in_seconds: None,
        scopes: Vec::new(),
        resource: String::new(),
        server_url: String::new(),
    };
    assert_hidden(&token);
    assert_hidden(&FreshToken::Token(token));
    assert_hidden(&Returned {
        source: "incidents".into(),
        state: Some(secret()),
        code: Some(secret()),
        error: None,
        iss: None,
        browser_hash: None,
        principal: None,
    });
    assert_hidden(&SignInReturn { state: Some(secret()), code: Some(secret()), iss: None, browser_hash: None });
    assert_hidden(&SignedIn { cookie: secret(), return_to: "/".into() });
    assert_hidden(&sealed);
    assert_hidden(&GrantTokens {
        access_token: sealed.clone(),
        refresh_token: Some(sealed.clone()),
        expires_in: None,
        scopes: Vec::new(),
    });
    assert_hidden(&Registration {
        issuer: String::new(),
        redirect_uri: String::new(),
        client_id: String::new(),
        client_secret: Some(sealed.clone()),
        auth: ClientAuth::Basic,
    });
    let place = SealedPlace::SignIn { state_hash: String::new() };
    let values = [Some(sealed.clone()), Some(sealed.clone())];
    assert_hidden(&SealedRow { cursor: String::new(), place, values });
    assert_hidden(&StartedFlow {
        state_hash: String::new(),
        browser_hash: String::new(),
        issuer: String::new(),
        iss_promised: true,
        client_id: String::new(),
        resource: String::new(),
        redirect_uri: String::new(),
        scopes: Vec::new(),
        verifier: sealed.clone(),
        return_to: None,
    });
    let sign_in =
        SignIn { browser_hash: String::new(), nonce: String::new(), verifier: sealed, return_to: String::new() };
    assert_hidden(&NewSignIn { state_hash: String::new(), sign_in, lifetime: TimeDelta::hours(1) });
    assert_hidden(&ClientSource::Registered { client_id: String::new(), client_secret: Some(secret()), auth: None });
    assert_hidden(&SignInConfig {
        issuer: String::new(),
        client_id: String::new(),
        client_secret: Some(secret()),
        scopes: Vec::new(),
    });
}

#[test]
fn a_whole_configuration_prints_none_of_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aiq.yml");
    let yaml = "functions: {data_sources: {_type: data_source_registry, sources: [{id: crm, name: CRM, per_user_auth: \
                {required: true, mcp_server_id: crm}}]}}\n\
                authentication: {crm: {_type: mcp_oauth2, server_url: 'https://crm.example/mcp', client_id: us, \
                client_secret: planted-client, scopes: [api]}}\n\
                aiq_connect: {sign_in: {issuer: 'https://idp.example', client_id: aiq, client_secret: planted-sign-in}}\n";
    fs::write(&file, yaml).unwrap();
    let environment = BTreeMap::from([
        ("AIQ_CONNECT_DATABASE_URL", "postgresql://us:planted-password@db.example/aiq"),
        ("AIQ_CONNECT_WORKER_KEY", "planted-worker-key-0123456789"),
        ("AIQ_TOKEN_ENCRYPTION_KEY", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"),
    ]);
    assert_hidden(&config::load(&file, &environment).unwrap());
}

/// The public types of a source that have a field of a secret type.
fn holders(text: &str) -> BTreeSet<String> {
    let begins = |word: &str| text.match_indices(word).map(|(at, word)| at + word.len()).collect::<Vec<_>>();
    let declared = [begins("\npub struct "), begins("\npub enum ")].concat();
    let holds = declared.into_iter().filter_map(|at| {
        let rest = &text[at..];
        let name: String = rest.chars().take_while(|character| character.is_alphanumeric()).collect();
        let end = rest.find("\n}").unwrap_or(rest.len()).min(rest.find(";\n").unwrap_or(rest.len()));
        let body: String = rest[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        let mut words = body.split(|character: char| !is_part(character)).skip(1);
        words.any(|word| ["Secret", "MasterKey", "Zeroizing", "Sealed"].contains(&word)).then_some(name)
    });
    holds.collect()
}

fn all_holders(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_holders(&path, found);
        } else {
            found.extend(holders(&fs::read_to_string(path).unwrap()));
        }
    }
}

#[test]
fn no_type_that_holds_a_secret_was_forgotten_here() {
    // Read from rows, and made of what is looked at above; and parts of the configuration, which is looked at as a whole.
    const LOOKED_AT_OTHERWISE: [&str; 5] = ["Grant", "NewRevocation", "Revocation", "WorkerListener", "PgAddress"];
    let here = include_str!("secrecy.rs");
    let named: BTreeSet<&str> = here.split(|character: char| !character.is_alphanumeric()).collect();
    let mut found = BTreeSet::new();
    all_holders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 12 && LOOKED_AT_OTHERWISE.iter().all(|name| found.contains(*name)), "{found:?}");
    let forgotten: Vec<_> = found.iter().filter(|name| !named.contains(name.as_str())).collect();
    assert_eq!(forgotten, Vec::<&String>::new());
}

#[test]
fn the_scan_sees_fields_and_no_comments() {
    let seen = |text: &str| holders(text).into_iter().collect::<Vec<_>>();
    assert_eq!(seen("\npub struct A {\n    b: Option<Secret>,\n}\n"), ["A"]);
    assert_eq!(seen("\npub struct A(Zeroizing<u8>);\n"), ["A"]);
    assert!(seen("\npub struct A {\n    /// Secret\n    b: SecretName,\n}\nuse Secret;").is_empty());
}
