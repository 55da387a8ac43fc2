//! `aiq-connect keys`, as the command that it is: what it says, how it ends, and what it leaves in the key file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

const YAML: &str =
    "functions: {data_sources: {_type: data_source_registry, sources: [{id: handbook, name: Handbook}]}}\n";

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &Path, line: &str, variables: &[(&str, &str)], input: &str) -> Said {
    let file = folder.join("aiq.yml");
    fs::write(&file, YAML).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
    command.current_dir(folder).env_clear().args(line.split_whitespace()).arg("--config").arg(&file);
    command.env("AIQ_CONNECT_WORKER_KEY", "worker-key-0123456789").envs(variables.iter().copied());
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", folder.display()), "");
    let said = Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    if let Ok(keys) = fs::read_to_string(folder.join("aiq-connect.db.key")) {
        for key in keys.lines() {
            assert!(!said.out.contains(key) && !said.err.contains(key), "a key was told");
        }
    }
    assert!(!said.out.contains("5a5a5a5a5a5a") && !said.err.contains("5a5a5a5a5a5a"), "a key was told");
    said
}

fn well(folder: &Path, line: &str) -> String {
    let Said { code, out, err } = run(folder, line, &[], "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{line}: {out}");
    out
}

/// The ids in a text, in its order.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    let is_id = |word: &&str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    words.filter(is_id).map(str::to_owned).collect()
}

/// A database, and the key of its first start.
fn installed(folder: &Path) {
    well(folder, "migrate");
    let key = format!("# of the first start\n{}\n", "cd".repeat(32));
    fs::write(folder.join("aiq-connect.db.key"), key).unwrap();
    fs::set_permissions(folder.join("aiq-connect.db.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_is_added_activated_and_removed_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, file) = (folder.path(), folder.path().join("aiq-connect.db.key"));
    installed(folder);
    let added = well(folder, "keys add");
    assert!(
        added.starts_with("added key ") && added.contains("to aiq-connect.db.key; it seals nothing yet"),
        "{added}"
    );
    let new = ids(&added).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# of the first start\n") && text.lines().count() == 3, "appended");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let status = well(folder, "keys status");
    let all = ids(&status);
    let old = all.iter().find(|id| **id != new).unwrap().clone();
    assert!(status.contains(&format!("{old} active since ")), "{status}");
    assert!(status.contains(&format!("{new} added at ")), "{status}");
    assert!(status.contains(&format!("`aiq-connect keys activate {new}` makes it the one that seals")), "{status}");

    let said = well(folder, &format!("keys activate {}", &new[..6]));
    assert!(said.contains(&format!("key {new} seals from now on")) && said.contains("keys rotate"), "{said}");
    let rotated: serde_json::Value = serde_json::from_str(&well(folder, "keys rotate --json")).unwrap();
    assert_eq!(rotated, serde_json::json!({"active": new, "resealed": 0, "unopenable": 0, "left": []}));
    assert!(well(folder, "keys rotate").contains("Nothing needs an earlier key any more"));

    let Said { code, err, .. } = run(folder, &format!("keys remove {old}"), &[], "");
    assert!(code == Some(2) && err.contains("was retired a moment ago"), "{code:?} {err}");
    let Said { code, err, .. } = run(folder, &format!("keys remove {new}"), &[], "");
    assert!(code == Some(2) && err.contains("is the active one"), "{code:?} {err}");
    let Said { code, err, .. } = run(folder, &format!("keys remove {old} --lost"), &[], "");
    assert!(code == Some(2) && err.contains("is not lost, it is held here"), "{code:?} {err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "nothing was taken out");
}

#[test]
fn a_lost_key_file_is_made_anew_by_adding_a_key_and_giving_up_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, file) = (folder.path(), folder.path().join("aiq-connect.db.key"));
    installed(folder);
    well(folder, "keys add");
    let old = ids(&well(folder, "keys status")).remove(0);
    fs::remove_file(&file).unwrap();
    let Said { code, out, .. } = run(folder, "keys status", &[], "");
    assert!(code == Some(1) && out.contains(&format!("warning  {old} active")), "{code:?} {out}");
    assert!(!file.exists());

    let new = ids(&well(folder, "keys add")).remove(0);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let Said { code, err, .. } = run(folder, &format!("keys activate {new}"), &[], "");
    assert!(code == Some(2) && err.contains("--old-is-lost"), "{code:?} {err}");
    well(folder, &format!("keys activate {new} --old-is-lost"));
    let Said { code, out, err } = run(folder, &format!("keys remove {old} --lost"), &[], "");
    assert!(code == Some(1) && out.contains("shows as disconnected"), "{code:?} {out} {err}");
    let Said { code, err, .. } = run(folder, &format!("keys activate {old}"), &[], "");
    assert!(code == Some(2) && err.contains("does not come back"), "{code:?} {err}");
}

#[test]
fn keys_in_the_variable_are_the_operators_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    well(folder, "migrate");
    let (one, two) = ("ab".repeat(32), "5a".repeat(32));
    let alone = [("AIQ_TOKEN_ENCRYPTION_KEY", one.as_str())];
    let Said { code, err, .. } = run(folder, "keys add", &alone, "");
    assert!(code == Some(2) && err.contains("openssl rand -base64 32") && err.contains("restart"), "{code:?} {err}");

    let Said { code, out, err } = run(folder, "keys add --from-file -", &alone, &two);
    assert!(code == Some(0) && out.contains("write it there behind the others, with a comma"), "{code:?} {out} {err}");
    let new = ids(&out).remove(0);
    let Said { code, err, .. } = run(folder, &format!("keys activate {new}"), &alone, "");
    assert!(code == Some(2) && err.contains("is not held here"), "{code:?} {err}");

    let both = format!("{one}, {two}");
    let both = [("AIQ_TOKEN_ENCRYPTION_KEY", both.as_str())];
    let Said { code, err, .. } = run(folder, &format!("keys activate {new}"), &both, "");
    assert_eq!(code, Some(0), "{err}");
    let Said { code, err, .. } = run(folder, "keys add --from-file -", &both, "not a key");
    assert!(code == Some(2) && err.contains("a key is 32 bytes"), "{code:?} {err}");
    let Said { code, err, .. } = run(folder, "keys activate 0000", &both, "");
    assert!(code == Some(2) && err.contains("no key `0000` is known here"), "{code:?} {err}");
    assert!(!folder.join("aiq-connect.db.key").exists(), "no file beside a variable");
}

#[test]
fn without_a_database_or_a_key_the_verbs_make_neither() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Said { code, err, .. } = run(folder, "keys status", &[], "");
    assert!(code == Some(2) && err.contains("aiq-connect migrate"), "{code:?} {err}");
    assert!(!folder.join("aiq-connect.db").exists());
    well(folder, "migrate");
    let Said { code, err, .. } = run(folder, "keys status", &[], "");
    assert!(code == Some(2) && err.contains("aiq-connect.db.key cannot be used: No such file"), "{code:?} {err}");
    assert!(!folder.join("aiq-connect.db.key").exists());
}
