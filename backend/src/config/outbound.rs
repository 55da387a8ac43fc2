//! Where requests may go: `aiq_connect.outbound`, and the rules for every address outside.

use url::{Host, Url};

use super::reader::{Entry, Text};

/// The keys of `aiq_connect.outbound`.
pub(super) const KEYS: &[&str] = &["allow_loopback", "allow_hosts"];

/// What outbound requests may reach besides public addresses over https.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbound {
    /// This machine, over http too. For development.
    pub allow_loopback: bool,
    /// Names whose addresses may be private, in lower case.
    pub allow_hosts: Vec<String>,
}

pub(super) fn read(block: Option<&Entry<'_>>) -> Outbound {
    let Some(section) = block.and_then(|block| block.section("outbound")) else { return Outbound::default() };
    section.only(KEYS);
    let host = |text: Text<'_>| {
        let Ok(host) = Host::parse(&text.value) else {
            text.complain("must be a host name alone, without scheme, port or path, such as `idp.example.com`");
            return None;
        };
        Some(host.to_string())
    };
    Outbound {
        allow_loopback: section.flag("allow_loopback", false),
        allow_hosts: section.texts("allow_hosts").unwrap_or_default().into_iter().filter_map(host).collect(),
    }
}

/// An http or https URL without credentials and fragment. Reported otherwise, without showing it: it may hold a password.
pub(super) fn http_url(text: &Text<'_>) -> Option<Url> {
    let Ok(url) = Url::parse(&text.value) else {
        text.complain("is not a URL; write it whole, such as `https://mcp.example.com/mcp`");
        return None;
    };
    if !matches!(url.scheme(), "http" | "https") {
        text.complain("must begin with `https://` or `http://`");
    } else if !url.username().is_empty() || url.password().is_some() {
        text.complain("must not carry a user name or password");
    } else if url.fragment().is_some() {
        text.complain("must not have a `#` fragment");
    } else {
        return Some(url);
    }
    None
}

impl Outbound {
    /// The URL of a server or issuer outside: https, or this machine where that is allowed.
    pub(super) fn outside_url(&self, text: &Text<'_>) -> Option<Url> {
        let url = http_url(text)?;
        let here = is_loopback(&url);
        if here && !self.allow_loopback {
            text.complain("is on this machine; set `aiq_connect.outbound.allow_loopback: true` for development");
        } else if !here && url.scheme() == "http" {
            text.complain("must begin with `https://`: tokens travel to it");
        } else {
            return Some(url);
        }
        None
    }

    /// An issuer identifier (RFC 8414 §2), kept as it was written because it is compared letter by letter.
    pub(super) fn issuer(&self, text: &Text<'_>) -> Option<String> {
        let url = self.outside_url(text)?;
        if url.query().is_some() {
            text.complain("must not have a `?` query");
            return None;
        }
        Some(text.value.clone())
    }
}

/// Whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
