//! The page: `/`, `/connections`, and the files it loads.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use rust_embed::RustEmbed;

use super::{App, headers::page_policy, problem::problem};

/// What trunk writes into the page where a nonce has to stand.
const NONCE: &str = "{{__TRUNK_NONCE__}}";

/// Built by trunk. Inside the binary in release builds; debug builds read the folder.
#[derive(RustEmbed)]
#[folder = "../dist"]
#[allow_missing = true]
struct Dist;

/// The page, with a new nonce in its policy and its one inline script.
pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    let Some(index) = Dist::get("index.html") else {
        let message = "The page has not been built. Run `trunk build`, or `cargo xtask demo`.";
        return problem(StatusCode::NOT_FOUND, "page_not_built", message);
    };
    let nonce = BASE64_STANDARD_NO_PAD.encode(app.chance.bytes::<18>());
    let html = String::from_utf8_lossy(&index.data).replace(NONCE, &nonce);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page_policy(&nonce)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, html).into_response()
}

/// A file of the page. Names carry a hash, so they may be kept for ever.
pub(super) async fn file(uri: Uri, request: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    let Some(found) = Dist::get(name).filter(|_| name != "index.html") else {
        return problem(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.");
    };
    let etag = format!("\"{}\"", &crate::domain::hex(&found.metadata.sha256_hash())[..32]);
    let kept = if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, found.metadata.mimetype().to_owned()),
        (header::CACHE_CONTROL, kept.to_owned()),
        (header::ETAG, etag.clone()),
    ];
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, found.data.into_owned()).into_response()
}

/// Trunk's names: `panel-0123456789abcdef.css`, `app-0123456789abcdef_bg.wasm`.
fn has_hash(name: &str) -> bool {
    name.split(['-', '.', '_']).any(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
