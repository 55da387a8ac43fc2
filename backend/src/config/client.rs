//! Who we are at a server's authorization server.

use super::{errors::advice, reader::Entry, servers::Written};
use crate::{domain::ClientAuth, vault::Secret};

const DEFAULT_NAME: &str = "AIQ Connect";

/// Where our OAuth client comes from.
#[derive(Clone, Debug)]
pub enum ClientSource {
    /// Registered by hand.
    Registered {
        /// Its name.
        client_id: String,
        /// Its secret, unless it is a public client.
        client_secret: Option<Secret>,
        /// How it proves itself; `None` leaves it to what the server offers.
        auth: Option<ClientAuth>,
    },
    /// Registered by ourselves (RFC 7591).
    Dynamic {
        /// The name it is registered by, for people.
        client_name: String,
    },
}

/// Reads the client, and why it cannot work if it cannot.
pub(super) fn read(written: &Written<'_>) -> (ClientSource, Option<String>) {
    // Name, secret and method belong together: only our own settings may complete another block's client.
    let with_id = written.blocks().find_map(|block| Some((block, block.filled("client_id")?)));
    let belonging = |name: &str| {
        let own = written.settings.as_ref().and_then(|settings| settings.filled(name));
        own.or_else(|| with_id.as_ref()?.0.filled(name))
    };
    if let Some((block, client_id)) = &with_id {
        let client_secret = belonging("client_secret").map(|text| Secret::new(text.value));
        let auth = belonging("token_endpoint_auth_method").and_then(|text| {
            let method = ClientAuth::from_name(&text.value);
            if method.is_none() {
                let known = [ClientAuth::Basic, ClientAuth::Post, ClientAuth::None].map(ClientAuth::as_str);
                let advice = advice(&text.value, known, "known methods");
                text.complain(format!("`{}` is no method that is supported{advice}", text.value));
            }
            method
        });
        let incomplete = match auth {
            Some(method @ (ClientAuth::Basic | ClientAuth::Post)) if client_secret.is_none() => Some(format!(
                "`{}.client_secret` is empty, and `token_endpoint_auth_method: {}` needs it",
                block.path,
                method.as_str()
            )),
            _ => None,
        };
        let client_id = client_id.value.clone();
        return (ClientSource::Registered { client_id, client_secret, auth }, incomplete);
    }
    let name = written.blocks().find_map(|block| block.filled("client_name"));
    let client = ClientSource::Dynamic { client_name: name.map_or_else(|| DEFAULT_NAME.to_owned(), |text| text.value) };
    (client, written.blocks().find_map(why_not_dynamic))
}

/// Why a block without a client id forbids or contradicts registering one.
fn why_not_dynamic(block: &Entry<'_>) -> Option<String> {
    let path = &block.path;
    if block.filled("client_secret").is_some() {
        Some(format!("`{path}.client_secret` is set, and `client_id` is empty"))
    } else if !block.flag("enable_dynamic_registration", true) {
        Some(format!("`{path}.client_id` is empty, and `enable_dynamic_registration` is off"))
    } else {
        None
    }
}
