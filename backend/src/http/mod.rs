//! The only module that knows axum: one file per URL.

mod assets;
mod callback;
mod compat;
mod connect;
mod cookies;
mod credential;
mod data_sources;
mod disconnect;
mod events;
mod extract;
mod headers;
mod job_stream;
mod job_waits;
mod jobs;
mod listing;
mod operations;
mod person;
mod preflight;
mod presence;
mod problem;
mod request_log;
mod routes;
mod same_site;
mod sign_in;
mod sign_in_all;
mod status;
mod stranger;
mod stream;
mod window;
mod words;
mod worker;
mod worker_jobs;

use std::sync::Arc;

use axum::{Router, http::StatusCode, middleware, response::Response, routing::get};

pub use self::events::MOST_STREAMS;
pub use self::routes::{Caller, PEOPLE, Route, WORKERS};

use tokio::sync::watch;

use crate::{
    background::SweepHealth,
    clock::Chance,
    config::Config,
    connections::Connections,
    identity::{Callers, OwnSignIn},
    jobs::{Gate, Seats},
    storage::Store,
    vault::Vault,
};

/// What handlers need.
pub struct App {
    /// The configuration.
    pub config: Arc<Config>,
    /// The rules of connecting.
    pub connections: Arc<Connections>,
    /// The rules of jobs.
    pub gate: Gate,
    /// Who keeps how many streams of news open.
    pub event_seats: Arc<Seats>,
    /// Our own sign-in.
    pub sign_in: OwnSignIn,
    /// People who are known otherwise.
    pub callers: Callers,
    /// Confirmation tags.
    pub vault: Arc<Vault>,
    /// For `/health`.
    pub store: Arc<dyn Store>,
    /// Browser cookies and nonces.
    pub chance: Chance,
    /// Says once that the service stops: whatever stays open by itself ends then.
    pub stopping: watch::Sender<bool>,
    /// Whether old rows are being removed, for `/health`.
    pub sweeps: SweepHealth,
}

impl App {
    /// Waits until the service stops.
    async fn stopped(&self) {
        // An error cannot be: the sender is ours.
        drop(self.stopping.subscribe().wait_for(|stopping| *stopping).await);
    }
}

/// Everything for people and their browsers.
pub fn router(app: Arc<App>) -> Router {
    routes::for_people()
        .method_not_allowed_fallback(wrong_method)
        // On every route, and on nothing else: what is not here is 404 whoever asks, a lost worker too.
        .route_layer(middleware::from_fn_with_state(Arc::clone(&app), same_site::require))
        .fallback(get(assets::file).fallback(unknown))
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), request_log::tell))
        .with_state(app)
}

/// Everything for workers, on a listener of its own.
pub fn worker_router(app: Arc<App>) -> Router {
    routes::for_workers()
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
        .layer(middleware::from_fn(headers::add))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), request_log::tell))
        .with_state(app)
}

async fn unknown() -> Response {
    problem::problem(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
}

async fn wrong_method() -> Response {
    problem::problem(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This address takes other methods.")
}
