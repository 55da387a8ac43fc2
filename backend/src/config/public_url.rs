//! The address that browsers use: `AIQ_PUBLIC_URL` or `aiq_connect.public_url`.

use url::Url;

use super::{
    outbound::{http_url, is_loopback},
    reader::{Entry, Reading, Text},
};

const DEFAULT: &str = "http://localhost:8000";

pub(super) fn read<'e>(reading: &'e Reading<'e>, block: Option<&Entry<'e>>) -> Option<Url> {
    match reading.variable("AIQ_PUBLIC_URL").or_else(|| block?.filled("public_url")) {
        Some(text) => origin(&text),
        None => Url::parse(DEFAULT).ok(),
    }
}

fn origin(text: &Text<'_>) -> Option<Url> {
    let url = http_url(text)?;
    if url.path() != "/" || url.query().is_some() {
        text.complain("must be an origin alone, without path and query, such as `https://aiq.example.com`");
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        text.complain(
            "must begin with `https://` unless it is on this machine: browsers keep our cookies on https only",
        );
        return None;
    }
    Some(url)
}
