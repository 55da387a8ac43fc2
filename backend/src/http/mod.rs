//! The only module that knows axum: one file per URL.

mod assets;
mod callback;
mod compat;
mod connect;
mod cookies;
mod data_sources;
mod disconnect;
mod extract;
mod headers;
mod jobs;
mod operations;
mod person;
mod preflight;
mod problem;
mod request_log;
mod same_site;
mod sign_in;
mod status;
mod window;
mod words;
mod worker;

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    middleware,
    response::Response,
    routing::{delete, get, post},
};

use crate::{
    clock::Chance, config::Config, connections::Connections, identity::OwnSignIn, jobs::Gate, storage::Store,
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
    /// Our own sign-in.
    pub sign_in: OwnSignIn,
    /// Confirmation tags.
    pub vault: Arc<Vault>,
    /// For `/health`.
    pub store: Arc<dyn Store>,
    /// Browser cookies and nonces.
    pub chance: Chance,
}

/// Everything for people and their browsers.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/data_sources", get(data_sources::list))
        .route("/v1/auth/mcp/preflight", post(preflight::check))
        .route("/v1/auth/mcp/{source}/connect", get(connect::launch).post(connect::announce))
        .route("/v1/auth/mcp/{source}/callback", get(callback::complete))
        .route("/v1/auth/mcp/{source}/status", get(status::tell))
        .route("/v1/auth/mcp/{source}/flows/{flow}", delete(status::cancel))
        .route("/v1/auth/mcp/{source}/disconnect", post(disconnect::forget).delete(disconnect::forget))
        .route("/v1/jobs/async/submit", post(jobs::submit))
        .route("/v1/jobs/async/job/{job}", get(jobs::status))
        .route("/v1/jobs/async/job/{job}/report", get(jobs::report))
        .route("/v1/auth/login", get(sign_in::begin))
        .route("/v1/auth/login/callback", get(sign_in::finish))
        .route("/v1/auth/logout", post(sign_in::end))
        .route("/v1/auth/session", get(sign_in::session))
        .route("/live", get(operations::live))
        .route("/health", get(operations::health))
        .route("/", get(assets::page))
        .route("/connections", get(assets::page))
        .route("/window/{file}", get(window::file))
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
    Router::new()
        .route("/v1/worker/tokens/resolve", post(worker::resolve))
        .route("/live", get(operations::live))
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
