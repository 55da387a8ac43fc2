//! Every URL there is, on one screen: method, path, who may call it, and the handler.
//!
//! The routers are made from these tables, and tests walk them: a route that is added here is checked with the others.

use axum::{
    Router,
    routing::{delete, get, post},
};
use std::sync::Arc;

use super::{
    App, assets, callback, connect, data_sources, disconnect, events, job_stream, job_waits, jobs, operations,
    preflight, sign_in, sign_in_all, status, window, worker, worker_jobs,
};

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Anybody; it finds out for itself who is there, or need not know.
    Anyone,
    /// A person we know; others are answered 401. The listing is for everybody where authentication is off.
    Person,
    /// A worker that proves itself.
    Worker,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`. `HEAD` is answered wherever `GET` is.
    pub method: &'static str,
    /// As axum writes it, with `{names}`.
    pub path: &'static str,
    /// Who may call it.
    pub caller: Caller,
}

macro_rules! method {
    (GET) => {
        get
    };
    (POST) => {
        post
    };
    (DELETE) => {
        delete
    };
}

macro_rules! table {
    ($(#[$doc:meta])* $routes:ident, $make:ident: $($method:ident $path:literal $caller:ident $handler:path;)*) => {
        $(#[$doc])*
        pub const $routes: &[Route] =
            &[$(Route { method: stringify!($method), path: $path, caller: Caller::$caller }),*];

        pub(super) fn $make() -> Router<Arc<App>> {
            Router::new()$(.route($path, method!($method)($handler)))*
        }
    };
}

table! {
    /// For people and their browsers.
    PEOPLE, for_people:
    GET    "/v1/data_sources"                      Person  data_sources::list;
    POST   "/v1/auth/mcp/preflight"                Person  preflight::check;
    GET    "/v1/auth/mcp/events"                   Person  events::open;
    GET    "/v1/auth/mcp/{source}/connect"         Anyone  connect::launch;
    POST   "/v1/auth/mcp/{source}/connect"         Person  connect::announce;
    GET    "/v1/auth/mcp/{source}/callback"        Anyone  callback::complete;
    GET    "/v1/auth/mcp/{source}/status"          Person  status::tell;
    DELETE "/v1/auth/mcp/{source}/flows/{flow}"    Person  status::cancel;
    POST   "/v1/auth/mcp/{source}/disconnect"      Person  disconnect::forget;
    DELETE "/v1/auth/mcp/{source}/disconnect"      Person  disconnect::forget;
    POST   "/v1/jobs/async/submit"                 Person  jobs::submit;
    GET    "/v1/jobs/async/job/{job}"              Person  jobs::status;
    GET    "/v1/jobs/async/job/{job}/report"       Person  jobs::report;
    GET    "/v1/jobs/async/job/{job}/stream"       Person  job_stream::from_start;
    GET    "/v1/jobs/async/job/{job}/stream/{last}" Person job_stream::after;
    POST   "/v1/jobs/async/job/{job}/waits/{source}" Person job_waits::act;
    GET    "/v1/auth/login"                        Anyone  sign_in::begin;
    GET    "/v1/auth/login/callback"               Anyone  sign_in::finish;
    POST   "/v1/auth/logout"                       Anyone  sign_in::end;
    GET    "/v1/auth/session"                      Anyone  sign_in::session;
    GET    "/live"                                 Anyone  operations::live;
    GET    "/health"                               Anyone  operations::health;
    GET    "/sign-in/all"                          Anyone  sign_in_all::step;
    GET    "/"                                     Anyone  assets::page;
    GET    "/connections"                          Anyone  assets::page;
    GET    "/window/{file}"                        Anyone  window::file;
}

table! {
    /// For workers, on a listener of their own.
    WORKERS, for_workers:
    POST   "/v1/worker/tokens/resolve"             Worker  worker::resolve;
    POST   "/v1/worker/jobs"                       Worker  worker_jobs::register;
    GET    "/live"                                 Anyone  operations::live;
}
