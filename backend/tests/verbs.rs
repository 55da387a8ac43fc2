//! `aiq-connect check` and `aiq-connect migrate`: what they say and how they end.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const GOOD: &str = "\
functions:
  data_sources:
    _type: data_source_registry
    sources:
      - {id: incidents, name: Team Incidents, tools: [incidents]}
      - {id: crm, name: CRM, per_user_auth: {required: true, mcp_server_id: crm}}
      - {id: handbook, name: Handbook}
function_groups: {incidents: {_type: aiq_connect_mcp_client, server: {url: 'http://127.0.0.1:1/mcp'}}}
authentication: {crm: {_type: mcp_oauth2, server_url: 'http://127.0.0.1:1/crm', client_id: us, client_secret: hunter2hunter2, scopes: [api, offline_access]}}
aiq_connect:
  outbound: {allow_loopback: true}
  sign_in: {issuer: 'http://127.0.0.1:1', client_id: aiq, client_secret: hunter3hunter3}
";

const KEY: &str = "worker-key-0123456789";

/// What was said on standard output and standard error, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &Path, yaml: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let file = folder.join("aiq.yml");
    std::fs::write(&file, yaml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
    command.current_dir(folder).env_clear().args(arguments).arg("--config").arg(file);
    command.env("AIQ_CONNECT_WORKER_KEY", KEY).envs(variables.iter().copied());
    let Output { status, stdout, stderr } = ended(&mut command);
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", folder.display()), "");
    let said = Said { code: status.code(), out: text(stdout), err: text(stderr) };
    for secret in ["hunter2hunter2", "hunter3hunter3", KEY] {
        assert!(!said.out.contains(secret) && !said.err.contains(secret), "a secret was told");
    }
    said
}

/// What a command said that ends by itself. One that serves although it should not have is stopped.
fn ended(command: &mut Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it did not end: {:?}", child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

fn in_a_new_folder(yaml: &str, arguments: &[&str]) -> Said {
    run(tempfile::tempdir().unwrap().path(), yaml, arguments, &[])
}

#[test]
fn check_explains_a_configuration_in_words_and_ends_with_0() {
    let Said { code, out, err } = in_a_new_folder(GOOD, &["check", "--offline"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected = "\
Configuration
  ok       aiq.yml can be used

Sources
  ok       incidents \"Team Incidents\": protected, because its tools are of the group `incidents` of `_type: aiq_connect_mcp_client`; server `incidents`
  ok       crm \"CRM\": protected, because its `per_user_auth` block says so; server `crm`
  ok       handbook \"Handbook\": needs no account

Servers
  ok       crm at http://127.0.0.1:1/crm: pre-registered confidential client `us`; asks for api offline_access
  ok       incidents at http://127.0.0.1:1/mcp: registers itself (RFC 7591) as \"AIQ Connect\"; asks for the scopes that the server names

People
  ok       sign in at http://127.0.0.1:1 as client `aiq`
  note     cannot submit jobs here: `aiq_connect.upstream` is not set
  ok       a job waits 900 s for its owner, and 8 wait at once at most

Listeners
  ok       people reach it as http://localhost:8000/; it listens on 127.0.0.1:8000
  ok       workers ask on 127.0.0.1:8001
  note     servers on this machine are allowed (`aiq_connect.outbound.allow_loopback`): for development

Database and key
  note     aiq-connect.db is made at the first start
  note     the encryption key aiq-connect.db.key is made at the first start; keep a copy

All is well.
";
    assert_eq!(out, expected);
}

#[test]
fn check_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), GOOD, &["check"], &[]);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["aiq.yml"]);
}

#[test]
fn check_says_which_server_cannot_be_reached_and_ends_with_1() {
    let Said { code, out, .. } = in_a_new_folder(GOOD, &["check"]);
    assert_eq!(code, Some(1));
    for sentence in [
        "Discovery of crm\n  warning  http://127.0.0.1:1/crm: the provider cannot be reached (no connection); it may pass by itself",
        "Discovery of incidents\n  warning  http://127.0.0.1:1/mcp: the provider cannot be reached",
        "Discovery of the sign-in\n  warning  http://127.0.0.1:1: the provider cannot be reached",
        "3 warnings.",
    ] {
        assert!(out.contains(sentence), "{sentence}\nis not in\n{out}");
    }
}

#[test]
fn check_names_what_keeps_a_source_from_being_connected() {
    let incomplete = GOOD.replace("client_secret: hunter2hunter2", "token_endpoint_auth_method: client_secret_basic");
    let Said { code, out, .. } = in_a_new_folder(&incomplete, &["check", "--offline"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("warning  crm cannot be connected: ") && out.contains("client_secret"), "{out}");
}

#[test]
fn check_tells_how_people_are_told_apart_and_when_they_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let without = GOOD.lines().filter(|line| !line.contains("sign_in")).collect::<Vec<_>>().join("\n");
    let check = |yaml: &str, variables: &[(&str, &str)]| run(folder.path(), yaml, &["check", "--offline"], variables);
    let nobody = check(&without, &[]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.out.contains("warning  cannot be told apart, so personal sources are off"), "{}", nobody.out);
    let issuer = ("AIQ_JWT_ISSUER", "http://127.0.0.1:1");
    let tokens = check(&without, &[issuer, ("AIQ_JWT_AUDIENCE", "aiq")]);
    assert_eq!(tokens.code, Some(0), "{}", tokens.out);
    assert!(tokens.out.contains("are known by tokens of http://127.0.0.1:1 for `aiq`"), "{}", tokens.out);
    let any = check(&format!("{without}\n  allow_any_audience: true\n"), &[issuer]);
    assert_eq!(any.code, Some(1));
    assert!(any.out.contains("for anybody"), "{}", any.out);
    let local = check(&format!("{without}\n  local_user: alice\n"), &[]);
    assert!(local.out.contains("everybody on this machine is `alice`"), "{}", local.out);
}

