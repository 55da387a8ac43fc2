//! Pure rules of the protocol.

/// RFC 9207 §2.4 with the MCP authorization specification's table: may this response be acted upon?
///
/// Plain string comparison: no case folding, no trailing slash, no decoding.
pub fn iss_is_acceptable(expected: &str, promised: bool, received: Option<&str>) -> bool {
    match received {
        Some(received) => received == expected,
        None => !promised,
    }
}

/// What to ask for: configured scopes win, else what discovery found; `offline_access` only where the server knows it.
pub fn scopes_to_request(
    configured: &[String],
    discovered: Option<&[String]>,
    supported_by_issuer: Option<&[String]>,
) -> Vec<String> {
    if !configured.is_empty() {
        return configured.to_vec();
    }
    let mut scopes = discovered.unwrap_or_default().to_vec();
    let offline = "offline_access";
    let offered = supported_by_issuer.unwrap_or_default().iter().any(|scope| scope == offline);
    if offered && !scopes.is_empty() && !scopes.iter().any(|scope| scope == offline) {
        scopes.push(offline.to_owned());
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iss_follows_the_table_of_rfc_9207() {
        for (promised, received, acceptable) in [
            (true, Some("https://as"), true),
            (true, Some("https://other"), false),
            (true, None, false),
            (false, Some("https://as"), true),
            (false, Some("https://other"), false),
            (false, None, true),
        ] {
            assert_eq!(iss_is_acceptable("https://as", promised, received), acceptable, "{promised} {received:?}");
        }
    }

    #[test]
    fn iss_is_compared_letter_by_letter() {
        for almost in ["https://as/", "HTTPS://as", "https://AS", "https://as:443", "https://as "] {
            assert!(!iss_is_acceptable("https://as", false, Some(almost)), "{almost}");
        }
    }

    #[test]
    fn configured_scopes_win_and_offline_access_is_asked_for_only_where_it_exists() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let known = list(&["offline_access", "x"]);
        assert_eq!(scopes_to_request(&list(&["a"]), Some(&list(&["b"])), Some(&known)), ["a"]);
        assert_eq!(scopes_to_request(&[], Some(&list(&["b"])), Some(&known)), ["b", "offline_access"]);
        assert_eq!(scopes_to_request(&[], Some(&list(&["b"])), None), ["b"]);
        assert!(scopes_to_request(&[], None, Some(&known)).is_empty());
    }
}
