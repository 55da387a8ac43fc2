//! From an MCP server's address to its authorization server (RFC 9728).

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use url::Url;

use super::{Challenge, DiscoveryError, Outbound, documents};

/// The protocol version that the probe speaks; servers of the stateless era answer it with 401 as well.
const PROBE_VERSION: &str = "2025-11-25";

/// What the MCP server says of how to get a token for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// What to ask tokens for (RFC 8707).
    pub resource: String,
    /// The authorization server to use.
    pub issuer: String,
    /// What to ask for: the challenge's scopes, else those of the metadata, else nothing.
    pub scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Document {
    resource: String,
    #[serde(default)]
    authorization_servers: Vec<String>,
    scopes_supported: Option<Vec<String>>,
}

/// Asks the MCP server. `pin` names the one authorization server that the configuration accepts.
pub async fn protected_resource(
    outbound: &Outbound,
    server: &Url,
    pin: Option<&str>,
) -> Result<ProtectedResource, DiscoveryError> {
    let challenge = probe(outbound, server).await?;
    let document = metadata(outbound, server, &challenge).await?;
    if !identifies(&document.resource, server) {
        return Err(DiscoveryError::unusable("the resource metadata is about another server"));
    }
    let issuer = match pin {
        Some(pin) => document.authorization_servers.into_iter().find(|listed| listed == pin).ok_or_else(|| {
            DiscoveryError::unusable("the server does not name the authorization server that the configuration pins")
        })?,
        None => document
            .authorization_servers
            .into_iter()
            .next()
            .ok_or_else(|| DiscoveryError::unusable("the resource metadata names no authorization server"))?,
    };
    let challenged = challenge.scope.map(|text| text.split_whitespace().map(str::to_owned).collect());
    Ok(ProtectedResource { resource: document.resource, issuer, scopes: challenged.or(document.scopes_supported) })
}

/// Sends an unauthenticated request, to be refused with a challenge.
async fn probe(outbound: &Outbound, server: &Url) -> Result<Challenge, DiscoveryError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(HeaderName::from_static("mcp-protocol-version"), HeaderValue::from_static(PROBE_VERSION));
    let body = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": PROBE_VERSION, "capabilities": {},
            "clientInfo": {"name": "aiq-connect", "version": env!("CARGO_PKG_VERSION")},
        },
    });
    let answer = outbound.send(Method::POST, server, headers, body.to_string().into_bytes()).await?;
    if matches!(answer.status, 429 | 500..=599) {
        return Err(DiscoveryError::Unreachable { what: format!("HTTP {}", answer.status), cause: None });
    }
    Ok(Challenge::from_headers(answer.values(&header::WWW_AUTHENTICATE)).unwrap_or_default())
}

/// The metadata at the challenged address, else at the path-inserted well-known address, else at the root's.
async fn metadata(outbound: &Outbound, server: &Url, challenge: &Challenge) -> Result<Document, DiscoveryError> {
    let candidates = match &challenge.resource_metadata {
        Some(text) => vec![
            Url::parse(text).map_err(|_| DiscoveryError::unusable("the challenge's resource_metadata is not a URL"))?,
        ],
        None => well_known_urls(server),
    };
    for url in candidates {
        if let Some(document) = documents::get(outbound, &url).await? {
            return Ok(document);
        }
    }
    Err(DiscoveryError::unusable("the MCP server publishes no resource metadata"))
}

fn well_known_urls(server: &Url) -> Vec<Url> {
    let path = server.path().trim_end_matches('/');
    let mut root = server.clone();
    root.set_query(None);
    root.set_fragment(None);
    root.set_path("/.well-known/oauth-protected-resource");
    let mut inserted = root.clone();
    inserted.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
    if path.is_empty() { vec![root] } else { vec![inserted, root] }
}

/// RFC 9728 §3.3: the resource is this server, or a parent path of it on the same origin.
fn identifies(resource: &str, server: &Url) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    let parent = resource.path().trim_end_matches('/');
    let path = server.path().trim_end_matches('/');
    resource.origin() == server.origin()
        && resource.fragment().is_none()
        && (path == parent || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_path_inserted_address_is_asked_before_the_root() {
        let urls: Vec<String> = well_known_urls(&url("https://a.example/x/mcp")).iter().map(Url::to_string).collect();
        assert_eq!(
            urls,
            [
                "https://a.example/.well-known/oauth-protected-resource/x/mcp",
                "https://a.example/.well-known/oauth-protected-resource"
            ]
        );
    }

    #[test]
    fn the_server_itself_and_its_parents_identify_it_and_nothing_else_does() {
        let server = url("https://a.example/x/mcp");
        for resource in
            ["https://a.example/x/mcp", "https://a.example/x/mcp/", "https://a.example/x", "https://a.example"]
        {
            assert!(identifies(resource, &server), "{resource}");
        }
        for resource in [
            "https://b.example/x/mcp",
            "http://a.example/x/mcp",
            "https://a.example/x/mc",
            "https://a.example/y",
            "nonsense",
        ] {
            assert!(!identifies(resource, &server), "{resource}");
        }
    }
}
