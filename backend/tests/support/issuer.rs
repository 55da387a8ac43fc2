//! An OpenID issuer as AIQ's people have one: publishes its keys over real HTTP, and signs what a test wants signed.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Semaphore};

/// What tokens have to be for.
pub const AUDIENCE: &str = "aiq";

/// A signing key with a name.
pub struct Key {
    pub name: &'static str,
    pub algorithm: Algorithm,
    pair: EncodingKey,
}

impl Key {
    pub fn new(name: &'static str) -> Self {
        aiq_connect::install_crypto();
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self { name, algorithm: Algorithm::ES256, pair: EncodingKey::from_ec_der(pair.as_ref()) }
    }

    /// Always the same one: making such keys takes long.
    pub fn rsa(name: &'static str, algorithm: Algorithm) -> Self {
        let pem = include_bytes!("../fixtures/rsa-for-tests.pem");
        Self { name, algorithm, pair: EncodingKey::from_rsa_pem(pem).unwrap() }
    }

    /// As it is published.
    pub fn published(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.pair, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.name.to_owned());
        json!(jwk)
    }

    /// A token with this key's name in its head.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some(self.name), claims)
    }

    /// A token with another name in its head, or with none.
    pub fn sign_as(&self, name: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = name.map(str::to_owned);
        self.sign_with(&header, claims)
    }

    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        let token = jsonwebtoken::encode(header, claims, &self.pair).unwrap();
        super::logs::note_secret("subject_token", &token);
        token
    }
}

struct Desk {
    keys: Vec<Value>,
    issuer: String,
    broken: Option<StatusCode>,
    silent: bool,
    gate: Option<Arc<Semaphore>>,
    asked: usize,
}

/// The issuer.
pub struct Issuer {
    /// `http://127.0.0.1:port/realms/aiq`: its identifier.
    pub name: String,
    /// What it signs with, and publishes at first.
    pub key: Key,
    desk: Arc<Mutex<Desk>>,
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("http://{}/realms/aiq", listener.local_addr().unwrap());
        let key = Key::new("one");
        let desk = Desk {
            keys: vec![key.published()],
            issuer: name.clone(),
            broken: None,
            silent: false,
            gate: None,
            asked: 0,
        };
        let desk = Arc::new(Mutex::new(desk));
        let router = Router::new()
            .route("/realms/aiq/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { name, key, desk }
    }

    /// What a token of somebody says when nothing is wrong with it.
    pub fn claims(&self, sub: &str) -> Value {
        let now = chrono::DateTime::<chrono::Utc>::from(super::service::now()).timestamp();
        json!({"iss": self.name, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 300})
    }

    /// A good token.
    pub fn token(&self, sub: &str) -> String {
        self.key.sign(&self.claims(sub))
    }

    pub fn publish(&self, keys: &[&Key]) {
        self.publish_as_it_is(keys.iter().map(|key| key.published()).collect());
    }

    pub fn publish_as_it_is(&self, keys: Vec<Value>) {
        self.desk.lock().unwrap().keys = keys;
    }

    /// What it calls itself from now on.
    pub fn rename(&self, name: &str) {
        name.clone_into(&mut self.desk.lock().unwrap().issuer);
    }

    /// Answers this instead of its documents, until told otherwise.
    pub fn answer(&self, broken: Option<StatusCode>) {
        self.desk.lock().unwrap().broken = broken;
    }

    /// Takes questions and answers none, from now on.
    pub fn fall_silent(&self) {
        self.desk.lock().unwrap().silent = true;
    }

    /// Makes its keys wait from now on, each time for one permit.
    pub fn hold_keys(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.desk.lock().unwrap().gate = Some(Arc::clone(&gate));
        gate
    }

    /// How often its configuration was asked for.
    pub fn asked(&self) -> usize {
        self.desk.lock().unwrap().asked
    }
}

async fn configuration(State(desk): State<Arc<Mutex<Desk>>>) -> Response {
    let answer = {
        let mut desk = desk.lock().unwrap();
        desk.asked += 1;
        let origin = desk.issuer.split("/realms").next().unwrap();
        let document = json!({"issuer": desk.issuer, "jwks_uri": format!("{origin}/keys")});
        match desk.broken {
            _ if desk.silent => None,
            Some(status) => Some(status.into_response()),
            None => Some(Json(document).into_response()),
        }
    };
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

async fn keys(State(desk): State<Arc<Mutex<Desk>>>) -> Response {
    let gate = desk.lock().unwrap().gate.clone();
    if let Some(gate) = gate {
        gate.acquire().await.unwrap().forget();
    }
    Json(json!({"keys": desk.lock().unwrap().keys})).into_response()
}
