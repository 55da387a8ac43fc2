//! Requests as programs make them: one question, one answer in JSON.

use std::time::Duration;

use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(30);

/// What is sent.
pub enum Body<'a> {
    /// An object.
    Json(&'a Value),
    /// Fields of a form.
    Form(&'a [(&'a str, &'a str)]),
}

/// Asks with `POST`, and fails unless the answer is a success.
pub fn post(url: &str, authorization: &str, body: &Body<'_>) -> Result<Value> {
    let request = agent().post(url).header("authorization", authorization);
    read(
        url,
        match body {
            Body::Json(value) => request.send_json(value)?,
            Body::Form(fields) => request.send_form(fields.iter().copied())?,
        },
    )
}

/// Changes something with `PATCH`, and fails unless the answer is a success.
pub fn patch(url: &str, authorization: &str, body: &Value) -> Result<Value> {
    read(url, agent().patch(url).header("authorization", authorization).send_json(body)?)
}

/// `Authorization` of a client (RFC 7617).
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

/// Somebody who asks on this machine, and waits for a while.
pub fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    config.timeout_global(Some(TIMEOUT)).build().new_agent()
}

fn read(url: &str, mut answer: ureq::http::Response<ureq::Body>) -> Result<Value> {
    let text = answer.body_mut().read_to_string()?;
    // The body of a refusal names codes only; the body of a success may be a token and is never printed.
    ensure!(answer.status().is_success(), "{url} answered {}: {text}", answer.status());
    Ok(serde_json::from_str(&text)?)
}
