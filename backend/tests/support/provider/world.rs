//! What the provider remembers, and its switches.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::http::{HeaderMap, header, request::Parts};
use tokio::sync::{Semaphore, mpsc};

use super::{
    super::openid::{self, Signer},
    desk::Held,
};

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    /// The form of the body, where it is one.
    pub form: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
}

impl Seen {
    pub(super) fn new(parts: &Parts, body: &[u8]) -> Self {
        let is_form = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let form = if is_form { url::form_urlencoded::parse(body).into_owned().collect() } else { BTreeMap::new() };
        Self {
            path: parts.uri.path().to_owned(),
            headers: parts.headers.clone(),
            form,
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

/// What `iss` the authorization response carries.
#[derive(Clone, Debug)]
pub enum Iss {
    /// Its own, as RFC 9207 wants it.
    Right,
    /// None.
    Missing,
    /// This text.
    Other(String),
}

/// What the token endpoint does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// 503, `Retry-After: 7`.
    Unavailable,
    /// 429, `Retry-After: 7`.
    TooMany,
    /// `invalid_grant`.
    InvalidGrant,
    /// `invalid_client`.
    InvalidClient,
    /// Its work; then the connection breaks.
    LostResponse,
    /// 400, an error with a text that no page should show.
    Insulting,
}

/// The switches. By default everything is as it should be.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches")]
pub struct Faults {
    /// 503 for every metadata document and from the MCP servers.
    pub metadata_unavailable: bool,
    /// The issuer that the metadata names.
    pub issuer: String,
    pub code_challenge_methods: Vec<&'static str>,
    /// The resource that the resource metadata names, instead of the server asked for.
    pub resource: Option<String>,
    pub promises_iss: bool,
    pub iss: Iss,
    /// The authorization endpoint answers with this error, and a text that no page should show.
    pub authorization_error: Option<&'static str>,
    /// Each token request takes one of these and does it; the rest is served well.
    pub token: Vec<TokenFault>,
    /// Every token request does this, when `token` is used up.
    pub token_always: Option<TokenFault>,
    /// Token requests wait for a permit of this one.
    pub token_gate: Option<Arc<Semaphore>>,
    /// Token requests wait here for what the test makes of each.
    pub desk: Option<mpsc::UnboundedSender<Held>>,
    /// The authorization server's metadata waits for a permit of this one.
    pub metadata_gate: Option<Arc<Semaphore>>,
    /// Registration waits for a permit of this one.
    pub registration_gate: Option<Arc<Semaphore>>,
    /// Answers about revocations, which are done, wait for a permit of this one.
    pub revocation_gate: Option<Arc<Semaphore>>,
    pub refuses_registration: bool,
    pub refuses_revocation: bool,
    /// Whether the metadata names a revocation endpoint.
    pub offers_revocation: bool,
    pub auth_method: &'static str,
    pub gives_refresh_tokens: bool,
    /// What is granted, instead of what was asked for.
    pub granted_scope: Option<&'static str>,
    pub access_token_seconds: Option<i64>,
    /// How long access tokens are at least, as those are that carry claims.
    pub access_token_length: usize,
    /// Access tokens are JWTs that end after so many seconds.
    pub jwt_access_seconds: Option<u64>,
    /// A refresh token that was used already is taken once more: some providers forgive a lost response.
    pub forgives_reuse: bool,
    /// Changes the ID token before it is signed.
    pub id_token: openid::Change,
}

/// A client.
#[derive(Clone, Debug)]
pub(super) struct KnownClient {
    pub secret: Option<String>,
    pub auth_method: String,
    pub redirect_uris: Vec<String>,
    pub registered_itself: bool,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub client_id: String,
    pub redirect_uri: String,
    pub challenge: String,
    pub resource: Option<String>,
    pub scope: String,
    pub nonce: Option<String>,
    pub used: bool,
    pub family: usize,
}

/// One sign-in: all tokens that came from one code.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub client_id: String,
    pub resource: Option<String>,
    pub scope: String,
    pub revoked: bool,
    /// The one that is good; earlier ones are in `used`.
    pub refresh: Option<String>,
    pub used: Vec<String>,
    pub access: Vec<String>,
    pub revoked_access: Vec<String>,
}

pub(super) struct World {
    pub origin: String,
    pub faults: Mutex<Faults>,
    pub log: Mutex<Vec<Seen>>,
    pub clients: Mutex<HashMap<String, KnownClient>>,
    pub codes: Mutex<HashMap<String, Code>>,
    pub families: Mutex<Vec<Family>>,
    pub secrets: Mutex<Vec<String>>,
    pub signer: Signer,
}

impl World {
    pub fn new(origin: String) -> Self {
        Self {
            faults: Mutex::new(Faults {
                metadata_unavailable: false,
                issuer: origin.clone(),
                code_challenge_methods: vec!["S256"],
                resource: None,
                promises_iss: true,
                iss: Iss::Right,
                authorization_error: None,
                token: Vec::new(),
                token_always: None,
                token_gate: None,
                desk: None,
                metadata_gate: None,
                registration_gate: None,
                revocation_gate: None,
                refuses_registration: false,
                refuses_revocation: false,
                offers_revocation: true,
                auth_method: "client_secret_basic",
                gives_refresh_tokens: true,
                granted_scope: None,
                access_token_seconds: Some(3600),
                access_token_length: 0,
                jwt_access_seconds: None,
                forgives_reuse: false,
                id_token: openid::Change::None,
            }),
            origin,
            log: Mutex::default(),
            clients: Mutex::default(),
            codes: Mutex::default(),
            families: Mutex::default(),
            secrets: Mutex::default(),
            signer: Signer::new(),
        }
    }

