//! Signing in to AIQ Connect itself, by OpenID Connect: `aiq_connect.sign_in`.

use super::{outbound::Outbound, reader::Entry};
use crate::vault::Secret;

/// The keys of `aiq_connect.sign_in`.
pub(super) const KEYS: &[&str] = &["issuer", "client_id", "client_secret", "scopes"];

/// Our client at the OpenID provider.
#[derive(Clone, Debug)]
pub struct SignInConfig {
    /// The provider's issuer identifier, letter by letter.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there, unless we are a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for; `openid` is among them.
    pub scopes: Vec<String>,
}

pub(super) fn read(block: Option<&Entry<'_>>, outbound: &Outbound) -> Option<SignInConfig> {
    let section = block?.section("sign_in")?;
    section.only(KEYS);
    let issuer = section.needed("issuer");
    let client_id = section.needed("client_id");
    let client_secret = section.filled("client_secret").map(|text| Secret::new(text.value));
    let scopes = match section.texts("scopes") {
        None => ["openid", "profile", "email"].map(str::to_owned).to_vec(),
        Some(texts) => texts.into_iter().map(|text| text.value).collect(),
    };
    if !scopes.iter().any(|scope| scope == "openid")
        && let Some(entry) = section.get("scopes")
    {
        entry.complain("must hold `openid`: without it there is no sign-in (OpenID Connect Core §3.1.2.1)");
    }
    Some(SignInConfig { issuer: outbound.issuer(&issuer?)?, client_id: client_id?.value, client_secret, scopes })
}
