//! Every body in `golden/`: read without loss by the type that both sides compile, and read by a build that is older
//! than the words in it. `backend/tests/routes/golden.rs` proves that the service sends them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::PathBuf};

use aiq_connect_shared as wire;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Reads a body as its type and writes it again.
type Reread = fn(Value) -> serde_json::Result<Value>;

fn again<T: DeserializeOwned + Serialize>(body: Value) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_value::<T>(body)?)
}

/// Every file, and what reads it.
const BODIES: &[(&str, Reread)] = &[
    ("blocked", again::<wire::AuthRequired>),
    ("blocked_fault", again::<wire::AuthRequired>),
    ("changed", again::<wire::Changed>),
    ("connect", again::<wire::ConnectAnswer>),
    ("connect_connected", again::<wire::ConnectAnswer>),
    ("data_sources", again::<Vec<wire::DataSource>>),
    ("data_sources_states", again::<Vec<wire::DataSource>>),
    ("disconnect", again::<wire::DisconnectAnswer>),
    ("disconnect_nothing", again::<wire::DisconnectAnswer>),
    ("flow_cancelled", again::<wire::Flow>),
    ("job_events", again::<Vec<wire::JobEvent>>),
    ("job_registered", again::<wire::RegisteredJob>),
    ("job_report", again::<wire::JobReport>),
    ("job_report_not_yet", again::<wire::JobReport>),
    ("job_status", again::<wire::JobStatus>),
    ("job_wait", again::<wire::JobWait>),
    ("problem", again::<wire::Problem>),
    ("request_connect", again::<wire::ConnectRequest>),
    ("request_preflight", again::<wire::Preflight>),
    ("request_submit", again::<wire::SubmitRequest>),
    ("request_wait", again::<wire::WaitRequest>),
    ("request_worker_job", again::<wire::RegisterJob>),
    ("request_worker_token", again::<wire::ResolveRequest>),
    ("session", again::<wire::SessionView>),
    ("session_nobody", again::<wire::SessionView>),
    ("status", again::<wire::StatusAnswer>),
    ("status_failed", again::<wire::StatusAnswer>),
    ("submitted", again::<wire::SubmitAnswer>),
    // AIQ's own words for 401; `detail` has no type of ours.
    ("unauthenticated", |body| Ok(json!({"detail": body["detail"], "error": again::<wire::Problem>(body)?["error"]}))),
    ("wait_over", again::<wire::Problem>),
    ("worker_reconnect_required", again::<wire::ReconnectRequired>),
    ("worker_token", again::<wire::ResolvedToken>),
    ("worker_unreachable", again::<wire::Problem>),
    ("worker_waits", again::<wire::ReconnectRequired>),
];

/// Fields whose words may grow in later versions.
const WORDS: [&str; 3] = ["status", "state", "code"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap()).unwrap()
}

#[test]
fn every_file_is_listed_here_with_its_type() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.map(|file| file.trim_end_matches(".json").to_owned()).collect();
    assert_eq!(files, BODIES.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn every_body_is_read_and_written_without_loss() {
    for (name, reread) in BODIES {
        assert_eq!(reread(golden(name)).unwrap(), golden(name), "{name}");
    }
}

#[test]
fn a_newer_servers_fields_are_ignored_everywhere() {
    for (name, reread) in BODIES {
        let mut newer = golden(name);
        let grown = change(&mut newer, &mut |fields| {
            fields.insert("something_new".to_owned(), json!({"a": [1]}));
        });
        assert!(grown > 0, "{name} has an object");
        assert_eq!(reread(newer).unwrap(), golden(name), "{name}");
    }
}

#[test]
fn a_newer_servers_words_degrade_and_spoil_nothing_beside_them() {
    for (name, reread) in BODIES {
        let mut newer = golden(name);
        change(&mut newer, &mut |fields| {
            for word in WORDS {
                if let Some(Value::String(text)) = fields.get_mut(word) {
                    "hibernating".clone_into(text);
                }
            }
        });
        let read = reread(newer);
        assert!(read.is_ok(), "{name}: {read:?}");
    }
    let mut event = golden("job_events")[2].clone();
    event["reason"] = "cosmic_rays".into();
    assert_eq!(again::<wire::JobEvent>(event).unwrap()["reason"], "unknown");
}

/// Changes every object, and counts them.
fn change(value: &mut Value, how: &mut dyn FnMut(&mut serde_json::Map<String, Value>)) -> usize {
    match value {
        Value::Array(items) => items.iter_mut().map(|item| change(item, how)).sum(),
        Value::Object(fields) => {
            // The keys of `scope_labels` are the provider's words.
            let inner = fields.iter_mut().filter(|(name, _)| *name != "scope_labels");
            let inner: usize = inner.map(|(_, field)| change(field, how)).sum();
            how(fields);
            inner + 1
        }
        _ => 0,
    }
}