    pub fn faults(&self) -> Faults {
        self.faults.lock().unwrap().clone()
    }

    /// A new secret text, remembered.
    pub fn secret(&self, kind: &str) -> String {
        let text = format!("{kind}-{}", super::super::service::random());
        self.note_secret(&text);
        text
    }

    /// Remembers a secret of the other side.
    pub fn note_secret(&self, text: &str) {
        self.secrets.lock().unwrap().push(text.to_owned());
        super::super::logs::note_secret("of_the_tests_provider", text);
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().clone()
    }

    pub fn client_of_our_own_sign_in(&self) {
        let client = KnownClient {
            secret: Some(openid::CLIENT_SECRET.to_owned()),
            auth_method: "client_secret_basic".to_owned(),
            redirect_uris: vec![format!("{}/v1/auth/login/callback", super::super::service::PUBLIC)],
            registered_itself: false,
        };
        self.clients.lock().unwrap().insert(openid::CLIENT_ID.to_owned(), client);
    }

    pub fn register_by_hand(&self, client_id: &str, secret: &str, auth_method: &str, source: &str) {
        self.note_secret(secret);
        let public = super::super::service::PUBLIC;
        let client = KnownClient {
            secret: Some(secret.to_owned()),
            auth_method: auth_method.to_owned(),
            redirect_uris: vec![format!("{public}/v1/auth/mcp/{source}/callback")],
            registered_itself: false,
        };
        self.clients.lock().unwrap().insert(client_id.to_owned(), client);
    }

    pub fn takes(&self, access_token: &str) -> bool {
        self.families.lock().unwrap().iter().any(|family| {
            let owns = |tokens: &[String]| tokens.iter().any(|token| token == access_token);
            !family.revoked && owns(&family.access) && !owns(&family.revoked_access)
        })
    }

    pub fn refresh_tokens(&self) -> Vec<String> {
        let families = self.families.lock().unwrap();
        families.iter().filter(|family| !family.revoked).filter_map(|family| family.refresh.clone()).collect()
    }

    pub fn living_grants(&self) -> usize {
        self.families.lock().unwrap().iter().filter(|family| !family.revoked).count()
    }

    pub fn registered_clients(&self) -> usize {
        self.clients.lock().unwrap().values().filter(|client| client.registered_itself).count()
    }

    pub fn forget_clients(&self) {
        self.clients.lock().unwrap().retain(|_, client| !client.registered_itself);
    }
}
