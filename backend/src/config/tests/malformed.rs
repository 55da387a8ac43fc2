//! Text that is not the YAML it should be.

use super::{EMPTY_REGISTRY, config, error};

#[test]
fn bad_syntax_is_told_with_its_place() {
    assert_eq!(error("a: [1, 2\nb: 3\n", &[]), "config.yml:2:2: not YAML: illegal placement of ':' indicator");
    assert_eq!(
        error("a:\n\tb: 1\n", &[]),
        "config.yml:2:2: not YAML: tabs disallowed within this context (block indentation)"
    );
    assert_eq!(
        error("a: 'open\n", &[]),
        "config.yml:1:4: not YAML: while scanning a quoted scalar, found unexpected end of stream"
    );
    assert_eq!(error("a: b: c\n", &[]), "config.yml:1:5: not YAML: mapping values are not allowed in this context");
    assert_eq!(error("a: 1\n b: 2\n", &[]), "config.yml:2:3: not YAML: mapping values are not allowed in this context");
    assert_eq!(error("a: *nowhere\n", &[]), "config.yml:1:4: not YAML: while parsing node, found unknown anchor");
}

#[test]
fn every_duplicate_key_is_told_with_both_lines() {
    assert_eq!(
        error("a: 1\nfunctions:\n  one: {x: 1, x: 2}\n  two:\n    - y: 1\n      y: 2\na: 2\n", &[]),
        "config.yml:3:15: functions.one.x: this key was given before, at line 3; remove one of the two\n\
         config.yml:6:7: functions.two[0].y: this key was given before, at line 5; remove one of the two\n\
         config.yml:7:1: a: this key was given before, at line 1; remove one of the two"
    );
}

#[test]
fn a_key_must_be_a_single_value() {
    assert_eq!(error("? [a, b]\n: 1\n", &[]), "config.yml:1:3: a key must be a single value, not a list or a block");
    assert_eq!(
        error("base: &b x.yml\n? {a: b}\n: 1\n", &[]),
        "config.yml:2:3: a key must be a single value, not a list or a block"
    );
}

#[test]
fn a_second_document_is_refused() {
    assert_eq!(
        error("a: 1\n---\nb: 2\n", &[]),
        "config.yml:2:1: a second YAML document begins here; the file must hold one"
    );
}

#[test]
fn endless_nesting_is_refused_and_does_not_crash() {
    let text = format!("a: {}", "[".repeat(100_000));
    assert_eq!(error(&text, &[]), "config.yml:1:259: not YAML: recursion limit exceeded");
    let text = format!("a: {}{}", "[".repeat(70), "]".repeat(70));
    assert_eq!(error(&text, &[]), "config.yml:1:67: more than 64 levels of nesting");
    assert_eq!(error("a: &a [*a]\n", &[]), "config.yml:1:8: this alias stands inside the block that it names");
}

#[test]
fn merge_keys_are_taken_over_and_may_be_overridden() {
    let text = format!(
        "{EMPTY_REGISTRY}shared: &shared {{bind: '127.0.0.1:1', public_url: https://a.example}}\n\
         aiq_connect:\n  <<: *shared\n  bind: 127.0.0.1:2\n"
    );
    let config = config(&text, &[]);
    assert_eq!(config.bind.port(), 2);
    assert_eq!(config.public_url.as_str(), "https://a.example/");
    assert_eq!(
        error("a:\n  <<: text\n", &[]),
        "config.yml:2:7: `<<` must name a block of keys, or a list of such blocks"
    );
}

#[test]
fn a_variable_cannot_change_the_document() {
    let text = format!("{EMPTY_REGISTRY}aiq_connect:\n  key_file: ${{EVIL}}\n");
    let config = config(&text, &[("EVIL", "a # b\nbind: 0.0.0.0:1")]);
    assert_eq!(config.bind.to_string(), "127.0.0.1:8000");
    assert!(format!("{:?}", config.key).contains("a # b"));
}

#[test]
fn an_expression_may_stand_where_yaml_would_not_take_it() {
    let text = format!(
        "{EMPTY_REGISTRY}aiq_connect: {{outbound: {{allow_hosts: [${{A}}, ${{B:-b.example}}], allow_loopback: ${{C:-yes}}}},\n  \
         key_file: ${{D:-a: b, c}}}}\n"
    );
    let config = config(&text, &[("A", "a.example")]);
    assert_eq!(config.outbound.allow_hosts, ["a.example", "b.example"]);
    assert!(config.outbound.allow_loopback);
    assert!(format!("{:?}", config.key).contains("a: b, c"));
}

#[test]
fn a_variable_may_hold_a_whole_list() {
    let text =
        format!("{EMPTY_REGISTRY}aiq_connect:\n  outbound:\n    allow_hosts: ${{HOSTS:-[a.example, b.example]}}\n");
    assert_eq!(config(&text, &[]).outbound.allow_hosts, ["a.example", "b.example"]);
    assert_eq!(config(&text, &[("HOSTS", "[c.example]")]).outbound.allow_hosts, ["c.example"]);
    assert_eq!(
        error(&text, &[("HOSTS", "c.example")]),
        "config.yml:4:18: aiq_connect.outbound.allow_hosts: a list is needed, such as [one, two] (made from `${HOSTS}`)"
    );
    assert_eq!(
        error(&text, &[("HOSTS", "[c d]")]),
        "config.yml:4:18: aiq_connect.outbound.allow_hosts[0]: must be a host name alone, without scheme, port or path, such as `idp.example.com`"
    );
}
