//! What the provider's log says: for each grant the line of its refresh tokens, from the first to the last.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::demo::plan::SIGN_IN_CLIENT;

/// One request to the token endpoint, as the provider logs it.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    event: String,
    /// In milliseconds since 1970.
    pub came_at: u64,
    /// The same.
    pub answered_at: u64,
    grant_type: Option<String>,
    client_id: Option<String>,
    account: Option<String>,
    /// The answer.
    pub status: u16,
    used_sha256: Option<String>,
    given_sha256: Option<String>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short =
            |hash: &Option<String>| hash.as_deref().map_or("nothing", |hash| &hash[..hash.len().min(8)]).to_owned();
        let (used, given) = (short(&self.used_sha256), short(&self.given_sha256));
        let took = self.answered_at - self.came_at;
        write!(f, "came at {}, answered {} after {took} ms, used {used}, gave {given}", self.came_at, self.status)
    }
}

/// One grant at the provider: what a sign-in brought, and every refresh since.
#[derive(Debug)]
pub struct Line {
    /// Whose.
    pub user: String,
    /// The sign-in's own token request.
    pub sign_in: Request,
    /// The refreshes, in the order in which they came.
    pub refreshes: Vec<Request>,
}

/// Everything that the log says.
#[derive(Debug, Default)]
pub struct Log {
    /// All grants, in the order of their sign-ins.
    pub lines: Vec<Line>,
    /// Refreshes whose token this provider has never given.
    pub strays: usize,
}

impl Log {
    /// Reads it.
    pub fn read(text: &str) -> Result<Self> {
        let mut log = Self::default();
        let mut of_token: BTreeMap<String, usize> = BTreeMap::new();
        let mut requests = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("{\"event\":\"token\"")) {
            let request: Request = serde_json::from_str(line).context("the provider's log is not as expected")?;
            if request.event == "token" && request.client_id.as_deref() != Some(SIGN_IN_CLIENT) {
                requests.push(request);
            }
        }
        requests.sort_by_key(|request| (request.came_at, request.answered_at));
        for request in requests {
            let place = match (request.grant_type.as_deref(), &request.used_sha256) {
                (Some("refresh_token"), Some(used)) => {
                    let Some(place) = of_token.get(used).copied() else {
                        log.strays += 1;
                        continue;
                    };
                    log.lines[place].refreshes.push(request.clone());
                    place
                }
                _ if request.status == 200 => {
                    let user = request.account.clone().unwrap_or_default();
                    log.lines.push(Line { user, sign_in: request.clone(), refreshes: Vec::new() });
                    log.lines.len() - 1
                }
                _ => continue,
            };
            if let Some(given) = request.given_sha256 {
                of_token.insert(given, place);
            }
        }
        Ok(log)
    }
}

impl Line {
    /// How many refreshes were answered with new tokens.
    pub fn renewals(&self) -> u64 {
        self.refreshes.iter().filter(|request| request.status == 200).count() as u64
    }

    /// The last request that was answered with new tokens, if it was a refresh.
    pub fn last_renewal(&self) -> Option<&Request> {
        self.refreshes.iter().rfind(|request| request.status == 200)
    }

    /// How many refreshes had a cause: an access token whose time was over, or near its end, after `life`. Each token's
    /// end is the cause of one request and no more.
    pub fn expiries(&self, life: u64) -> u64 {
        let (mut expiries, mut spent) = (0, 0);
        for (at, request) in self.refreshes.iter().enumerate() {
            // Those before it that brought a token which the provider had given out when it came: itself never did.
            let before = self.refreshes[..at].iter().filter(|before| before.status == 200);
            let given = before.map(|before| before.answered_at).filter(|given| *given <= request.came_at);
            let given: Vec<u64> = std::iter::once(self.sign_in.answered_at).chain(given).collect();
            let newest = given.iter().max().copied().unwrap_or_default();
            if given.len() > spent && newest + life <= request.came_at {
                (expiries, spent) = (expiries + 1, given.len());
            }
        }
        expiries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(came_at: u64, status: u16, used: Option<&str>, given: Option<&str>) -> String {
        answered(came_at, 10, status, used, given)
    }

    fn answered(came_at: u64, took: u64, status: u16, used: Option<&str>, given: Option<&str>) -> String {
        let grant_type = if used.is_some() { "refresh_token" } else { "authorization_code" };
        serde_json::json!({
            "event": "token", "came_at": came_at, "answered_at": came_at + took, "grant_type": grant_type,
            "client_id": "c", "account": "alice", "status": status, "used_sha256": used, "given_sha256": given,
        })
        .to_string()
    }

    fn read(lines: &[String]) -> Log {
        // The map of the test is sorted; the provider's own lines begin with the event.
        let lines: Vec<_> = lines.iter().map(|line| line.replace("\"event\":\"token\",", "")).collect();
        let lines: Vec<_> = lines.iter().map(|line| format!("{{\"event\":\"token\",{}", &line[1..])).collect();
        Log::read(&lines.join("\n")).unwrap()
    }

    #[test]
    fn refreshes_are_told_apart_by_the_sign_in_whose_tokens_they_descend_from() {
        let log = read(&[
            token(0, 200, None, Some("a0")),
            token(5_000, 200, Some("a0"), Some("a1")),
            token(10_000, 200, Some("a1"), Some("a2")),
            token(15_000, 400, Some("a1"), None),
            token(16_000, 200, None, Some("b0")),
            token(21_000, 200, Some("b0"), Some("b1")),
            token(22_000, 400, Some("never given"), None),
        ]);
        let found: Vec<_> = log.lines.iter().map(|line| (line.renewals(), line.refreshes.len())).collect();
        assert_eq!(found, [(2, 3), (1, 1)]);
        assert_eq!(log.strays, 1);
        assert_eq!(log.lines[0].last_renewal().unwrap().came_at, 10_000);
    }

    #[test]
    fn a_request_that_is_answered_at_once_is_not_its_own_cause() {
        let log = read(&[token(0, 200, None, Some("a0")), answered(4_010, 0, 200, Some("a0"), Some("a1"))]);
        assert_eq!(log.lines[0].expiries(4_000), 1);
    }

    #[test]
    fn a_token_ends_once_whoever_asks_and_none_ends_early() {
        let expiries = |requests: &[(u64, &str, Option<&str>)]| {
            let mut lines = vec![token(0, 200, None, Some("a0"))];
            for (came, used, given) in requests {
                lines.push(token(*came, if given.is_some() { 200 } else { 400 }, Some(used), *given));
            }
            read(&lines).lines[0].expiries(4_000)
        };
        assert_eq!(expiries(&[(4_010, "a0", Some("a1")), (8_020, "a1", Some("a2"))]), 2);
        assert_eq!(
            expiries(&[(4_010, "a0", Some("a1")), (8_019, "a1", Some("a2"))]),
            1,
            "the second a millisecond early"
        );
        assert_eq!(expiries(&[(4_009, "a0", Some("a1"))]), 0, "a millisecond early");
        assert_eq!(expiries(&[(4_010, "a0", Some("a1")), (4_012, "a0", None)]), 1, "two at once");
        assert_eq!(expiries(&[(4_010, "a0", Some("a1")), (4_900, "a0", None)]), 1, "one after the other");
    }
}
