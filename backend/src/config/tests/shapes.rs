//! The ways a source can be protected.

use super::{Folder, config};
use crate::{
    config::{ClientSource, Config},
    domain::{ClientAuth, ServerId},
};

/// Three of them on two servers; `aiq_connect` settings win.
const SHAPES: &str = "
functions:
  handbook: {_type: handbook}
  data_sources:
    _type: aiq_agent/data_source_registry
    sources:
      - {id: incidents, name: Team Incidents, tools: [incidents]}
      - {id: incident-reports, name: Reports, tools: [handbook, incidents__report]}
      - {id: optional, name: Optional, tools: [incidents], per_user_auth: {required: false, mcp_server_id: other}}
      - {id: handbook, name: Company handbook, tools: [handbook], per_user_auth: {required: false}}
      - {id: bare, name: Bare, per_user_auth: {required: true}}
      - {id: service, name: Service, tools: [service]}
function_groups:
  incidents:
    _type: aiq_connect_mcp_client
    server: {url: '${URL:-https://mcp.example/mcp}', auth_provider: incidents_account}
  service: {_type: mcp_client, server: {url: 'https://service.example/mcp'}}
authentication:
  incidents_account: {_type: aiq_connect, mcp_server_id: tickets, client_secret: nat-secret, client_id: nat, scopes: [a]}
";

fn shapes(settings: &str) -> Config {
    config(&format!("{SHAPES}{settings}"), &[])
}

#[test]
fn a_personal_group_or_a_required_block_protects_and_sources_may_share_a_server() {
    let config = shapes("");
    let seen: Vec<_> = config
        .sources
        .iter()
        .map(|source| {
            let protection = source.protection.as_ref();
            (source.id.as_str(), protection.map(|protection| (protection.server.as_str(), protection.required)))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("incidents", Some(("tickets", true))),
            ("incident-reports", Some(("tickets", true))),
            ("optional", Some(("other", false))),
            ("handbook", None),
            ("bare", Some(("bare", true))),
            ("service", None),
        ]
    );
    assert_eq!(config.servers.keys().map(ServerId::as_str).collect::<Vec<_>>(), ["bare", "other", "tickets"]);
}

#[test]
fn a_server_without_an_address_is_incomplete_and_says_where_to_set_it() {
    let config = shapes("");
    let bare = &config.servers[&ServerId::from("bare")];
    assert_eq!(bare.url, None);
    assert_eq!(
        bare.incomplete.as_deref(),
        Some("the address of the MCP server is not known; set `aiq_connect.servers.bare.url`")
    );
    let emptied = Folder::with(&[("config.yml", &SHAPES.replace("${URL:-https://mcp.example/mcp}", "${URL}"))]);
    let config = emptied.load("config.yml", &[]).unwrap();
    assert_eq!(
        config.servers[&ServerId::from("tickets")].incomplete.as_deref(),
        Some(
            "the address of the MCP server is not known; set `function_groups.incidents.server.url` or \
             `authentication.incidents_account.server_url` or `aiq_connect.servers.tickets.url`"
        )
    );
}

#[test]
fn our_own_settings_win_and_a_client_is_never_mixed_from_two() {
    let config = shapes(
        "
aiq_connect:
  sources: {service: {disabled: true}}
  servers:
    tickets:
      url: https://elsewhere.example/mcp
      client_id: ours
      token_endpoint_auth_method: none
      scopes: [b, c]
      issuer: https://idp.example/realm
      scope_labels: {b: Read, c: Write}
",
    );
    let server = &config.servers[&ServerId::from("tickets")];
    assert_eq!(server.url.as_ref().unwrap().as_str(), "https://elsewhere.example/mcp");
    let ClientSource::Registered { client_id, client_secret, auth } = &server.client else { panic!() };
    assert_eq!((client_id.as_str(), client_secret.is_some(), *auth), ("ours", false, Some(ClientAuth::None)));
    assert_eq!(server.scopes, ["b", "c"]);
    assert_eq!(server.issuer.as_deref(), Some("https://idp.example/realm"));
    let labels = &config.sources[1].protection.as_ref().unwrap().scope_labels;
    assert_eq!(
        labels.iter().collect::<Vec<_>>(),
        [(&"b".to_owned(), &"Read".to_owned()), (&"c".to_owned(), &"Write".to_owned())]
    );
    let disabled: Vec<_> =
        config.sources.iter().filter(|source| source.admin_disabled).map(|source| source.id.as_str()).collect();
    assert_eq!(disabled, ["service"]);
}

#[test]
fn our_own_settings_may_complete_a_client_of_nat() {
    let config = shapes("aiq_connect: {servers: {tickets: {client_secret: ours}}}\n");
    let ClientSource::Registered { client_id, client_secret, auth } =
        &config.servers[&ServerId::from("tickets")].client
    else {
        panic!()
    };
    assert_eq!((client_id.as_str(), client_secret.as_ref().unwrap().expose(), *auth), ("nat", "ours", None));
}

#[test]
fn a_client_that_cannot_be_registered_is_incomplete() {
    let config = shapes("aiq_connect: {servers: {bare: {url: 'https://bare.example', client_secret: lonely}}}\n");
    assert_eq!(
        config.servers[&ServerId::from("bare")].incomplete.as_deref(),
        Some("`aiq_connect.servers.bare.client_secret` is set, and `client_id` is empty")
    );
    let text = SHAPES.replace("client_secret: nat-secret, client_id: nat", "enable_dynamic_registration: false");
    let config = Folder::with(&[("config.yml", &text)]).load("config.yml", &[]).unwrap();
    assert_eq!(
        config.servers[&ServerId::from("tickets")].incomplete.as_deref(),
        Some("`authentication.incidents_account.client_id` is empty, and `enable_dynamic_registration` is off")
    );
}
