//! Looks for known secrets, and for what looks like one, in a text.

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use url::form_urlencoded::byte_serialize;

use super::secrets::Secret;

/// What stands before a secret wherever one is written with its name, in lower case.
const MARKS: [&str; 13] = [
    "access_token=",
    "refresh_token=",
    "id_token=",
    "client_secret=",
    "code_verifier=",
    "subject_token=",
    "?code=",
    "&code=",
    "?state=",
    "&state=",
    "__host-aiq-connect=",
    "__host-aiq-connect-session=",
    "bearer ",
];

/// Names whose value in JSON is secret.
const NAMES: [&str; 5] = ["access_token", "refresh_token", "id_token", "client_secret", "code_verifier"];

/// Shorter values are words.
const SHORTEST: usize = 20;

/// Lines that no search may pass, whatever the secrets of a run are.
pub const LEAKING_LINES: [&str; 7] = [
    "GET /v1/auth/mcp/incidents/callback?code=kYw0Qe7mXo2v9bLrT1sDfG&state=x HTTP/1.1",
    "GET /v1/auth/mcp/incidents/callback?iss=a&state=kYw0Qe7mXo2v9bLrT1sDfG HTTP/1.1",
    "headers: {\"Authorization\": \"Bearer kYw0Qe7mXo2v9bLrT1sDfG\"}",
    "answer {\"access_token\": \"kYw0Qe7mXo2v9bLrT1sDfG\", \"expires_in\": 60}",
    "body grant_type=refresh_token&refresh_token=kYw0Qe7mXo2v9bLrT1sDfG",
    "cookie: a=b; __Host-aiq-connect-session=kYw0Qe7mXo2v9bLrT1sDfG",
    "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
];

/// One leak.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: usize,
    /// What was found, without showing it.
    pub what: String,
}

/// A search for these secrets.
pub struct Search {
    known: AhoCorasick,
    kinds: Vec<String>,
}

impl Search {
    /// Prepares it.
    pub fn new(secrets: &[Secret]) -> Result<Self> {
        let mut patterns = Vec::new();
        let mut kinds = Vec::new();
        for Secret { kind, value } in secrets {
            for pattern in disguises(value) {
                patterns.push(pattern);
                kinds.push(kind.clone());
            }
        }
        Ok(Self { known: AhoCorasick::new(patterns).context("there are too many secrets to search for")?, kinds })
    }

    /// Every line that holds one, with the first that it holds.
    pub fn in_text(&self, text: &str) -> Vec<Finding> {
        let lines = text.lines().enumerate();
        lines.filter_map(|(at, line)| Some(Finding { line: at + 1, what: self.in_line(line)? })).collect()
    }

    fn in_line(&self, line: &str) -> Option<String> {
        if let Some(known) = self.known.find(line) {
            return Some(format!("a {} that was really used", self.kinds[known.pattern().as_usize()]));
        }
        // ASCII only, so that places stay the same.
        let lower = line.to_ascii_lowercase();
        if let Some(mark) =
            MARKS.iter().find(|mark| lower.match_indices(*mark).any(|(at, _)| is_secret(&line[at + mark.len()..])))
        {
            return Some(format!("a value after `{mark}`"));
        }
        if let Some(name) = NAMES.iter().find(|name| is_in_json(line, name)) {
            return Some(format!("a value of `{name}`"));
        }
        line.match_indices("eyJ").any(|(at, _)| is_jwt(&line[at..])).then(|| "a JSON Web Token".to_owned())
    }
}

/// How a secret may be written: as it is, in a form or query, or as base64.
pub fn disguises(secret: &str) -> Vec<String> {
    let mut all = vec![secret.to_owned(), byte_serialize(secret.as_bytes()).collect(), BASE64_STANDARD.encode(secret)];
    all.dedup();
    all
}

/// Whether a text begins with what could be a secret.
fn is_secret(text: &str) -> bool {
    value(text).len() >= SHORTEST
}

fn value(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._~+/=%-".contains(c))).unwrap_or(text.len());
    &text[..end]
}

/// `"name": "value"`, with quotes that may be escaped once more.
fn is_in_json(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let rest = line[at + name.len()..].trim_start_matches(['"', '\'', '\\']);
        let Some(rest) = rest.strip_prefix(':') else { return false };
        let rest = rest.trim_start();
        let inner = rest.trim_start_matches(['"', '\'', '\\']);
        inner.len() < rest.len() && is_secret(inner)
    })
}

fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = value(text).split('.').collect();
    parts.len() >= 3 && parts[0].len() >= 10 && parts[1].len() >= 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(secret: &str) -> Search {
        Search::new(&[Secret { kind: "code".to_owned(), value: secret.to_owned() }]).unwrap()
    }

    #[test]
    fn a_known_secret_is_found_in_every_disguise_and_not_shown() {
        let secret = "a/very+secret=thing";
        for leak in disguises(secret) {
            let found = search(secret).in_text(&format!("fine\nx{leak}y\n"));
            assert_eq!(found, [Finding { line: 2, what: "a code that was really used".to_owned() }], "{leak}");
        }
    }

    #[test]
    fn what_looks_like_a_secret_is_found_without_being_known() {
        for line in LEAKING_LINES {
            assert_eq!(search("something else").in_text(line).len(), 1, "{line}");
        }
    }

    #[test]
    fn ordinary_lines_are_not_taken_for_leaks() {
        for line in [
            "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"gone\"",
            "Authorization: Bearer ***",
            "GET /v1/jobs?state=running HTTP/1.1",
            "{\"event\":\"token\",\"grant_type\":\"refresh_token\",\"client_id\":\"kYw0Qe7mXo2v9bLrT1sDfG\"}",
            "the access_token: missing",
        ] {
            assert_eq!(search("something else").in_text(line), [], "{line}");
        }
    }
}
