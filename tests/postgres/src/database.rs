//! One empty database of a server, for one test.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::server::{PASSWORD, ROLE, Server};

/// A database that belongs to [`ROLE`]. Dropped, it is gone, with whoever still uses it.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl<'a> Database<'a> {
    pub(crate) fn create(server: &'a Server) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        server.superuser("postgres", &format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE template0"));
        Self { server, name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn server(&self) -> &'a Server {
        self.server
    }

    /// Its URL over the Unix socket, as [`ROLE`]. The quickest way.
    pub fn url(&self) -> String {
        let (folder, port) = (self.server.socket_folder().display().to_string(), self.server.port());
        format!("postgresql:///{}?host={}&port={port}&user={ROLE}", self.name, folder.replace('/', "%2F"))
    }

    /// Its URL over loopback, as [`ROLE`], with the password that TCP asks for.
    pub fn tcp_url(&self) -> String {
        self.url_at(self.server.port())
    }

    /// Its URL at another port of loopback: a pooler's, or a proxy's.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgresql://{ROLE}:{}@127.0.0.1:{port}/{}", encoded(PASSWORD), self.name)
    }

    /// Runs SQL in it as the superuser; what it returns, unaligned and without headings.
    pub fn superuser(&self, sql: &str) -> String {
        self.server.superuser(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // A server that was stopped, or a test that failed half-way: the folder goes with the server.
        let drop = || self.server.superuser("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(drop));
    }
}

/// A password as a URL writes it.
fn encoded(password: &str) -> String {
    password
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
