//! The server and the pooler are real, private, and end with their tests.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aiq_connect_test_postgres::{Pooler, ROLE, Server};

#[test]
fn every_database_is_fresh_and_belongs_to_the_role() {
    let server = Server::shared();
    let (first, second) = (server.database(), server.database());
    first.superuser("CREATE TABLE seen (id int)");
    assert_ne!(first.name(), second.name());
    assert_eq!(second.superuser("SELECT count(*) FROM pg_tables WHERE tablename = 'seen'"), "0");
    let owner = format!("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{}'", first.name());
    assert_eq!(server.superuser("postgres", &owner), ROLE);
}

#[test]
fn a_server_keeps_what_it_was_told_over_stop_and_crash() {
    let server = Server::start().unwrap();
    let database = server.database();
    database.superuser("CREATE TABLE kept (id int)");
    server.restart().unwrap();
    assert_eq!(database.superuser("SELECT count(*) FROM kept"), "0");
    server.crash();
    server.start_again().unwrap();
    database.superuser("SELECT count(*) FROM pg_tables");
}

#[test]
fn a_dropped_server_leaves_no_process_and_no_folder() {
    let server = Server::start().unwrap();
    let (folder, port) = (server.socket_folder().to_owned(), server.port());
    assert!(folder.is_dir());
    drop(server);
    assert!(!folder.exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_server_ends_with_a_killed_test() {
    // This test, started again as a program of its own that starts a server and is killed.
    const CHILD: &str = "AIQ_CONNECT_TEST_POSTGRES_CHILD";
    let place = tempfile::tempdir().unwrap();
    let said = place.path().join("folder");
    if let Some(said) = option(CHILD) {
        let server = Server::start().unwrap();
        std::fs::write(&said, server.socket_folder().to_str().unwrap()).unwrap();
        std::thread::park();
    }
    let me = std::env::current_exe().unwrap();
    let mut child = Command::new(me);
    child.args(["--exact", "a_server_ends_with_a_killed_test"]).env(CHILD, &said);
    let mut child = child.stdout(Stdio::null()).spawn().unwrap();
    wait("the server's folder", || std::fs::read_to_string(&said).is_ok_and(|text| !text.is_empty()));
    let folder = std::path::PathBuf::from(std::fs::read_to_string(&said).unwrap());
    assert!(folder.is_dir());
    child.kill().unwrap();
    child.wait().unwrap();
    wait("the end of the server", || !folder.exists());
}

#[test]
fn the_pooler_shares_few_connections_among_many_clients() {
    let server = Server::shared();
    let database = server.database();
    let pooler = Pooler::start(server, 2).unwrap();
    let url = database.url_at(pooler.port());
    let asked = [(); 8].map(|()| ask(&url, "SELECT pg_backend_pid() FROM pg_sleep(0.1)"));
    let sessions: HashSet<_> = asked.into_iter().map(|client| answer(client).unwrap()).collect();
    assert_eq!(sessions.len(), 2, "{sessions:?}\n{}", pooler.log_text());
}

#[test]
fn tcp_asks_for_the_password_and_the_socket_does_not() {
    let database = Server::shared().database();
    assert_eq!(answer(ask(&database.url(), "SELECT current_user")).unwrap(), ROLE);
    assert_eq!(answer(ask(&database.tcp_url(), "SELECT current_user")).unwrap(), ROLE);
    let wrong = database.tcp_url().replace("open", "shut");
    assert!(answer(ask(&wrong, "SELECT 1")).unwrap_err().contains("password authentication failed"));
}

fn ask(url: &str, sql: &str) -> Child {
    let mut psql = Command::new(aiq_connect_test_postgres::postgres().unwrap().join("psql"));
    psql.args(["-X", "-A", "-t", "-c", sql, url]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn answer(psql: Child) -> Result<String, String> {
    let done = psql.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

fn wait(what: &str, mut fact: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !fact() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[expect(clippy::disallowed_methods, reason = "how a test tells its own second process what to do")]
fn option(name: &str) -> Option<std::path::PathBuf> {
    std::env::var_os(name).map(Into::into)
}
