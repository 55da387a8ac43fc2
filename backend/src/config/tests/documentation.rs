use crate::config::{VARIABLES, keys};

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_key_and_variable_has_a_row_in_the_documentation() {
    let page = page();
    let missing: Vec<_> = keys()
        .into_iter()
        .chain(VARIABLES.iter().map(ToString::to_string))
        .chain(["CONFIG_FILE".to_owned(), "NAT_CONFIG_FILE".to_owned()])
        .filter(|name| !page.lines().any(|line| line.starts_with('|') && line.contains(&format!("`{name}`"))))
        .collect();
    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

#[test]
fn the_documentation_has_no_key_that_does_not_exist() {
    let known = keys();
    let unknown: Vec<_> = page()
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `aiq_connect.")?.split('`').next().map(|key| format!("aiq_connect.{key}"))
        })
        .filter(|key| !known.contains(key))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_example_of_the_documentation_is_a_configuration_that_works() {
    let page = page();
    let example = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = super::config(example, &[("OIDC_CLIENT_SECRET", "x")]);
    assert_eq!(config.sources.len(), 2);
    assert!(config.servers.values().all(|server| server.incomplete.is_none()));
    assert!(config.sign_in.is_some() && config.upstream.is_some());
}