#[test]
fn check_knows_what_aiq_would_trip_over_and_says_so_only_where_an_aiq_is_started() {
    let for_aiq = format!(
        "general: {{front_end: {{_type: aiq_api}}}}\n{}",
        GOOD.replace("mcp_server_id: crm}", "mcp_server_id: crm, auth_provider: crm}")
            .replace("functions:\n", "functions:\n  shallow_research_agent: {_type: shallow_research_agent}\n")
            .replace("_type: aiq_connect_mcp_client", "_type: per_user_mcp_client")
    );
    let Said { code, out, .. } = in_a_new_folder(&for_aiq, &["check", "--offline"]);
    assert_eq!(code, Some(1));
    for key in [
        "functions.shallow_research_agent: AIQ 2.1 and 2.2 answer 422",
        "sources[1].per_user_auth.auth_provider: AIQ 2.2 checks this source by itself",
        "function_groups.incidents: in AIQ's own process",
    ] {
        assert!(out.contains(key), "{key}\nis not in\n{out}");
    }
    let for_nat = for_aiq.replace("_type: aiq_api", "_type: fastapi");
    assert_eq!(in_a_new_folder(&for_nat, &["check", "--offline"]).code, Some(0));
}

/// A realistic configuration of an AIQ 2.2, which `docs/configuration.md` shows as an example.
#[test]
fn check_explains_the_sample_of_an_aiq_and_finds_each_of_its_traps() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sample-on-this-machine.yml");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
    command.current_dir(folder.path()).env_clear().args(["check", "--offline", "--config"]).arg(file);
    let Output { status, stdout, .. } = command.output().unwrap();
    let out = String::from_utf8(stdout).unwrap();
    assert_eq!(status.code(), Some(1), "{out}");
    for sentence in [
        "github_mcp \"GitHub\": protected, because its tools are of the group `github_tools` of `_type: per_user_mcp_client`",
        "gdrive \"Google Drive\": protected, because its `per_user_auth` block says so; server `gdrive`",
        "gdrive at http://127.0.0.1:9704/mcp: registers itself (RFC 7591) as \"AIQ (test)\"",
        "github_mcp at http://127.0.0.1:9703/mcp: pre-registered public client `gh-public-client`; asks for repo read:org",
        "warning  servicenow_mcp cannot be connected: ",
        "web_search \"Web Search\": needs no account",
    ] {
        assert!(out.contains(sentence), "{sentence}\nis not in\n{out}");
    }
    let traps = |words: &str| out.lines().filter(|line| line.contains(words)).count();
    assert_eq!(traps("AIQ 2.2 checks this source by itself"), 3);
    assert_eq!(traps("AIQ 2.1 and 2.2 answer 422"), 2);
    assert_eq!(traps("in AIQ's own process this group breaks the chat"), 2);
}

#[test]
fn a_configuration_that_cannot_be_used_ends_with_2_and_json_names_the_places() {
    let wrong = GOOD.replace("outbound:", "outbuond:");
    let Said { code, out, err } = in_a_new_folder(&wrong, &["check", "--offline", "--json"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("aiq_connect.outbuond: unknown key; did you mean `outbound`?"), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let keys: Vec<_> = told["problems"].as_array().unwrap().iter().map(|problem| &problem["key"]).collect();
    assert!(keys.contains(&&Value::from("aiq_connect.outbuond")), "{out}");
}

#[test]
fn check_answers_as_json_when_asked_to() {
    let Said { code, out, .. } = in_a_new_folder(GOOD, &["check", "--offline", "--json"]);
    assert_eq!(code, Some(0));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["sections"][1]["title"], "Sources");
    assert_eq!(told["sections"][1]["findings"][2]["level"], "ok");
}

#[test]
fn migrate_makes_the_database_and_the_second_time_has_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), GOOD, &["migrate"], &[]);
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    assert!(first.out.starts_with("made the database aiq-connect.db with schema "), "{}", first.out);
    let second = run(folder.path(), GOOD, &["migrate"], &[]);
    assert_eq!(second.code, Some(0));
    assert!(second.out.ends_with(" already; nothing to do\n"), "{}", second.out);
    let checked = run(folder.path(), GOOD, &["check", "--offline"], &[]);
    assert!(checked.out.contains("ok       aiq-connect.db has schema "), "{}", checked.out);
}

#[test]
fn serve_without_migrating_refuses_an_older_schema_and_leaves_it_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("aiq-connect.db");
    let is_refused = || {
        let Said { code, err, .. } = run(folder.path(), GOOD, &["serve", "--no-migrate"], &[]);
        assert_eq!(code, Some(2));
        assert!(err.starts_with("the database aiq-connect.db has schema 0, and this version needs "), "{err}");
        assert!(err.contains("run `aiq-connect migrate`, or start without --no-migrate"), "{err}");
    };
    is_refused();
    assert!(!database.exists());
    std::fs::write(&database, "").unwrap();
    is_refused();
    assert_eq!(std::fs::read(&database).unwrap(), b"");
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("aiq-connect.db"), "not a database at all, but a letter to somebody").unwrap();
    let Said { code, err, .. } = run(folder.path(), GOOD, &["migrate"], &[]);
    assert_eq!(code, Some(2));
    assert!(err.starts_with("cannot open the database aiq-connect.db: "), "{err}");
}

#[test]
fn help_names_every_verb() {
    let out = Command::new(env!("CARGO_BIN_EXE_aiq-connect")).arg("--help").output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    for verb in ["serve", "check", "migrate"] {
        assert!(said.lines().any(|line| line.trim_start().starts_with(verb)), "{said}");
    }
}
