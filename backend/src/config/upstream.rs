//! The research service behind the gate: `aiq_connect.upstream`.

use url::Url;

use super::{errors::advice, outbound::http_url, reader::Entry};

/// The keys of `aiq_connect.upstream`.
pub(super) const KEYS: &[&str] = &["kind", "url"];

/// What jobs are forwarded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamKind {
    /// A `nat serve` process.
    Nat,
}

/// The service that runs jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What it is.
    pub kind: UpstreamKind,
    /// Where it is; ours to reach, so plain http and private addresses are fine.
    pub url: Url,
}

pub(super) fn read(block: Option<&Entry<'_>>) -> Option<Upstream> {
    let section = block?.section("upstream")?;
    section.only(KEYS);
    let kind = section.needed("kind").and_then(|text| {
        if text.value == "nat" {
            return Some(UpstreamKind::Nat);
        }
        let advice = advice(&text.value, ["nat"], "known kinds");
        text.complain(format!("`{}` is no kind of service{advice}", text.value));
        None
    });
    let url = section.needed("url").and_then(|text| {
        let url = http_url(&text)?;
        if url.query().is_some() {
            text.complain("must not have a `?` query: paths are added to it");
            return None;
        }
        Some(url)
    });
    Some(Upstream { kind: kind?, url: url? })
}
