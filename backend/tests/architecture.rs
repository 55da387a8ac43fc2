//! Which way dependencies point, and how long files are. Reads the sources as text; names the offender.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A module, the crates and modules of ours that it must not know, and the files of it that may all the same.
const FORBIDDEN: &[(&str, &[&str], &[&str])] = &[
    ("", &["axum"], &["http/", "app.rs"]),
    ("", &["sqlx"], &["storage/sqlite/", "storage/postgres/", "storage/migrations.rs"]),
    ("", &["reqwest", "hyper"], &["oauth/", "jobs/forward_nat.rs", "app.rs"]),
    (
        "",
        &["SqliteStore", "PostgresStore", "NatService"],
        &["app.rs", "admin/", "storage/", "jobs/forward_nat.rs", "jobs/mod.rs"],
    ),
    // What is stored is timed by the database; only tokens and documents of others are looked at by this process's clock.
    ("", &["Clock", "SystemClock"], &["clock.rs", "identity/", "oauth/", "admin/check/", "app.rs"]),
    ("", &["crate::app"], &["main.rs", "admin/mod.rs", "admin/serve.rs"]),
    ("", &["crate::http"], &["app.rs", "http/"]),
    ("domain/", &["crate::config", "crate::vault", "crate::storage", "crate::oauth", "crate::connections"], &[]),
    ("connections/", &["http", "crate::identity", "crate::jobs", "HttpAuthorizationServers"], &[]),
    (
        "storage/",
        &["http", "crate::oauth", "crate::connections", "crate::jobs", "crate::vault"],
        &["storage/contract/"],
    ),
    ("oauth/", &["crate::storage", "crate::connections", "crate::config", "crate::identity"], &[]),
    ("vault/", &["crate::storage", "crate::connections", "crate::config", "crate::oauth", "tokio"], &[]),
    ("sealing/", &["http", "crate::oauth", "crate::connections", "crate::identity", "crate::jobs"], &[]),
    ("config/", &["crate::storage", "crate::connections", "crate::oauth", "tokio"], &[]),
    ("jobs/", &["crate::oauth", "crate::identity"], &[]),
    ("audit/", &["crate::oauth", "crate::connections", "crate::jobs", "crate::identity", "crate::config"], &[]),
];

/// What the contract may know: nothing that does anything.
const FORBIDDEN_IN_SHARED: &[&str] = &["axum", "sqlx", "reqwest", "tokio", "yew", "web_sys", "std::fs", "std::env"];

const LONGEST: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code without comments and without unit tests, which may reach anywhere.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]\nmod tests"));
    let lines = lines.map(|line| line.split("//").next().unwrap_or_default());
    let whole = lines.collect::<Vec<_>>().join("\n");
    whole.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// `crate::{a::B, c}` as `crate::a crate::c`, so that grouped and single imports read alike.
fn ungrouped(code: &str) -> String {
    let mut plain = code.to_owned();
    for (start, group) in code.match_indices("crate::{") {
        let mut depth = 0;
        plain.push_str("\ncrate::");
        for character in code[start + group.len()..].chars() {
            match character {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => plain.push_str("\ncrate::"),
                character if depth == 0 && !character.is_whitespace() => plain.push(character),
                _ => {}
            }
        }
    }
    plain
}

/// Whether code names a crate, module or type: as a path of its own, not as a part of another word or path.
fn names(code: &str, wanted: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let is_type = wanted.starts_with(char::is_uppercase);
    code.match_indices(wanted).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + wanted.len()..]);
        let begins = !before.ends_with(is_part) && (is_type || !before.ends_with("::"));
        let ends = if is_type || wanted.starts_with("crate::") {
            !after.starts_with(is_part)
        } else {
            after.starts_with("::")
        };
        begins && ends
    })
}

#[test]
fn dependencies_point_inwards() {
    let source = root().join("backend/src");
    let mut offenders = Vec::new();
    for path in rust_files(&source) {
        let file = path.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        if file.ends_with("tests.rs") || file.contains("/tests/") {
            continue;
        }
        let code = ungrouped(&code(&fs::read_to_string(&path).unwrap()));
        for (module, forbidden, allowed) in FORBIDDEN {
            if file.starts_with(module) && !allowed.iter().any(|prefix| file.starts_with(prefix)) {
                let known = forbidden.iter().filter(|wanted| names(&code, wanted));
                offenders.extend(known.map(|wanted| format!("{file} knows {wanted}")));
            }
        }
    }
    assert_eq!(offenders, Vec::<String>::new());
}

#[test]
fn the_contract_does_nothing() {
    for path in rust_files(&root().join("shared/src")) {
        let code = code(&fs::read_to_string(&path).unwrap());
        for wanted in FORBIDDEN_IN_SHARED {
            assert!(!names(&code, wanted), "{} knows {wanted}", path.display());
        }
    }
}

#[test]
fn files_are_short() {
    for folder in ["backend/src", "backend/tests", "shared", "frontend/src", "xtask/src"] {
        for path in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines; {LONGEST} are the most", path.display());
        }
    }
}

#[test]
fn the_scan_sees_single_grouped_and_inline_names_and_no_parts_of_words() {
    let seen = |code: &str, wanted: &str| names(&ungrouped(code), wanted);
    assert!(seen("use axum::Json;", "axum"));
    assert!(seen("fn f() -> axum::Json<()> {}", "axum"));
    assert!(!seen("use taxum::Json; use x::axum::y;", "axum"));
    assert!(seen("use crate::{\n    domain::{A, B},\n    http::C,\n};", "crate::http"));
    assert!(seen("use crate::{clock::X, http};", "crate::http"));
    assert!(!seen("use crate::{domain::{http, B}, httpd};", "crate::http"));
    assert!(seen("let x: crate::http::App;", "crate::http"));
    assert!(seen("use crate::storage::{A, SqliteStore};", "SqliteStore"));
    assert!(!seen("MySqliteStores", "SqliteStore"));
    assert!(!names(&code("// axum::Json\nuse a; // sqlx::x\n"), "axum"));
}
