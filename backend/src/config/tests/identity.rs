//! `REQUIRE_AUTH`, `AIQ_JWT_ISSUER`, `AIQ_JWT_AUDIENCE`, `local_user`, `allow_any_audience`.

use super::{EMPTY_REGISTRY, config, error_in_block};
use crate::config::{Config, Identity, TokenIssuer};

const ISSUER: (&str, &str) = ("AIQ_JWT_ISSUER", "https://login.example.com/realms/aiq");
const AUDIENCE: (&str, &str) = ("AIQ_JWT_AUDIENCE", "aiq");
const SIGN_IN: &str = "  sign_in: {issuer: 'https://idp.example', client_id: me}\n";

fn with(block: &str, variables: &[(&str, &str)]) -> Config {
    config(&format!("{EMPTY_REGISTRY}aiq_connect:\n  outbound: {{allow_loopback: true}}\n{block}"), variables)
}

#[test]
fn with_nothing_that_tells_people_apart_nobody_has_sources_of_their_own() {
    for variables in [&[][..], &[("REQUIRE_AUTH", "false")], &[("REQUIRE_AUTH", "false"), ISSUER]] {
        let config = with("", variables);
        assert_eq!(config.identity, Identity::default(), "{variables:?}");
        assert!(!config.has_people(), "{variables:?}");
    }
}

#[test]
fn each_way_to_tell_people_apart_makes_personal_sources() {
    let tokens = TokenIssuer { issuer: ISSUER.1.to_owned(), audience: Some("aiq".to_owned()) };
    for variables in [&[ISSUER, AUDIENCE][..], &[("REQUIRE_AUTH", "True"), ISSUER, AUDIENCE]] {
        let config = with("", variables);
        assert_eq!(config.identity, Identity { tokens: Some(tokens.clone()), local_user: None });
        assert!(config.has_people());
    }
    for variables in [&[][..], &[("REQUIRE_AUTH", "true")], &[("REQUIRE_AUTH", "false")]] {
        let config = with(SIGN_IN, variables);
        assert!(config.has_people() && config.identity == Identity::default(), "{variables:?}");
    }
    for variables in [&[][..], &[("REQUIRE_AUTH", "false")], &[("REQUIRE_AUTH", "no"), ISSUER]] {
        let config = with("  local_user: alice\n", variables);
        assert_eq!(config.identity, Identity { tokens: None, local_user: Some("alice".to_owned()) });
        assert!(config.has_people());
    }
}

#[test]
fn an_issuer_needs_an_audience_unless_any_is_allowed() {
    let missing = "AIQ_JWT_AUDIENCE: is not set, so tokens that `AIQ_JWT_ISSUER` made for other services would be \
                   taken; set it to what `aud` names in AIQ's tokens, or say `aiq_connect.allow_any_audience: true`";
    for variables in [&[ISSUER][..], &[("REQUIRE_AUTH", "true"), ISSUER], &[ISSUER, ("AIQ_JWT_AUDIENCE", " ")]] {
        assert_eq!(error_in_block("  bind: 127.0.0.1:1\n", variables), missing);
    }
    let any = with("  allow_any_audience: true\n", &[("REQUIRE_AUTH", "true"), ISSUER]);
    assert_eq!(any.identity.tokens.unwrap().audience, None);
    let both = with("  allow_any_audience: true\n", &[ISSUER, AUDIENCE]);
    assert_eq!(both.identity.tokens.unwrap().audience.as_deref(), Some("aiq"), "the stricter of the two counts");
}

#[test]
fn what_is_required_and_cannot_be_is_not_started() {
    assert_eq!(
        error_in_block("  bind: 127.0.0.1:1\n", &[("REQUIRE_AUTH", "true")]),
        "REQUIRE_AUTH: is `true`, but nothing tells people apart; set `AIQ_JWT_ISSUER` and `AIQ_JWT_AUDIENCE`, or \
         `aiq_connect.sign_in`"
    );
    assert_eq!(
        error_in_block("  bind: 127.0.0.1:1\n", &[("REQUIRE_AUTH", "perhaps")]),
        "REQUIRE_AUTH: must be `true` or `false`"
    );
    assert_eq!(
        error_in_block("  bind: 127.0.0.1:1\n", &[("AIQ_JWT_ISSUER", "http://login.example.com"), AUDIENCE]),
        "AIQ_JWT_ISSUER: must begin with `https://`: tokens travel to it"
    );
}

#[test]
fn a_local_person_is_for_this_machine_and_for_nobody_who_can_be_told_apart() {
    let here = "config.yml:3:15: aiq_connect.local_user: ";
    for (more, variables, message) in [
        (
            "",
            &[("REQUIRE_AUTH", "true")][..],
            "makes everybody one person, but `REQUIRE_AUTH` is `true`; remove one of the two",
        ),
        (
            SIGN_IN,
            &[],
            "makes everybody one person, but `aiq_connect.sign_in` tells people apart; remove one of the two",
        ),
        (
            "",
            &[ISSUER, AUDIENCE],
            "makes everybody one person, but `AIQ_JWT_ISSUER` tells people apart; remove one of the two",
        ),
        (
            "",
            &[("AIQ_CONNECT_BIND", "0.0.0.0:8000")],
            "would be everybody who reaches 0.0.0.0:8000, from other machines too; bind both listeners to 127.0.0.1, or remove this",
        ),
        (
            "  worker: {bind: '10.0.0.5:8001', insecure: true}\n",
            &[],
            "would be everybody who reaches 10.0.0.5:8001, from other machines too; bind both listeners to 127.0.0.1, or remove this",
        ),
        (
            "",
            &[("AIQ_PUBLIC_URL", "https://aiq.example.com")],
            "would be everybody who opens https://aiq.example.com/; it is for `http://localhost` alone",
        ),
    ] {
        assert_eq!(error_in_block(&format!("  local_user: alice\n{more}"), variables), format!("{here}{message}"));
    }
    let control = error_in_block("  local_user: \"a\\u0007b\"\n", &[]);
    assert_eq!(control, format!("{here}must be a name of at most 255 characters"));
}
