use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    config::{ClientSource, Config, Server, load},
    domain::{ClientAuth, ServerId, SourceId},
};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn sample(variables: &[(&str, &str)]) -> Config {
    let environment: BTreeMap<&str, &str> = variables.iter().copied().collect();
    load(&fixture("sample-on-this-machine.yml"), &environment).unwrap()
}

fn server<'c>(config: &'c Config, id: &str) -> &'c Server {
    &config.servers[&ServerId::from(id)]
}

#[test]
fn the_sample_has_its_seven_sources_in_order_with_their_protection_and_servers() {
    let config = sample(&[]);
    let seen: Vec<_> = config
        .sources
        .iter()
        .map(|source| {
            let url = config.server_of(source).map(|server| server.url.as_ref().unwrap().as_str());
            let provider = source.protection.as_ref().map(|protection| protection.provider.as_deref());
            (source.id.as_str(), source.name.as_str(), source.requires_auth, source.default_enabled, provider, url)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("web_search", "Web Search", false, true, None, None),
            ("knowledge_layer", "Knowledge Base", false, true, None, None),
            ("internal_wiki", "Internal Wiki", true, true, None, None),
            ("servicenow_mcp", "ServiceNow", true, false, Some(Some("servicenow")), Some("http://127.0.0.1:9701/mcp")),
            ("salesforce_mcp", "Salesforce", true, false, Some(Some("salesforce")), Some("http://127.0.0.1:9702/mcp")),
            ("github_mcp", "GitHub", true, false, Some(None), Some("http://127.0.0.1:9703/mcp")),
            ("gdrive", "Google Drive", false, false, Some(Some("google")), Some("http://127.0.0.1:9704/mcp")),
        ]
    );
    assert!(
        config.sources.iter().filter_map(|source| source.protection.as_ref()).all(|protection| protection.required)
    );
    let wiki = config.source(&SourceId::from("internal_wiki")).unwrap();
    assert_eq!(wiki.description.as_deref(), Some("Wiki search with the AIQ sign-in (no separate consent)."));
}

#[test]
fn the_sample_has_one_client_of_each_kind() {
    let config = sample(&[("MCP_SERVICENOW_CLIENT_SECRET", "hunter2hunter2")]);
    let ClientSource::Registered { client_id, client_secret, auth } = &server(&config, "servicenow_mcp").client else {
        panic!("not registered");
    };
    assert_eq!((client_id.as_str(), *auth), ("sn-client", Some(ClientAuth::Post)));
    assert_eq!(client_secret.as_ref().unwrap().expose(), "hunter2hunter2");
    assert_eq!(server(&config, "servicenow_mcp").scopes, ["read:incident", "read:kb"]);
    assert_eq!(server(&config, "servicenow_mcp").incomplete, None);

    let ClientSource::Registered { client_id, client_secret, auth } = &server(&config, "github_mcp").client else {
        panic!("not registered");
    };
    assert_eq!((client_id.as_str(), *auth), ("gh-public-client", Some(ClientAuth::None)));
    assert!(client_secret.is_none());

    let ClientSource::Dynamic { client_name } = &server(&config, "gdrive").client else { panic!("not dynamic") };
    assert_eq!(client_name, "AIQ (test)");
    assert_eq!(server(&config, "gdrive").scopes, [""; 0]);
}

#[test]
fn a_client_whose_secret_is_not_set_makes_its_server_incomplete_and_nothing_else() {
    let config = sample(&[]);
    assert_eq!(
        server(&config, "salesforce_mcp").incomplete.as_deref(),
        Some(
            "`authentication.salesforce_oauth.client_secret` is empty, and \
             `token_endpoint_auth_method: client_secret_basic` needs it"
        )
    );
    assert_eq!(server(&config, "github_mcp").incomplete, None);
    assert_eq!(server(&config, "gdrive").incomplete, None);
}

#[test]
fn variables_choose_the_servers() {
    let config = sample(&[("MCP_GITHUB_URL", "https://github.example/mcp"), ("MCP_GITHUB_CLIENT_ID", "other")]);
    assert_eq!(server(&config, "github_mcp").url.as_ref().unwrap().as_str(), "https://github.example/mcp");
    let ClientSource::Registered { client_id, .. } = &server(&config, "github_mcp").client else { panic!() };
    assert_eq!(client_id, "other");
}

#[test]
fn the_sample_by_itself_asks_for_the_development_switch_at_each_server() {
    let file = fixture("sample-aiq-config.yml");
    let error = load(&file, &BTreeMap::<&str, &str>::new()).unwrap_err();
    let keys: Vec<_> = error.problems.iter().map(|problem| problem.key.as_deref().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "function_groups.salesforce_tools.server.url",
            "function_groups.github_tools.server.url",
            "authentication.servicenow_oauth.server_url",
            "authentication.gdrive_oauth.server_url",
        ]
    );
    assert_eq!(
        error.problems[0].to_string(),
        format!(
            "{}:138:12: function_groups.salesforce_tools.server.url: is on this machine; \
             set `aiq_connect.outbound.allow_loopback: true` for development (made from `${{MCP_SALESFORCE_URL}}`)",
            file.display()
        )
    );
}

#[test]
fn no_secret_is_seen_in_a_printed_configuration() {
    let config = sample(&[
        ("MCP_SERVICENOW_CLIENT_SECRET", "planted-one"),
        ("MCP_SALESFORCE_CLIENT_SECRET", "planted-two"),
        ("AIQ_CONNECT_WORKER_KEY", "planted-three-0123456789,planted-four-0123456789"),
        ("AIQ_TOKEN_ENCRYPTION_KEY", "cGxhbnRlZC1maXZlLXBsYW50ZWQtZml2ZS1wbGFudCE="),
    ]);
    let printed = format!("{config:?}");
    assert!(!printed.contains("planted") && !printed.contains("cGxhbnRlZC"), "{printed}");
    assert_eq!(config.worker.keys.len(), 2);
}
