//! A private PostgreSQL for tests, and a private `PgBouncer` before it.
//!
//! ```no_run
//! # use aiq_connect_test_postgres::Server;
//! let database = Server::shared().database(); // fresh and empty; dropped with the value
//! let url = database.url(); // over the Unix socket; `tcp_url()` goes over loopback and needs its password
//! ```
//!
//! [`Server::shared`] is one server per test process; [`Server::start`] is one of your own, for tests that stop it. Both
//! live in a folder for temporary files, listen on a free port of loopback and on a socket, and end with the test process,
//! even when that is killed. Everything blocks; nothing needs or disturbs an async runtime.
//!
//! A test that needs PostgreSQL on a machine without it fails, with a sentence that names the package.

mod account;
mod binaries;
mod database;
mod pooler;
mod port;
mod server;
mod watchdog;

pub use binaries::{pgbouncer, postgres};
pub use database::Database;
pub use pooler::Pooler;
pub use server::{PASSWORD, ROLE, SUPERUSER, Server};

/// Why there is no server to test with, in a sentence.
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

// `unwrap()` in a test shows this: the sentence, not a struct.
impl std::fmt::Debug for Unavailable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}
