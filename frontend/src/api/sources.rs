//! The listing.

use aiq_connect_shared::{DataSource, DisconnectAnswer};
use gloo_net::http::Request;
use serde::Deserialize;

use super::ApiError;

/// The listing, if it is another one than the version we have.
#[derive(Debug)]
pub enum Listing {
    /// A new one.
    New {
        /// As configured.
        list: Vec<DataSource>,
        /// Its version.
        etag: Option<String>,
    },
    /// Still the one we have.
    Same,
}

/// AIQ's own page also accepts the list wrapped in an object, so some servers may send it so.
#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Bare(Vec<DataSource>),
    Wrapped { data_sources: Vec<DataSource> },
}

/// Where the service says that the listing is another one.
pub const EVENTS: &str = "/v1/auth/mcp/events";

/// Reads the listing.
pub async fn list(etag: Option<&str>) -> Result<Listing, ApiError> {
    let mut request = Request::get("/v1/data_sources");
    if let Some(etag) = etag {
        request = request.header("If-None-Match", etag);
    }
    let response = request.send().await.map_err(|_| ApiError::Unreachable)?;
    if response.status() == 304 {
        return Ok(Listing::Same);
    }
    let etag = response.headers().get("etag");
    let list = match super::read::<Body>(response).await? {
        Body::Bare(list) | Body::Wrapped { data_sources: list } => list,
    };
    Ok(Listing::New { list, etag })
}

/// Forgets a sign-in.
pub async fn disconnect(id: &str, url: Option<&str>) -> Result<DisconnectAnswer, ApiError> {
    let own = format!("/v1/auth/mcp/{id}/disconnect");
    super::change(Request::post(url.unwrap_or(&own)), &serde_json::json!({})).await
}
