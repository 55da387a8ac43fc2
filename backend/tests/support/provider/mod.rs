//! A provider: MCP servers and their authorization server in one process, over real HTTP, with switches for what
//! goes wrong in the field. Nothing of ours is used to build it.

mod authorize;
mod clients;
mod desk;
mod metadata;
mod revoke;
mod tokens;
mod world;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use reqwest::{StatusCode, Url, header};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Semaphore, mpsc, watch},
    task::JoinHandle,
};

pub use desk::Desk;
use world::World;
pub use world::{Faults, Iss, Seen, TokenFault};

/// The provider, listening or not.
pub struct Provider {
    /// `http://127.0.0.1:port`: its issuer identifier.
    pub origin: String,
    world: Arc<World>,
    standing: Standing,
}

enum Standing {
    /// Nobody listens, and nobody else gets the port.
    Away(TcpSocket),
    /// It listens.
    There { stop: watch::Sender<bool>, ended: JoinHandle<()> },
}

/// What the person does at the consent page.
#[derive(Clone, Copy, Debug)]
pub enum Consent {
    /// Allows it.
    Given,
    /// Says no.
    Refused,
}

impl Provider {
    /// One that listens.
    pub async fn start() -> Self {
        let mut provider = Self::away();
        provider.come();
        // Connections queue from here on, before the first is taken.
        tokio::task::yield_now().await;
        provider
    }

    /// One that does not listen yet.
    pub fn away() -> Self {
        let socket = bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let world = Arc::new(World::new(origin.clone()));
        world.client_of_our_own_sign_in();
        Self { origin, world, standing: Standing::Away(socket) }
    }

    /// Begins to listen.
    pub fn come(&mut self) {
        let (stop, mut stopped) = watch::channel(false);
        let app = router(Arc::clone(&self.world));
        // The placeholder is never listened on.
        let away = Standing::Away(TcpSocket::new_v4().unwrap());
        let Standing::Away(socket) = std::mem::replace(&mut self.standing, away) else { panic!("listens already") };
        let listener: TcpListener = socket.listen(1024).unwrap();
        let ended = tokio::spawn(async move {
            let stopping = async move { drop(stopped.wait_for(|stopped| *stopped).await) };
            axum::serve(listener, app).with_graceful_shutdown(stopping).await.unwrap();
        });
        self.standing = Standing::There { stop, ended };
    }

    /// Answers what is under way, closes every connection and listens no more.
    pub async fn go(&mut self) {
        let away = Standing::Away(TcpSocket::new_v4().unwrap());
        let Standing::There { stop, ended } = std::mem::replace(&mut self.standing, away) else {
            panic!("does not listen")
        };
        stop.send_replace(true);
        ended.await.unwrap();
        self.standing = Standing::Away(bound(self.origin.strip_prefix("http://").unwrap().parse().unwrap()));
    }

    /// Turns switches.
    pub fn set(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.world.faults.lock().unwrap());
    }

    /// Makes every token request wait from now on, each for one permit.
    pub fn hold_tokens(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|faults| faults.token_gate = Some(Arc::clone(&gate)));
        gate
    }

    /// From now on, token requests are answered by hand.
    pub fn desk(&self) -> Desk {
        let (bring, waiting) = mpsc::unbounded_channel();
        self.set(|faults| faults.desk = Some(bring));
        Desk { waiting, world: Arc::clone(&self.world) }
    }

    /// Makes the metadata of the authorization server wait from now on, each time for one permit.
    pub fn hold_metadata(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|faults| faults.metadata_gate = Some(Arc::clone(&gate)));
        gate
    }

    /// Makes every registration wait from now on, each for one permit.
    pub fn hold_registration(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|faults| faults.registration_gate = Some(Arc::clone(&gate)));
        gate
    }

    /// Does every revocation from now on, and makes each answer about one wait for a permit.
    pub fn hold_revocations(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.set(|faults| faults.revocation_gate = Some(Arc::clone(&gate)));
        gate
    }

    /// The person at the authorization endpoint: answers what a browser would be sent to next.
    pub async fn walk(&self, authorization: &Url, consent: Consent) -> Url {
        let answer = visit(authorization, consent).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        answer.headers()[header::LOCATION].to_str().unwrap().parse().unwrap()
    }

    /// Every request so far to a path.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.world.log.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }

    /// How many those are.
    pub fn count(&self, path: &str) -> usize {
        self.seen(path).len()
    }

    /// Waits until that many requests to a path have come.
    pub async fn has_seen(&self, path: &str, times: usize) {
        let fact = format!("{path} was asked {times} times");
        super::until(&fact, || async { self.count(path) >= times }).await;
    }

    /// Whether the MCP server would take this access token.
    pub fn takes(&self, access_token: &str) -> bool {
        self.world.takes(access_token)
    }

    /// A client that somebody registered by hand, for this source.
    pub fn registered_by_hand(&self, client_id: &str, secret: &str, auth_method: &str, source: &str) {
        self.world.register_by_hand(client_id, secret, auth_method, source);
    }

    /// The refresh tokens that are good now, of sign-ins that live.
    pub fn refresh_tokens(&self) -> Vec<String> {
        self.world.refresh_tokens()
    }

    /// How many sign-ins live: neither revoked nor burnt by a reused token.
    pub fn living_grants(&self) -> usize {
        self.world.living_grants()
    }

    /// How many access tokens it issued for MCP servers.
    pub fn access_tokens(&self) -> usize {
        self.world.families.lock().unwrap().iter().map(|family| family.access.len()).sum()
    }

    /// How many clients have registered.
    pub fn registered_clients(&self) -> usize {
        self.world.registered_clients()
    }

    /// Forgets every client that registered, as providers do after a while.
    pub fn forget_clients(&self) {
        self.world.forget_clients();
    }

    /// Every code, token and client secret that was given out, and every state and verifier that was sent here.
    pub fn secrets(&self) -> Vec<String> {
        self.world.secrets()
    }
}

/// Holds an address, of whose earlier connections some may not have died away yet.
fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

#[expect(clippy::disallowed_methods, reason = "a browser on this machine, not the service")]
async fn visit(authorization: &Url, consent: Consent) -> reqwest::Response {
    // Without certificates to read: a provider here speaks plain http.
    let client = reqwest::Client::builder().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).no_proxy();
    let client = client.build().unwrap();
    let consent = match consent {
        Consent::Given => "given",
        Consent::Refused => "refused",
    };
    client.get(authorization.clone()).header(header::COOKIE, format!("consent={consent}")).send().await.unwrap()
}

fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/mcp", post(metadata::challenge))
        .route("/tickets/mcp", post(metadata::challenge))
        .route("/.well-known/oauth-protected-resource/{*path}", get(metadata::of_resource))
        .route("/.well-known/oauth-authorization-server", get(metadata::of_issuer))
        .route("/keys", get(metadata::keys))
        .route("/register", post(clients::register))
        .route("/authorize", get(authorize::ask))
        .route("/token", post(tokens::token))
        .route("/revoke", post(revoke::revoke))
        .layer(middleware::from_fn_with_state(Arc::clone(&world), keep_a_log))
        .with_state(world)
}

async fn keep_a_log(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    world.log.lock().unwrap().push(Seen::new(&parts, &body));
    next.run(Request::from_parts(parts, body.into())).await
}
