//! Our own block and variables, right and wrong.

use std::path::Path;

use chrono::TimeDelta;

use super::{EMPTY_REGISTRY, config, error, error_in_block};
use crate::{
    config::{Database, KeySource, UpstreamKind},
    domain::WaitRules,
    vault::Secret,
};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn without_any_setting_everything_is_on_this_machine() {
    let config = config(EMPTY_REGISTRY, &[]);
    assert_eq!(config.public_url.as_str(), "http://localhost:8000/");
    assert_eq!(config.bind.to_string(), "127.0.0.1:8000");
    assert_eq!(config.worker.bind.to_string(), "127.0.0.1:8001");
    assert!(config.worker.keys.is_empty() && !config.worker.insecure);
    assert!(matches!(&config.database, Database::Sqlite { path } if path == Path::new("aiq-connect.db")));
    assert!(matches!(&config.key, KeySource::File(path) if path.to_str() == Some("aiq-connect.db.key")));
    assert!(config.sign_in.is_none() && config.upstream.is_none() && !config.outbound.allow_loopback);
    assert_eq!(config.waiting, WaitRules { length: TimeDelta::minutes(15), most: 8 });
}

#[test]
fn every_setting_is_read() {
    let text = format!(
        "{EMPTY_REGISTRY}{}",
        "
aiq_connect:
  public_url: https://aiq.example/
  bind: 0.0.0.0:80
  worker: {bind: '0.0.0.0:81', insecure: true}
  database: {url: 'sqlite:////var/aiq.db'}
  key_file: /etc/aiq.key
  sign_in: {issuer: 'https://idp.example', client_id: me, client_secret: planted, scopes: [openid, groups]}
  upstream: {kind: nat, url: 'http://nat.internal:8000'}
  outbound: {allow_loopback: yes, allow_hosts: [IDP.internal]}
  job_wait_seconds: 8
  max_paused_jobs: 0
"
    );
    let config = config(&text, &[("AIQ_CONNECT_WORKER_KEY", "0123456789abcdef, fedcba9876543210")]);
    assert_eq!(config.public_url.as_str(), "https://aiq.example/");
    assert_eq!((config.bind.port(), config.worker.bind.port()), (80, 81));
    assert_eq!(
        config.worker.keys.iter().map(Secret::expose).collect::<Vec<_>>(),
        ["0123456789abcdef", "fedcba9876543210"]
    );
    assert!(matches!(&config.database, Database::Sqlite { path } if path == Path::new("/var/aiq.db")));
    assert!(matches!(&config.key, KeySource::File(path) if path.to_str() == Some("/etc/aiq.key")));
    let sign_in = config.sign_in.unwrap();
    assert_eq!((sign_in.issuer.as_str(), sign_in.client_id.as_str()), ("https://idp.example", "me"));
    assert_eq!(sign_in.client_secret.unwrap().expose(), "planted");
    assert_eq!(sign_in.scopes, ["openid", "groups"]);
    let upstream = config.upstream.unwrap();
    assert_eq!((upstream.kind, upstream.url.as_str()), (UpstreamKind::Nat, "http://nat.internal:8000/"));
    assert_eq!(config.outbound.allow_hosts, ["idp.internal"]);
    assert_eq!(config.waiting, WaitRules { length: TimeDelta::seconds(8), most: 0 });
}

#[test]
fn variables_win_over_the_file_and_empty_ones_do_not() {
    let text = format!(
        "{EMPTY_REGISTRY}aiq_connect:\n  bind: 127.0.0.1:1\n  public_url: https://file.example\n  key_file: file.key\n"
    );
    let variables = [
        ("AIQ_CONNECT_BIND", "127.0.0.1:2"),
        ("AIQ_CONNECT_WORKER_BIND", "[::1]:3"),
        ("AIQ_CONNECT_DATABASE_URL", "sqlite:////data/variable.db"),
        ("AIQ_PUBLIC_URL", ""),
        ("AIQ_CONNECT_KEY_FILE", "variable.key"),
    ];
    let read = config(&text, &variables);
    assert_eq!((read.bind.port(), read.worker.bind.port()), (2, 3));
    assert!(matches!(&read.database, Database::Sqlite { path } if path == Path::new("/data/variable.db")));
    assert_eq!(read.public_url.as_str(), "https://file.example/");
    assert!(matches!(&read.key, KeySource::File(path) if path.to_str() == Some("variable.key")));

    let inline = config(&text, &[("AIQ_TOKEN_ENCRYPTION_KEY", KEY), ("AIQ_CONNECT_KEY_FILE", "variable.key")]);
    assert!(matches!(&inline.key, KeySource::Inline(secret) if secret.expose() == KEY));
}

