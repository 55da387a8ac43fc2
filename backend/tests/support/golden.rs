//! The bodies in `shared/tests/golden/`, and whether what the service sends has their shape.

use std::path::Path;

use serde_json::Value;

/// Fields whose words mean something; of other text only that it is text matters.
const WORDS: [&str; 7] = ["status", "state", "code", "reason", "type", "token_type", "error"];

pub fn golden(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../shared/tests/golden/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Fails unless both have the same keys, types and words.
pub fn assert_shape(sent: &Value, name: &str) {
    assert_eq!(shape(sent, ""), shape(&golden(name), ""), "{name}.json is not what the service sends: {sent}");
}

/// The value with every scalar replaced by its kind, but for words.
pub fn shape(value: &Value, key: &str) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "<yes or no>".into(),
        Value::Number(_) => "<number>".into(),
        Value::String(word) if WORDS.contains(&key) => word.as_str().into(),
        Value::String(text) => {
            let is_time = chrono::DateTime::parse_from_rfc3339(text).is_ok();
            let kind = if is_time {
                "<time>"
            } else if uuid::Uuid::parse_str(text).is_ok() {
                "<uuid>"
            } else {
                "<text>"
            };
            kind.into()
        }
        Value::Array(items) => items.iter().map(|item| shape(item, "")).collect(),
        Value::Object(fields) => fields.iter().map(|(key, field)| (key.clone(), shape(field, key))).collect(),
    }
}
