//! `docs/logging.md` tells of every line that the service can write, and of none that it cannot.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// One place that logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    level: String,
    message: String,
    fields: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/logging.md")).unwrap()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// The arguments of the macro call that begins at `text`, split at its outermost commas.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut parts = vec![String::new()];
    for character in text.chars() {
        let end = parts.last_mut().unwrap();
        if quoted {
            quoted = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            end.push(character);
            continue;
        }
        match character {
            ')' if depth == 0 => break,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '"' => quoted = true,
            _ => {}
        }
        parts.last_mut().unwrap().push(character);
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// `%error`, `flow.id = %id`, `cause = …`: the field's name.
fn field(argument: &str) -> String {
    argument.split('=').next().unwrap_or_default().trim().trim_start_matches(['%', '?']).to_owned()
}

/// Every call of a logging macro in a text.
fn events_in(text: &str) -> Vec<Event> {
    let calls = LEVELS.iter().flat_map(|level| {
        let call = format!("tracing::{level}!(");
        text.match_indices(&call).map(|(at, _)| (*level, at + call.len())).collect::<Vec<_>>()
    });
    calls
        .map(|(level, at)| {
            let mut arguments = arguments(&text[at..]);
            let message = arguments.pop().unwrap();
            assert!(message.starts_with('"'), "a line ends with its message, a literal: {message}");
            Event {
                level: level.to_owned(),
                // A long one goes on in the next line.
                message: message.trim_matches('"').split("\\\n").map(str::trim_start).collect(),
                fields: arguments.iter().map(|argument| field(argument)).collect(),
            }
        })
        .collect()
}

fn events_of_the_code() -> BTreeSet<Event> {
    let mut texts = Vec::new();
    sources(&root().join("backend/src"), &mut texts);
    texts.iter().flat_map(|text| events_in(text)).collect()
}

/// The rows `| level | message | field=example … | when |`, one for each place and level.
fn events_of_the_page() -> BTreeSet<Event> {
    let page = page();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
        LEVELS.contains(&cells[0]).then(|| Event {
            level: cells[0].to_owned(),
            message: cells[1].to_owned(),
            fields: cells[2]
                .split_whitespace()
                .filter_map(|part| part.split_once('='))
                .map(|(name, _)| name.trim_start_matches('`').to_owned())
                .collect(),
        })
    });
    rows.collect()
}

#[test]
fn every_line_that_can_be_written_has_a_row_with_its_level_and_fields() {
    let (code, page) = (events_of_the_code(), events_of_the_page());
    let missing: Vec<_> = code.difference(&page).collect();
    assert!(missing.is_empty(), "docs/logging.md lacks rows for {missing:#?}");
    let stale: Vec<_> = page.difference(&code).collect();
    assert!(stale.is_empty(), "docs/logging.md has rows for lines that nothing writes: {stale:#?}");
}

#[test]
fn every_field_is_explained() {
    let page = page();
    let explained = |name: &str| page.lines().any(|line| line.starts_with(&format!("| `{name}`")));
    let unexplained: BTreeSet<_> =
        events_of_the_code().into_iter().flat_map(|event| event.fields).filter(|name| !explained(name)).collect();
    assert!(unexplained.is_empty(), "docs/logging.md explains no field {unexplained:?}");
}

#[test]
fn no_line_is_made_from_an_exposed_secret() {
    let mut texts = Vec::new();
    sources(&root().join("backend/src"), &mut texts);
    for text in texts {
        for level in LEVELS {
            for (at, call) in text.match_indices(&format!("tracing::{level}!(")) {
                let line = arguments(&text[at + call.len()..]).join(", ");
                assert!(!line.contains("expose"), "{line}");
            }
        }
    }
}

#[test]
fn the_reader_of_the_code_sees_levels_messages_and_fields() {
    let text = r#"tracing::warn!(%error, a.b = f(x, ")"), cause = ?g("\","), "it, (broke)"); other!("x")"#;
    let fields = ["error", "a.b", "cause"].map(str::to_owned).into();
    assert_eq!(events_in(text), [Event { level: "warn".into(), message: "it, (broke)".into(), fields }]);
}