#[test]
fn unknown_keys_are_told_with_the_nearest_name_all_at_once() {
    assert_eq!(
        error_in_block(
            "  pubic_url: https://a.example\n  colour: red\n  sign_in:\n    isuer: https://a.example\n    client_id: me\n  \
             worker: {inseure: true}\n",
            &[]
        ),
        "config.yml:3:3: aiq_connect.pubic_url: unknown key; did you mean `public_url`?\n\
         config.yml:4:3: aiq_connect.colour: unknown key; known keys: `allow_any_audience`, `bind`, `compat`, `database`, `job_wait_seconds`, `key_file`, `local_user`, `max_paused_jobs`, `outbound`, `public_url`, `retention`, `servers`, `sign_in`, `sources`, `upstream`, `worker`\n\
         config.yml:6:5: aiq_connect.sign_in.isuer: unknown key; did you mean `issuer`?\n\
         config.yml:6:5: aiq_connect.sign_in.issuer: is missing; add it\n\
         config.yml:8:12: aiq_connect.worker.inseure: unknown key; did you mean `insecure`?"
    );
    assert_eq!(
        error(&format!("{EMPTY_REGISTRY}aiq-connect:\n  bind: 127.0.0.1:1\n"), &[]),
        "config.yml:3:3: aiq-connect: unknown block; did you mean `aiq_connect`?"
    );
}

#[test]
fn wrong_types_are_told() {
    assert_eq!(
        error_in_block(
            "  bind: {port: 1}\n  worker:\n    bind:\n      - 127.0.0.1:1\n    insecure: maybe\n  sign_in: [a]\n  \
             outbound:\n    allow_hosts: a.example\n",
            &[]
        ),
        "config.yml:3:9: aiq_connect.bind: is a block of keys; a single value is needed\n\
         config.yml:6:7: aiq_connect.worker.bind: is a list; a single value is needed\n\
         config.yml:7:15: aiq_connect.worker.insecure: must be `true` or `false`\n\
         config.yml:8:12: aiq_connect.sign_in: is a list; a block of keys is needed\n\
         config.yml:10:18: aiq_connect.outbound.allow_hosts: is a single value; a list is needed, such as [one, two]"
    );
}

#[test]
fn wrong_numbers_are_told() {
    for (value, limits) in [("0", "1 to 86400"), ("86401", "1 to 86400"), ("15m", "1 to 86400"), ("1.5", "1 to 86400")]
    {
        assert_eq!(
            error_in_block(&format!("  job_wait_seconds: {value}\n"), &[]),
            format!("config.yml:3:21: aiq_connect.job_wait_seconds: must be a whole number from {limits}")
        );
    }
    assert_eq!(
        error_in_block("  max_paused_jobs: -1\n", &[]),
        "config.yml:3:20: aiq_connect.max_paused_jobs: must be a whole number from 0 to 10000"
    );
    assert_eq!(
        error_in_block("  retention: {flows_days: 0, audit_days: 29}\n", &[]),
        "config.yml:3:27: aiq_connect.retention.flows_days: must be a whole number of days from 1 to 365\n\
         config.yml:3:42: aiq_connect.retention.audit_days: must be a whole number of days from 30 to 36500"
    );
}

#[test]
fn wrong_addresses_are_told() {
    assert_eq!(
        error_in_block(
            "  public_url: http://aiq.example\n  bind: localhost:8000\n  worker: {bind: '0.0.0.0:8001'}\n",
            &[]
        ),
        "config.yml:3:15: aiq_connect.public_url: must begin with `https://` unless it is on this machine: browsers keep our cookies on https only\n\
         config.yml:4:9: aiq_connect.bind: must be an IP address and a port, such as `127.0.0.1:8000` or `[::1]:8000`\n\
         config.yml:5:18: aiq_connect.worker.bind: 0.0.0.0:8001 can be reached from other machines, and tokens would travel in the clear; bind it to 127.0.0.1, or set `aiq_connect.worker.insecure: true` where the network itself is encrypted"
    );
    assert_eq!(
        error_in_block("  public_url: https://aiq.example/path?x=1\n", &[]),
        "config.yml:3:15: aiq_connect.public_url: must be an origin alone, without path and query, such as `https://aiq.example.com`"
    );
    assert_eq!(
        error_in_block("  bind: 127.0.0.1:8001\n", &[]),
        "config.yml:3:9: aiq_connect.bind: 127.0.0.1:8001 would be the address of both listeners; people and workers need one each"
    );
    assert_eq!(
        error_in_block("  database: {url: 'postgresql://me:planted@db:x/aiq'}\n", &[]),
        "config.yml:3:19: aiq_connect.database.url: has a port that is no number from 1 to 65535"
    );
    assert_eq!(
        error_in_block("  outbound:\n    allow_hosts: ['http://a.example/', ok.example]\n", &[]),
        "config.yml:4:19: aiq_connect.outbound.allow_hosts[0]: must be a host name alone, without scheme, port or path, such as `idp.example.com`"
    );
}

