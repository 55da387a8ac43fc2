//! What the tests of routes stand on: the real service, and other parties' systems around it, over real HTTP.

pub mod at_rest;
pub mod browser;
pub mod clock;
pub mod event_stream;
pub mod golden;
pub mod issuer;
pub mod kept;
pub mod logs;
pub mod openid;
pub mod provider;
pub mod research;
pub mod service;

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// How long a test waits for a fact before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again until the answer is yes.
pub async fn until<F: Future<Output = bool>>(fact: &str, mut ask: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !ask().await {
        assert!(Instant::now() < deadline, "in {PATIENCE:?} it did not come true that {fact}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A JSON body with what differs from run to run replaced by its kind.
pub fn scrubbed(mut body: serde_json::Value, origins: &[(&str, &str)]) -> serde_json::Value {
    scrub(&mut body, origins);
    body
}

fn scrub(value: &mut serde_json::Value, origins: &[(&str, &str)]) {
    match value {
        serde_json::Value::String(text) => {
            if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
                "<time>".clone_into(text);
            } else if uuid::Uuid::parse_str(text).is_ok() {
                "<uuid>".clone_into(text);
            }
            for (origin, name) in origins {
                *text = text.replace(origin, name);
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, origins)),
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    serde_json::Value::String(text) if name == "reference" => {
                        assert_eq!(text.len(), 8, "a reference is 8 hexadecimal digits: {text}");
                        "<reference>".clone_into(text);
                    }
                    field => scrub(field, origins),
                }
            }
        }
        _ => {}
    }
}

/// An address of this machine that nobody listens at now.
pub fn free_address() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
