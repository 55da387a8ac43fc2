//! Which addresses the outbound client may talk to (MCP security best practices, "SSRF").

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Why a URL is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefused {
    /// Neither https nor permitted loopback http.
    #[error("`{0}` is not https")]
    NotHttps(String),
    /// A private, link-local or otherwise special address that the configuration does not list.
    #[error("`{0}` is a private address; list it under aiq_connect.outbound.allow_hosts if it is meant")]
    Private(String),
    /// No host at all, or credentials in the URL.
    #[error("the URL is not a plain http address")]
    NotPlain,
}

/// What is permitted beside public https addresses.
#[derive(Debug, Clone, Default)]
pub struct AddressPolicy {
    /// The development switch: http, and loopback addresses.
    pub allow_loopback: bool,
    /// Hosts whose private addresses are meant, such as corporate MCP servers. The same list holds for every leg.
    pub allow_hosts: Vec<String>,
}

impl AddressPolicy {
    /// Checks what can be known from the URL alone. Names are checked again when they are resolved.
    pub fn check(&self, url: &Url) -> Result<(), AddressRefused> {
        let host = url.host().ok_or(AddressRefused::NotPlain)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressRefused::NotPlain);
        }
        let literal = match host {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(_) => None,
        };
        let loopback = literal.map_or_else(|| url.host_str() == Some("localhost"), |ip| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback && self.allow_loopback => {}
            _ => return Err(AddressRefused::NotHttps(url.host_str().unwrap_or_default().to_owned())),
        }
        match literal {
            Some(ip) if !self.permits(url.host_str().unwrap_or_default(), ip) => {
                Err(AddressRefused::Private(ip.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn permits(&self, host: &str, ip: IpAddr) -> bool {
        is_public(ip) || (self.allow_loopback && ip.is_loopback()) || self.allow_hosts.iter().any(|name| name == host)
    }
}

/// Resolves names and hands out only permitted addresses, so that what was checked is what is connected to.
pub(super) struct CheckedResolver(pub AddressPolicy);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|address| policy.permits(&host, address.ip())).collect();
            if permitted.is_empty() {
                return Err(Box::new(AddressRefused::Private(host)) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet: IANA's special-purpose registries are not it.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments()[0];
    // Mapped (::ffff:0:0/96), translated (64:ff9b::/96), 6to4 and Teredo addresses carry an IPv4 address inside:
    // nothing public is reached that way that cannot be named directly.
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && ip.segments()[1] < 0x0200)
        && !(first == 0x2001 && ip.segments()[1] == 0x0db8)
        && first != 0x2002
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(policy: &AddressPolicy, url: &str) -> bool {
        policy.check(&Url::parse(url).unwrap()).is_err()
    }

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn http_is_refused_and_loopback_needs_the_switch() {
        let strict = AddressPolicy::default();
        let development = AddressPolicy { allow_loopback: true, ..AddressPolicy::default() };
        assert!(refused(&strict, "http://127.0.0.1:9000/"));
        assert!(refused(&strict, "https://127.0.0.1/"));
        assert!(!refused(&development, "http://127.0.0.1:9000/"));
        assert!(!refused(&development, "http://localhost:9000/"));
        assert!(refused(&development, "http://example.com/"));
        assert!(!refused(&strict, "https://example.com/"));
    }

    #[test]
    fn literals_in_unusual_spellings_are_seen_through() {
        let strict = AddressPolicy::default();
        for url in ["https://0x7f.1/", "https://2130706433/", "https://0177.0.0.1/", "https://[::ffff:127.0.0.1]/"] {
            assert!(refused(&strict, url), "{url}");
        }
    }

    #[test]
    fn a_listed_host_may_be_private_and_others_stay_refused() {
        let policy = AddressPolicy { allow_hosts: vec!["10.1.2.3".into()], ..AddressPolicy::default() };
        assert!(!refused(&policy, "https://10.1.2.3/"));
        assert!(refused(&policy, "https://10.1.2.4/"));
    }

    #[test]
    fn credentials_in_a_url_are_refused() {
        assert!(refused(&AddressPolicy::default(), "https://user:pw@example.com/"));
    }
}
