//! `aiq-connect keys`, as the command that it is: what it says, how it ends, and what it leaves in the key file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aiq_connect_test_postgres::{Database, Server};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

const YAML: &str =
    "functions: {data_sources: {_type: data_source_registry, sources: [{id: handbook, name: Handbook}]}}\n";

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A machine on which an operator types, and where its database is.
struct Machine {
    home: TempDir,
    server: Option<Database<'static>>,
}

impl Machine {
    fn with_a_file() -> Self {
        Self { home: tempfile::tempdir().unwrap(), server: None }
    }

    fn with_a_server() -> Self {
        Self { home: tempfile::tempdir().unwrap(), server: Some(Server::shared().database()) }
    }

    fn folder(&self) -> &Path {
        self.home.path()
    }

    fn key_file(&self) -> PathBuf {
        self.folder().join("aiq-connect.db.key")
    }

    fn run(&self, line: &str, variables: &[(&str, &str)], input: &str) -> Said {
        let file = self.folder().join("aiq.yml");
        fs::write(&file, YAML).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        command.current_dir(self.folder()).env_clear().args(line.split_whitespace()).arg("--config").arg(&file);
        command.env("AIQ_CONNECT_WORKER_KEY", "worker-key-0123456789").env("USER", "olga");
        if let Some(server) = &self.server {
            command.env("AIQ_CONNECT_DATABASE_URL", server.url()).env("AIQ_CONNECT_KEY_FILE", self.key_file());
        }
        command.envs(variables.iter().copied());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who reads nothing may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", self.folder().display()), "");
        let said = Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        if let Ok(keys) = fs::read_to_string(self.key_file()) {
            for key in keys.lines() {
                assert!(!said.out.contains(key) && !said.err.contains(key), "a key was told");
            }
        }
        assert!(!said.out.contains("5a5a5a5a5a5a") && !said.err.contains("5a5a5a5a5a5a"), "a key was told");
        said
    }

    fn well(&self, line: &str) -> String {
        let Said { code, out, err } = self.run(line, &[], "");
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line}: {out}");
        out
    }

    /// Makes the database, and the key of its first start.
    fn install(&self) {
        self.well("migrate");
        let key = format!("# of the first start\n{}\n", "cd".repeat(32));
        fs::write(self.key_file(), key).unwrap();
        fs::set_permissions(self.key_file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// As if every key had been retired two minutes earlier.
    fn rest(&self) {
        const REST: &str = "UPDATE aiq_connect.keys SET retired_at = retired_at - 120000";
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if let Some(server) = &self.server {
                let mut outside = PgConnection::connect(&server.tcp_url()).await.unwrap();
                sqlx::query(REST).execute(&mut outside).await.unwrap();
            } else {
                let file = self.folder().join("aiq-connect.db").display().to_string();
                let mut outside = SqliteConnection::connect(&file).await.unwrap();
                let rest = "UPDATE keys SET retired_at = retired_at - 120000";
                sqlx::query(rest).execute(&mut outside).await.unwrap();
            }
        });
    }

    /// What the audit trail tells, oldest first: kind and details. Each record names who did it.
    fn told(&self) -> Vec<String> {
        let Said { out, .. } = self.run("audit show --json", &[], "");
        let one = |line: &str| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut details = record["detail"].as_object().unwrap().clone();
            assert_eq!(details.remove("by").unwrap(), "administrator olga", "{line}");
            let key = details.remove("key").unwrap();
            let details = if details.is_empty() { String::new() } else { format!(" {}", serde_json::json!(details)) };
            format!("{} {}{details}", record["kind"].as_str().unwrap(), key.as_str().unwrap())
        };
        out.lines().map(one).collect()
    }
}

/// One test for each database.
macro_rules! on_both_databases {
    ($($case:ident,)*) => {
        $(
            mod $case {
                #[test]
                fn in_a_file() {
                    super::$case(&super::Machine::with_a_file());
                }

                #[test]
                fn on_a_server() {
                    super::$case(&super::Machine::with_a_server());
                }
            }
        )*
    };
}
on_both_databases! {
    a_key_is_added_activated_and_removed_from_the_command_line,
    a_lost_key_file_is_made_anew_by_adding_a_key_and_giving_up_the_old_one,
    keys_in_the_variable_are_the_operators_to_change,
}

/// The ids in a text, in its order.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let is_id = |word: &&str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    words.filter(is_id).map(str::to_owned).collect()
}

