//! The MCP servers behind the protected sources.

use std::collections::BTreeMap;

use url::Url;

use super::{
    client::{self, ClientSource},
    outbound::Outbound,
    protection::Link,
    reader::Entry,
};
use crate::domain::ServerId;

/// The keys of `aiq_connect.servers.<server id>`.
pub(super) const KEYS: &[&str] = &[
    "url",
    "client_id",
    "client_secret",
    "token_endpoint_auth_method",
    "scopes",
    "client_name",
    "issuer",
    "scope_labels",
];

/// An MCP server. Two sources may share one, and then share the grants.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name in grants and with the workers.
    pub id: ServerId,
    /// Its MCP endpoint. `None` only when `incomplete` says so.
    pub url: Option<Url>,
    /// Who we are at its authorization server.
    pub client: ClientSource,
    /// What is asked for. Empty: what the server itself says.
    pub scopes: Vec<String>,
    /// The only authorization server that is taken, letter by letter.
    pub issuer: Option<String>,
    /// Why nobody can connect to it: the service starts, and its sources say `client_misconfigured`.
    pub incomplete: Option<String>,
}

/// Everything that was written about one server.
pub(super) struct Written<'e> {
    /// `aiq_connect.servers.<id>`, which wins.
    pub(super) settings: Option<Entry<'e>>,
    /// The blocks under `authentication:` of its sources.
    pub(super) accounts: Vec<Entry<'e>>,
}

/// Servers by id, and what their scopes mean in words.
pub(super) type Servers = BTreeMap<ServerId, (Server, BTreeMap<String, String>)>;

pub(super) fn read<'e>(links: &[Link<'e>], block: Option<&Entry<'e>>, outbound: &Outbound) -> Servers {
    let section = block.and_then(|block| block.section("servers"));
    let mut by_server: BTreeMap<&ServerId, Vec<&Link<'e>>> = BTreeMap::new();
    for link in links {
        by_server.entry(&link.server).or_default().push(link);
    }
    if let Some(section) = &section {
        let ids: Vec<&str> = by_server.keys().map(|id| id.as_str()).collect();
        section.only_named(&ids, "no protected source is at a server of this id", "servers");
    }
    by_server
        .into_iter()
        .map(|(id, links)| {
            let settings = section.as_ref().and_then(|section| section.section(id.as_str()));
            let accounts = links.iter().filter_map(|link| link.account.clone()).collect();
            (id.clone(), server(id, &links, &Written { settings, accounts }, outbound))
        })
        .collect()
}

fn server<'e>(
    id: &ServerId,
    links: &[&Link<'e>],
    written: &Written<'e>,
    outbound: &Outbound,
) -> (Server, BTreeMap<String, String>) {
    if let Some(settings) = &written.settings {
        settings.only(KEYS);
    }
    let setting = |name: &str| written.settings.as_ref().and_then(|settings| settings.filled(name));
    let (url, is_written) = match setting("url") {
        Some(text) => (outbound.outside_url(&text), true),
        None => shared_url(id, links, outbound),
    };
    let (client, incomplete) = client::read(written);
    let server = Server {
        id: id.clone(),
        incomplete: if is_written { incomplete } else { Some(without_url(id, links)) },
        url,
        client,
        scopes: written
            .blocks()
            .find_map(|block| block.texts("scopes"))
            .map_or_else(Vec::new, |texts| texts.into_iter().map(|text| text.value).collect()),
        issuer: setting("issuer").and_then(|text| outbound.issuer(&text)),
    };
    (server, written.settings.as_ref().map(scope_labels).unwrap_or_default())
}

impl<'e> Written<'e> {
    /// All blocks, the one that wins first.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Entry<'e>> {
        self.settings.iter().chain(&self.accounts)
    }
}

/// The address that the sources of a server agree on, and whether any was written.
fn shared_url(id: &ServerId, links: &[&Link<'_>], outbound: &Outbound) -> (Option<Url>, bool) {
    let mut first: Option<(Url, &Link<'_>)> = None;
    let mut is_written = false;
    for link in links {
        let Some(text) = &link.url else { continue };
        is_written = true;
        let Some(url) = outbound.outside_url(text) else { continue };
        match &first {
            None => first = Some((url, link)),
            Some((known, earlier)) if *known != url => text.complain(format!(
                "source `{}` has server `{id}` at another address than source `{}`; \
                 give one of them an `mcp_server_id` of its own, or settle it by `aiq_connect.servers.{id}.url`",
                link.source, earlier.source
            )),
            Some(_) => {}
        }
    }
    (first.map(|(url, _)| url), is_written)
}

fn without_url(id: &ServerId, links: &[&Link<'_>]) -> String {
    let mut keys: Vec<String> = Vec::new();
    for key in links.iter().flat_map(|link| &link.url_keys) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys.push(format!("aiq_connect.servers.{id}.url"));
    let keys = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
    format!("the address of the MCP server is not known; set {keys}")
}

fn scope_labels(settings: &Entry<'_>) -> BTreeMap<String, String> {
    let labels = settings.section("scope_labels").map(|section| section.entries()).unwrap_or_default();
    labels.into_iter().filter_map(|(scope, label)| Some((scope, label.text()?.value))).collect()
}
