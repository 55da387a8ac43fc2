//! The `aiq-connect` command itself: what it says and how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

const GOOD: &str = "\
functions: {data_sources: {_type: data_source_registry, sources: [{id: incidents, name: Incidents, tools: [incidents]}]}}
function_groups: {incidents: {_type: per_user_mcp_client, server: {url: 'http://127.0.0.1:1/mcp'}}}
aiq_connect: {outbound: {allow_loopback: true}}
";

fn command(folder: &Path, yaml: &str, variables: &[(&str, &str)]) -> Command {
    verb("serve", folder, yaml, variables)
}

fn verb(verb: &str, folder: &Path, yaml: &str, variables: &[(&str, &str)]) -> Command {
    let file = folder.join("aiq.yml");
    std::fs::write(&file, yaml).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
    command.current_dir(folder).env_clear().args([verb, "--config"]).arg(file);
    command.env("AIQ_CONNECT_BIND", "127.0.0.1:0").env("AIQ_CONNECT_WORKER_BIND", "127.0.0.1:0");
    command.env("AIQ_CONNECT_WORKER_KEY", "worker-key-0123456789").envs(variables.iter().copied());
    command
}

fn output(yaml: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = command(folder.path(), yaml, variables).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&stdout), "", "nobody is told that it is ready");
    let said = String::from_utf8(stderr).unwrap().replace(&format!("{}/", folder.path().display()), "");
    // Log lines begin with the time.
    let said = said.lines().filter(|line| !line.starts_with("20")).collect::<Vec<_>>().join("\n");
    (status.code(), said)
}

/// Ends what a test started.
struct Running(Child);

impl Running {
    fn ready(mut command: Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn malformed_yaml_is_told_with_file_and_line_and_ends_with_2() {
    let (code, said) = output("functions:\n  data_sources: [1, 2\naiq_connect: {}\n", &[]);
    assert_eq!(code, Some(2));
    assert_eq!(said, "aiq.yml:3:12: not YAML: illegal placement of ':' indicator");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place_and_the_nearest_right_name() {
    let yaml = format!("{}  {}", GOOD.replace("outbound", "outbuond"), "\n");
    let (code, said) = output(&yaml, &[("AIQ_CONNECT_BIN", "x")]);
    assert_eq!(code, Some(2));
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines.iter().any(|line| line.contains("aiq.yml:3:15: aiq_connect.outbuond") && line.contains("`outbound`")),
        "{said}"
    );
    assert!(
        lines.iter().any(|line| line.contains("AIQ_CONNECT_BIN: ") && line.contains("`AIQ_CONNECT_BIND`")),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), GOOD, &[]);
    std::fs::remove_file(folder.path().join("aiq.yml")).unwrap();
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(2));
    let said = String::from_utf8(stderr).unwrap();
    assert!(said.contains("aiq.yml") && said.contains("No such file"), "{said}");
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    for (variable, key) in
        [("AIQ_CONNECT_BIND", "aiq_connect.bind"), ("AIQ_CONNECT_WORKER_BIND", "aiq_connect.worker.bind")]
    {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let (code, said) = output(GOOD, &[(variable, &address.to_string())]);
        assert_eq!(code, Some(2));
        assert_eq!(
            said,
            format!(
                "cannot listen on {address}: Address already in use (os error 98). Another program uses port {}. \
                 Stop it, or: Set {variable} (or {key}) to another address.",
                address.port()
            )
        );
    }
}

#[test]
fn a_database_or_key_file_that_cannot_be_made_is_named_with_the_reason() {
    let database = ("AIQ_CONNECT_DATABASE_URL", "sqlite:////nowhere/at/all.db");
    let (code, said) = output(GOOD, &[database, ("AIQ_TOKEN_ENCRYPTION_KEY", &"5a".repeat(32))]);
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "cannot open the database /nowhere/at/all.db: No such file or directory (os error 2). Its folder has to \
         exist and be writable; AIQ_CONNECT_DATABASE_URL (or aiq_connect.database.url) names it, with four slashes \
         before an absolute path."
    );

    let (code, said) = output(GOOD, &[("AIQ_CONNECT_KEY_FILE", "/nowhere/at/all.key")]);
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "the encryption keys cannot be used: the key file /nowhere/at/all.key cannot be used: \
         No such file or directory (os error 2)"
    );
}

#[test]
fn it_is_ready_while_a_provider_is_away_and_ends_well_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, line) = Running::ready(command(folder.path(), GOOD, &[]));
    assert_eq!(line, "ready http://localhost:8000/\n");
    let told = Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("made a new encryption key") && said.contains("stopping"), "{said}");
    assert!(folder.path().join("aiq-connect.db").exists());
    assert!(!said.contains("worker-key-0123456789"));
}