#[test]
fn wrong_sign_in_and_upstream_are_told() {
    assert_eq!(
        error_in_block(
            "  sign_in:\n    issuer: http://idp.example\n    client_id: ${CLIENT_ID}\n    client_secret: ''\n    scopes: [profile]\n  \
             upstream: {kind: nta, url: 'ftp://me:planted@nat'}\n",
            &[]
        ),
        "config.yml:4:13: aiq_connect.sign_in.issuer: must begin with `https://`: tokens travel to it\n\
         config.yml:5:16: aiq_connect.sign_in.client_id: is empty; give a value (made from `${CLIENT_ID}`)\n\
         config.yml:6:20: aiq_connect.sign_in.client_secret: is empty; give a value, or remove the key\n\
         config.yml:7:13: aiq_connect.sign_in.scopes: must hold `openid`: without it there is no sign-in (OpenID Connect Core §3.1.2.1)\n\
         config.yml:8:20: aiq_connect.upstream.kind: `nta` is no kind of service; did you mean `nat`?\n\
         config.yml:8:30: aiq_connect.upstream.url: must begin with `https://` or `http://`"
    );
    assert_eq!(
        error_in_block(
            "  sign_in:\n    issuer: https://me:planted@idp.example?x#y\n    client_id: me\n  upstream: {}\n",
            &[]
        ),
        "config.yml:4:13: aiq_connect.sign_in.issuer: must not carry a user name or password\n\
         config.yml:6:13: aiq_connect.upstream.kind: is missing; add it\n\
         config.yml:6:13: aiq_connect.upstream.url: is missing; add it"
    );
    assert_eq!(
        error_in_block("  sign_in: {issuer: 'https://idp.example?tenant=1', client_id: me}\n", &[]),
        "config.yml:3:21: aiq_connect.sign_in.issuer: must not have a `?` query"
    );
    assert_eq!(
        error_in_block("  sign_in:\n    issuer: http://127.0.0.1:1\n    client_id: ${ID:?needed}\n", &[]),
        "config.yml:4:13: aiq_connect.sign_in.issuer: is on this machine; set `aiq_connect.outbound.allow_loopback: true` for development\n\
         config.yml:5:16: aiq_connect.sign_in.client_id: only `${VAR}` and `${VAR:-default}` are understood here"
    );
}

#[test]
fn wrong_variables_are_told_by_name_and_never_shown() {
    assert_eq!(
        error(
            EMPTY_REGISTRY,
            &[
                ("AIQ_CONNECT_BIND", "8000"),
                ("AIQ_CONNECT_DATABSE_URL", "sqlite:x"),
                ("AIQ_CONNECT_PORT", "tcp://10.0.0.1:8000"),
                ("AIQ_CONNECT_WORKER_KEY", "planted,0123456789abcdef,planted key with spaces"),
                ("AIQ_PUBLIC_URL", "https://me:planted@aiq.example"),
                ("AIQ_TOKEN_ENCRYPTION_KEY", "planted"),
            ],
        ),
        "AIQ_CONNECT_DATABSE_URL: unknown variable; did you mean `AIQ_CONNECT_DATABASE_URL`?\n\
         AIQ_PUBLIC_URL: must not carry a user name or password\n\
         AIQ_CONNECT_BIND: must be an IP address and a port, such as `127.0.0.1:8000` or `[::1]:8000`\n\
         AIQ_CONNECT_WORKER_KEY: key 1 of 3 is shorter than 16 characters; make one with `openssl rand -hex 32`\n\
         AIQ_CONNECT_WORKER_KEY: key 3 of 3 may hold visible ASCII characters only; make one with `openssl rand -hex 32`\n\
         AIQ_TOKEN_ENCRYPTION_KEY: must be 32 bytes, as base64 or as 64 hex digits, or several such keys with commas between them; make one with `openssl rand -base64 32`"
    );
}

#[test]
fn retention_is_as_configured_and_otherwise_by_default() {
    let retention = |block: &str| config(&format!("{EMPTY_REGISTRY}aiq_connect:\n{block}"), &[]).retention;
    let days = |retention: crate::config::Retention| {
        [retention.flows, retention.jobs, retention.audit].map(|span| span.num_days())
    };
    assert_eq!(days(retention("  bind: 127.0.0.1:1\n")), [7, 30, 400]);
    assert_eq!(days(retention("  retention: {jobs_days: 90, audit_days: 30}\n")), [7, 90, 30]);
}
