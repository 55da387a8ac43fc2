//! What an MCP server says when it refuses a request (RFC 6750 §3, RFC 9728 §5.1).

use http_auth::parser::ChallengeParser;

/// The parts of a `Bearer` challenge that matter to a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the resource metadata is.
    pub resource_metadata: Option<String>,
    /// The scopes this request would have needed; authoritative where given.
    pub scope: Option<String>,
    /// `invalid_token`, `insufficient_scope`, …
    pub error: Option<String>,
}

impl Challenge {
    /// Reads the first `Bearer` challenge of these `WWW-Authenticate` values; other schemes may stand beside it.
    pub fn from_headers<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        values.into_iter().find_map(Self::from_value)
    }

    fn from_value(value: &str) -> Option<Self> {
        let bearer = ChallengeParser::new(value)
            .map_while(Result::ok)
            .find(|challenge| challenge.scheme.eq_ignore_ascii_case("Bearer"))?;
        let mut found = Self::default();
        for (name, value) in &bearer.params {
            let slot = match name.to_ascii_lowercase().as_str() {
                "resource_metadata" => &mut found.resource_metadata,
                "scope" => &mut found.scope,
                "error" => &mut found.error,
                _ => continue,
            };
            *slot = Some(value.to_unescaped());
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    #[test]
    fn a_bearer_challenge_is_found_beside_others_and_in_any_case() {
        let challenge = Challenge::from_headers([
            "Basic realm=\"x\", bEaReR Error=\"invalid_token\", RESOURCE_METADATA=\"https://a/b\"",
        ]);
        assert_eq!(
            challenge,
            Some(Challenge {
                resource_metadata: Some("https://a/b".into()),
                scope: None,
                error: Some("invalid_token".into())
            })
        );
    }

    #[test]
    fn quoted_commas_and_escapes_stay_inside_their_value() {
        let challenge = Challenge::from_headers(["Bearer scope=\"a b\", realm=\"one, \\\"two\\\"\""]).unwrap();
        assert_eq!(challenge.scope.as_deref(), Some("a b"));
    }

    #[test]
    fn other_schemes_alone_are_no_bearer_challenge() {
        assert_eq!(Challenge::from_headers(["Basic realm=\"x\""]), None);
        assert_eq!(Challenge::from_headers([]), None);
    }
}
