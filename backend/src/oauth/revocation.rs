//! Ending tokens at the provider (RFC 7009).

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method, header};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::{Client, Metadata, Outbound, SendError};
use crate::{domain::ClientAuth, vault::Secret};

/// Which token it is, as a hint to the server (RFC 7009 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenHint {
    /// Ends the whole grant at most servers.
    Refresh,
    /// Ends one access token.
    Access,
}

/// Why a token may still live.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// The server has no revocation endpoint.
    #[error("the authorization server has no revocation endpoint")]
    NotOffered,
    /// It refused.
    #[error("the revocation endpoint refused (HTTP {0})")]
    Refused(u16),
    /// Passes by itself.
    #[error("the revocation endpoint does not answer")]
    Unreachable(#[source] Option<SendError>),
}

/// Ends one token. An unknown token is ended already (RFC 7009 §2.2).
pub async fn revoke(
    outbound: &Outbound,
    metadata: &Metadata,
    client: &Client,
    token: &Secret,
    hint: TokenHint,
) -> Result<(), RevocationError> {
    let endpoint = metadata.revocation_endpoint.as_ref().ok_or(RevocationError::NotOffered)?;
    let (headers, body) = request(client, token, hint);
    let answer = match outbound.send(Method::POST, endpoint, headers, body).await {
        Ok(answer) => answer,
        Err(SendError::Refused(_)) => return Err(RevocationError::Refused(0)),
        Err(error) => return Err(RevocationError::Unreachable(Some(error))),
    };
    match answer.status {
        200..=299 => Ok(()),
        429 | 500..=599 => Err(RevocationError::Unreachable(None)),
        status => Err(RevocationError::Refused(status)),
    }
}

fn request(client: &Client, token: &Secret, hint: TokenHint) -> (HeaderMap, Vec<u8>) {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let hint = match hint {
        TokenHint::Refresh => "refresh_token",
        TokenHint::Access => "access_token",
    };
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token.expose()).append_pair("token_type_hint", hint);
    match (client.auth, &client.secret) {
        (ClientAuth::Basic, Some(secret)) => {
            // RFC 6749 §2.3.1: both parts are form-encoded first, so the header value is always plain ASCII.
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&client.client_id), encode(secret.expose()));
            if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(pair))) {
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
        }
        (ClientAuth::Post, Some(secret)) => {
            form.append_pair("client_id", &client.client_id).append_pair("client_secret", secret.expose());
        }
        _ => {
            form.append_pair("client_id", &client.client_id);
        }
    }
    (headers, form.finish().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(auth: ClientAuth, secret: Option<&str>) -> (HeaderMap, String) {
        let client = Client { client_id: "us:1".into(), secret: secret.map(Secret::new), auth };
        let (headers, body) = request(&client, &Secret::new("t"), TokenHint::Refresh);
        (headers, String::from_utf8(body).unwrap())
    }

    #[test]
    fn each_way_of_proving_ourselves_sends_its_own_parts_and_no_more() {
        let (headers, form) = body(ClientAuth::Basic, Some("s"));
        // base64 of `us%3A1:s`
        assert_eq!(headers[header::AUTHORIZATION], "Basic dXMlM0ExOnM=");
        assert_eq!(form, "token=t&token_type_hint=refresh_token");

        let (headers, form) = body(ClientAuth::Post, Some("s"));
        assert!(!headers.contains_key(header::AUTHORIZATION));
        assert_eq!(form, "token=t&token_type_hint=refresh_token&client_id=us%3A1&client_secret=s");

        let (headers, form) = body(ClientAuth::None, None);
        assert!(!headers.contains_key(header::AUTHORIZATION));
        assert_eq!(form, "token=t&token_type_hint=refresh_token&client_id=us%3A1");
    }
}
