//! The one outbound client: address checks, no redirects, and limits on time, size and content.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;
use zeroize::Zeroizing;

use super::address::{AddressPolicy, AddressRefused, CheckedResolver};
use crate::timing;

/// The largest answer that is read.
const MAX_BODY: usize = 1024 * 1024;

/// Sends every request that leaves for an authorization server or an MCP server.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    policy: AddressPolicy,
}

/// Room for a token endpoint's answer: a buffer that grows leaves copies behind.
const USUAL_BODY: usize = 64 * 1024;

/// A whole answer. May hold tokens: its body is wiped, and does not print.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// At most 1 MiB.
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The address is not allowed: nothing was sent.
    #[error(transparent)]
    Refused(#[from] AddressRefused),
    /// The other side could not be reached: nothing was sent.
    #[error("no connection")]
    NotSent(#[source] reqwest::Error),
    /// It was sent, or may have been, and no whole answer came.
    #[error("no answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The answer is larger than 1 MiB.
    #[error("the answer is too large")]
    TooLarge,
}

impl Outbound {
    /// A client under this policy.
    #[expect(clippy::disallowed_methods, reason = "the one client for addresses that others name: checked and limited")]
    pub fn new(policy: AddressPolicy) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timing::OUTBOUND_REQUEST)
            .connect_timeout(timing::OUTBOUND_CONNECT)
            .no_proxy()
            .user_agent(concat!("aiq-connect/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(CheckedResolver(policy.clone()))
            .build()?;
        Ok(Self { client, policy })
    }

    /// Checks an address without asking it.
    pub fn check(&self, url: &Url) -> Result<(), AddressRefused> {
        self.policy.check(url)
    }

    /// Asks for JSON.
    pub async fn get(&self, url: &Url) -> Result<Answer, SendError> {
        self.send(Method::GET, url, HeaderMap::new(), Vec::new()).await
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, SendError> {
        self.policy.check(url)?;
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let request = self.client.request(method, url.clone()).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                SendError::NotSent(error)
            } else {
                SendError::NoAnswer(error)
            }
        })?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = Zeroizing::new(Vec::with_capacity(USUAL_BODY));
        while let Some(chunk) = response.chunk().await.map_err(SendError::NoAnswer)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(SendError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

impl Answer {
    /// The bare media type, lower case, without parameters.
    pub fn media_type(&self) -> String {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Every value of a header that is readable text.
    pub fn values(&self, name: &HeaderName) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}
