//! Reading published JSON documents: absent, broken and unreachable are three different things.

use serde::de::DeserializeOwned;
use url::Url;

use super::{DiscoveryError, Outbound};

/// The document at a URL. `None`: it is not there (any 4xx), so another place may be tried.
///
/// A server error or silence is not absence: trying on could find a forged document, or guess an endpoint.
pub(super) async fn get<T: DeserializeOwned>(outbound: &Outbound, url: &Url) -> Result<Option<T>, DiscoveryError> {
    let answer = outbound.get(url).await.map_err(DiscoveryError::from)?;
    match answer.status {
        200 => {}
        429 | 500..=599 => {
            return Err(DiscoveryError::Unreachable { what: format!("HTTP {}", answer.status), cause: None });
        }
        _ => return Ok(None),
    }
    if !answer.media_type().ends_with("json") {
        return Ok(None);
    }
    serde_json::from_slice(&answer.body)
        .map(Some)
        .map_err(|_| DiscoveryError::unusable("a metadata document has fields of the wrong type"))
}
