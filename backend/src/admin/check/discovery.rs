//! The way to every sign-in, walked step by step with the code that people's sign-ins use.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use url::Url;

use super::super::report::{Report, Section};
use crate::{
    clock::SystemClock,
    config::{ClientSource, Config, Server},
    oauth::{
        AddressPolicy, DiscoveryError, HttpAuthorizationServers, Metadata, Outbound, PublishedKeys, discovery, metadata,
    },
};

/// How long the research service may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(4);

pub(super) async fn explain(config: &Config, report: &mut Report) {
    crate::install_crypto();
    let policy = AddressPolicy {
        allow_loopback: config.outbound.allow_loopback,
        allow_hosts: config.outbound.allow_hosts.clone(),
    };
    let outbound = match Outbound::new(policy) {
        Ok(outbound) => outbound,
        Err(error) => return report.section("Discovery").warning(format!("cannot make an HTTP client: {error}")),
    };
    for server in config.servers.values().filter(|server| server.incomplete.is_none()) {
        if let Some(url) = &server.url {
            of_server(&outbound, server, url, report.section(format!("Discovery of {}", server.id))).await;
        }
    }
    let own = config.sign_in.as_ref().map(|sign_in| sign_in.issuer.as_str());
    let tokens = config.identity.tokens.as_ref().map(|known| known.issuer.as_str());
    if let Some(issuer) = own {
        let section = report.section("Discovery of the sign-in");
        match metadata::fetch(&outbound, issuer).await {
            Ok(found) => section.ok(format!("{issuer} publishes its metadata; people sign in at {}", at(&found))),
            Err(error) => section.warning(format!("{issuer}: {}", told(&error))),
        }
    }
    if let Some(issuer) = tokens {
        keys(&outbound, issuer, report.section("Keys of the issuer of tokens")).await;
    }
    if let Some(upstream) = &config.upstream {
        research(&upstream.url, report.section("Research service")).await;
    }
}

async fn of_server(outbound: &Outbound, server: &Server, url: &Url, section: &mut Section) {
    let protected = match discovery::protected_resource(outbound, url, server.issuer.as_deref()).await {
        Ok(protected) => protected,
        Err(error) => return section.warning(format!("{url}: {}", told(&error))),
    };
    section.ok(format!(
        "{url} answers, and its resource metadata (RFC 9728) names the resource {} and the authorization server {}",
        protected.resource, protected.issuer
    ));
    match &protected.scopes {
        Some(scopes) => section.note(format!("it names the scopes {}", scopes.join(" "))),
        None => section.note("it names no scopes"),
    }
    match metadata::fetch(outbound, &protected.issuer).await {
        Ok(found) => of_authorization_server(server, &found, section),
        Err(error) => section.warning(format!("{}: {}", protected.issuer, told(&error))),
    }
}

fn of_authorization_server(server: &Server, found: &Metadata, section: &mut Section) {
    section.ok(format!("the authorization server publishes its metadata (RFC 8414); people sign in at {}", at(found)));
    // Without it the metadata would not have been taken.
    section.ok("it promises PKCE with S256 (RFC 7636)");
    match (&server.client, &found.registration_endpoint) {
        (ClientSource::Dynamic { .. }, Some(_)) => section.ok("it registers clients (RFC 7591)"),
        (ClientSource::Dynamic { .. }, None) => section.warning(format!(
            "it registers no clients: register one there by hand, and set `aiq_connect.servers.{}.client_id`",
            server.id
        )),
        (ClientSource::Registered { .. }, _) => section.ok("our client there is pre-registered; nothing is registered"),
    }
    if !found.iss_promised {
        section.note("it does not promise `iss` in its answers (RFC 9207)");
    }
    if found.revocation_endpoint.is_none() {
        section.note("it ends no tokens on request (RFC 7009): a Disconnect is only ours");
    }
}

async fn keys(outbound: &Outbound, issuer: &str, section: &mut Section) {
    let servers = HttpAuthorizationServers::new(outbound.clone(), Arc::new(SystemClock));
    match servers.published_keys(issuer).await {
        Ok(set) if set.keys.is_empty() => section.warning(format!("{issuer} publishes no key that can be used")),
        Ok(set) => section.ok(format!("{issuer} publishes {} keys", set.keys.len())),
        Err(error) => section.warning(format!("{issuer}: {}", told(&error))),
    }
}

async fn research(url: &Url, section: &mut Section) {
    // Without the brackets of IPv6, which only URLs have.
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = (host, url.port_or_known_default().unwrap_or_default());
    match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(_)) => section.ok(format!("{url} accepts connections")),
        Ok(Err(error)) => section.warning(format!("{url} cannot be reached: {error}")),
        Err(_) => section.warning(format!("{url} does not answer within {} s", CONNECT.as_secs())),
    }
}

/// The host where people sign in.
fn at(found: &Metadata) -> String {
    found.authorization_endpoint.origin().ascii_serialization()
}

fn told(error: &DiscoveryError) -> String {
    match error {
        DiscoveryError::Unreachable { .. } => format!("{error}; it may pass by itself"),
        DiscoveryError::Unusable(_) => format!("nobody can sign in: {error}"),
    }
}