fn a_key_is_added_activated_and_removed_from_the_command_line(machine: &Machine) {
    let file = machine.key_file();
    machine.install();
    let added = machine.well("keys add");
    assert!(
        added.starts_with("added key ") && added.contains("to aiq-connect.db.key; it seals nothing yet"),
        "{added}"
    );
    let new = ids(&added).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# of the first start\n") && text.lines().count() == 3, "appended");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let status = machine.well("keys status");
    let all = ids(&status);
    let old = all.iter().find(|id| **id != new).unwrap().clone();
    assert!(status.contains(&format!("{old} active since ")), "{status}");
    assert!(status.contains(&format!("{new} added at ")), "{status}");
    assert!(status.contains(&format!("`aiq-connect keys activate {new}` makes it the one that seals")), "{status}");

    let said = machine.well(&format!("keys activate {}", &new[..6]));
    assert!(said.contains(&format!("key {new} seals from now on")) && said.contains("keys rotate"), "{said}");
    let rotated: serde_json::Value = serde_json::from_str(&machine.well("keys rotate --json")).unwrap();
    assert_eq!(rotated, serde_json::json!({"active": new, "resealed": 0, "unopenable": 0, "left": []}));
    assert!(machine.well("keys rotate").contains("Nothing needs an earlier key any more"));

    let Said { code, err, .. } = machine.run(&format!("keys remove {old}"), &[], "");
    assert!(code == Some(2) && err.contains("was retired a moment ago"), "{code:?} {err}");
    let Said { code, err, .. } = machine.run(&format!("keys remove {new}"), &[], "");
    assert!(code == Some(2) && err.contains("is the active one"), "{code:?} {err}");
    let Said { code, err, .. } = machine.run(&format!("keys remove {old} --lost"), &[], "");
    assert!(code == Some(2) && err.contains("is not lost, it is held here"), "{code:?} {err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "nothing was taken out");

    let records = machine.told();
    let rotation =
        [format!("rotation_began {new}"), format!(r#"rotation_ended {new} {{"resealed":"0","unopenable":"0"}}"#)];
    let expected = [
        format!("key_added {old}"),
        format!("key_added {new}"),
        format!("key_activated {old}"),
        format!("key_activated {new}"),
        format!("key_retired {old}"),
    ];
    assert_eq!(records, [expected.as_slice(), &rotation, &rotation].concat(), "what was refused is not in the trail");
    assert!(machine.well("audit show").contains(&format!("a key was added: by=administrator olga key={old}")));
    assert!(machine.well("audit verify").starts_with("9 records in 4 chains"));

    machine.rest();
    assert!(machine.well(&format!("keys remove {old}")).contains("took it out of aiq-connect.db.key"));
    machine.well(&format!("keys remove {old}"));
    let records = machine.told();
    assert_eq!(records[9..], [format!("key_removed {old}")], "once, however often it is run");
    let Said { code, out, .. } = machine.run("audit verify", &[], "");
    assert!(code == Some(1) && out.contains(&format!("cannot be checked without key {old}")), "{code:?} {out}");
}

fn a_lost_key_file_is_made_anew_by_adding_a_key_and_giving_up_the_old_one(machine: &Machine) {
    let file = machine.key_file();
    machine.install();
    machine.well("keys add");
    let old = ids(&machine.well("keys status")).remove(0);
    fs::remove_file(&file).unwrap();
    let Said { code, out, .. } = machine.run("keys status", &[], "");
    assert!(code == Some(1) && out.contains(&format!("warning  {old} active")), "{code:?} {out}");
    assert!(!file.exists());

    let added = machine.well("keys add");
    assert!(added.contains("The audit trail cannot tell of it: the active key is not held here."), "{added}");
    let new = ids(&added).remove(0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let Said { code, err, .. } = machine.run(&format!("keys activate {new}"), &[], "");
    assert!(code == Some(2) && err.contains("--old-is-lost"), "{code:?} {err}");
    machine.well(&format!("keys activate {new} --old-is-lost"));
    let Said { code, out, err } = machine.run(&format!("keys remove {old} --lost"), &[], "");
    assert!(code == Some(1) && out.contains("shows as disconnected"), "{code:?} {out} {err}");
    let Said { code, err, .. } = machine.run(&format!("keys activate {old}"), &[], "");
    assert!(code == Some(2) && err.contains("does not come back"), "{code:?} {err}");
    let records = machine.told();
    let last = [
        format!("key_activated {new}"),
        format!(r#"key_retired {old} {{"lost":"true"}}"#),
        format!("key_removed {old}"),
    ];
    assert_eq!(records[records.len() - 3..], last);
}

fn keys_in_the_variable_are_the_operators_to_change(machine: &Machine) {
    machine.well("migrate");
    let (one, two) = ("ab".repeat(32), "5a".repeat(32));
    let alone = [("AIQ_TOKEN_ENCRYPTION_KEY", one.as_str())];
    let Said { code, err, .. } = machine.run("keys add", &alone, "");
    assert!(code == Some(2) && err.contains("openssl rand -base64 32") && err.contains("restart"), "{code:?} {err}");

    let Said { code, out, err } = machine.run("keys add --from-file -", &alone, &two);
    assert!(code == Some(0) && out.contains("write it there behind the others, with a comma"), "{code:?} {out} {err}");
    let new = ids(&out).remove(0);
    let Said { code, err, .. } = machine.run(&format!("keys activate {new}"), &alone, "");
    assert!(code == Some(2) && err.contains("is not held here"), "{code:?} {err}");

    let both = format!("{one}, {two}");
    let both = [("AIQ_TOKEN_ENCRYPTION_KEY", both.as_str())];
    let Said { code, err, .. } = machine.run(&format!("keys activate {new}"), &both, "");
    assert_eq!(code, Some(0), "{err}");
    let Said { code, err, .. } = machine.run("keys add --from-file -", &both, "not a key");
    assert!(code == Some(2) && err.contains("a key is 32 bytes"), "{code:?} {err}");
    let Said { code, err, .. } = machine.run("keys activate 0000", &both, "");
    assert!(code == Some(2) && err.contains("no key `0000` is known here"), "{code:?} {err}");
    assert!(!machine.key_file().exists(), "no file beside a variable");
}

#[test]
fn without_a_database_or_a_key_the_verbs_make_neither() {
    let machine = &Machine::with_a_file();
    let Said { code, err, .. } = machine.run("keys status", &[], "");
    assert!(code == Some(2) && err.contains("aiq-connect migrate"), "{code:?} {err}");
    assert!(!machine.folder().join("aiq-connect.db").exists());
    machine.well("migrate");
    let Said { code, err, .. } = machine.run("keys status", &[], "");
    assert!(code == Some(2) && err.contains("aiq-connect.db.key cannot be used: No such file"), "{code:?} {err}");
    assert!(!machine.key_file().exists());
}
