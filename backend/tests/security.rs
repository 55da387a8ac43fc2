//! The threat table of `SECURITY.md` cannot rot: every answer names tests, and every test that it names is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The functions of every Rust file in a folder that are marked as tests, or run as a part of one.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut lines = text.lines().map(str::trim);
            while let Some(line) = lines.next() {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    let name = lines.by_ref().find_map(|line| line.split_once("fn ")).map(|(_, rest)| rest);
                    found.extend(name.and_then(|rest| rest.split('(').next()).map(str::to_owned));
                } else if line.starts_with("on_") && line.ends_with("! {") {
                    // A list of cases, of which a macro makes one test for each database.
                    let cases = lines.by_ref().take_while(|line| *line != "}");
                    found.extend(cases.map(|case| case.trim_end_matches(',').to_owned()));
                }
            }
        }
    }
}

/// The tests that one row of the table names.
fn named(row: &str) -> Vec<String> {
    let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_threat_is_answered_by_tests_that_exist() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| somebody |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 10, "the threat table is there");
    let mut known = BTreeSet::new();
    for folder in ["backend", "shared", "xtask"] {
        for part in ["src", "tests"] {
            let folder = root().join(folder).join(part);
            if folder.is_dir() {
                tests_in(&folder, &mut known);
            }
        }
    }
    for row in rows {
        let named = named(row);
        assert!(!named.is_empty(), "no test shows the answer of: {row}");
        for test in named {
            assert!(known.contains(&test), "SECURITY.md names `{test}`, which is no test");
        }
    }
}
