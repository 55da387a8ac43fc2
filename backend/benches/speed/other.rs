//! What we are measured beside, and the worker's own client: programs that measure themselves and print one JSON object.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde::Deserialize;

/// What a program found.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Found {
    pub p50_us: f64,
    pub p99_us: f64,
    pub per_second_at_16: f64,
}

/// Runs it to its end, with this on its standard input.
pub fn run(command: &mut Command, input: &str) -> Found {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}
