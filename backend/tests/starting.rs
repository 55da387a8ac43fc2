//! The `aiq-connect` command on PostgreSQL: how processes start, what they say when they cannot, and that several can at once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use aiq_connect_test_postgres::{Database, PASSWORD, Pooler, ROLE, Server};

const GOOD: &str = "\
functions: {data_sources: {_type: data_source_registry, sources: [{id: incidents, name: Incidents, tools: [incidents]}]}}
function_groups: {incidents: {_type: per_user_mcp_client, server: {url: 'http://127.0.0.1:1/mcp'}}}
aiq_connect: {outbound: {allow_loopback: true}}
";

const PATIENCE: Duration = Duration::from_mins(1);

/// A command that runs. Everything it says is kept, and searched for the password.
struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aiq.yml");
        std::fs::write(&file, GOOD).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_aiq-connect"));
        command.current_dir(folder.path()).env_clear().args(arguments).arg("--config").arg(file);
        command.env("AIQ_CONNECT_BIND", "127.0.0.1:0").env("AIQ_CONNECT_WORKER_BIND", "127.0.0.1:0");
        command.env("AIQ_TOKEN_ENCRYPTION_KEY", "5a".repeat(32)).envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = vec![keep(out, Arc::clone(&said)), keep(err, Arc::clone(&said))];
        Self { child, said, readers, _folder: folder }
    }

    fn on(url: &str, arguments: &[&str]) -> Self {
        Self::start(arguments, &[("AIQ_CONNECT_DATABASE_URL", url)])
    }

    /// Waits until it has said something.
    fn says(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.said().contains(words) {
            assert!(Instant::now() < end, "it did not say {words:?} but\n{}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn said(&self) -> String {
        let said = self.said.lock().unwrap().clone();
        for secret in [PASSWORD, "open%20sesame", "wrong-password"] {
            assert!(!said.contains(secret), "a password was told");
        }
        said
    }

    /// How it ended by itself, and all that it said.
    fn ended(mut self) -> (Option<i32>, String) {
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "it did not end, and said\n{}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (self.child.wait().unwrap().code(), self.said())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(pipe: impl std::io::Read + Send + 'static, said: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    })
}

fn database() -> Database<'static> {
    Server::shared().database()
}

fn migrations(database: &Database<'_>) -> String {
    database.superuser("SELECT string_agg(version::text, ',' ORDER BY version) FROM aiq_connect._sqlx_migrations")
}

/// The refusal of a start, without log lines.
fn refusal(url: &str, arguments: &[&str]) -> String {
    let (code, said) = Running::on(url, arguments).ended();
    assert_eq!(code, Some(2), "{said}");
    said.lines().filter(|line| !line.starts_with("20")).collect::<Vec<_>>().join("\n")
}

#[test]
fn several_processes_start_at_once_on_an_empty_database() {
    let database = database();
    let all: Vec<_> = (0..6).map(|_| Running::on(&database.tcp_url(), &["serve"])).collect();
    for one in &all {
        one.says("ready http://localhost:8000");
    }
    assert_eq!(database.superuser("SELECT count(*) > 0 FROM aiq_connect.grants WHERE false"), "f");
}

#[test]
fn several_processes_start_at_once_on_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", folder.path().join("one.db").display());
    let all: Vec<_> = (0..6).map(|_| Running::on(&url, &["serve"])).collect();
    for one in &all {
        one.says("ready http://localhost:8000");
    }
}

#[test]
fn nats_url_is_taken_as_it_is_and_the_log_says_where_it_is_stored() {
    let database = database();
    let url = database.tcp_url().replace("postgresql://", "postgresql+asyncpg://");
    let serving = Running::start(&["serve"], &[("NAT_JOB_STORE_DB_URL", &url)]);
    serving.says("ready http://localhost:8000");
    let place = format!("{} at 127.0.0.1:{} as {ROLE}", database.name(), Server::shared().port());
    serving.says("stored in the database of NAT_JOB_STORE_DB_URL");
    assert!(serving.said().contains(&place), "{}", serving.said());
}

#[test]
fn a_pooler_before_nats_database_is_found_and_lived_with() {
    let database = database();
    let url = database.url_at(Pooler::shared().port()).replace("postgresql://", "postgresql+psycopg://");
    let serving = Running::start(&["serve"], &[("NAT_JOB_STORE_DB_URL", &url)]);
    serving.says("a pooler in transaction mode stands before the database");
    serving.says("ready http://localhost:8000");
}

#[test]
fn a_start_waits_for_a_database_that_comes_up_later() {
    let server = Server::start().unwrap();
    let database = server.database();
    let url = database.tcp_url();
    server.stop();
    let serving = Running::on(&url, &["serve"]);
    serving.says("the database does not answer yet");
    assert!(!serving.said().contains("ready"));
    server.start_again().unwrap();
    serving.says("ready http://localhost:8000");
}

#[test]
fn a_start_that_waits_can_be_ended() {
    let waiting = Running::on("postgresql://me:wrong-password@127.0.0.1:1/aiq", &["serve"]);
    waiting.says("the database does not answer yet");
    let told = Command::new("kill").args(["-TERM", &waiting.child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(waiting.ended().0, Some(0));
}

#[test]
fn a_start_waits_for_a_database_behind_a_pooler_too() {
    let server = Server::start().unwrap();
    let database = server.database();
    let pooler = Pooler::start(&server, 2).unwrap();
    server.stop();
    let serving = Running::on(&database.url_at(pooler.port()), &["serve"]);
    serving.says("the database does not answer yet");
    server.start_again().unwrap();
    serving.says("ready http://localhost:8000");
}

#[test]
fn a_wrong_password_is_told_at_once() {
    let database = database();
    let wrong = database.tcp_url().replace("open%20sesame%2F50%25", "wrong-password");
    let said = refusal(&wrong, &["serve"]);
    assert_eq!(
        said,
        format!(
            "cannot open the database {} at 127.0.0.1:{} as {ROLE}: password \
             authentication failed for user \"{ROLE}\". The password of `{ROLE}` is another one, or there is no such \
             role: correct it in the URL or in PGPASSWORD; `@`, `:`, `/` and `%` are written as `%40`, `%3A`, `%2F` \
             and `%25` in a URL.",
            database.name(),
            Server::shared().port()
        )
    );
    let pooled = database.url_at(Pooler::shared().port()).replace("open%20sesame%2F50%25", "wrong-password");
    let said = refusal(&pooled, &["serve"]);
    assert!(said.contains("The password of `aiq_connect` is another one"), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_told_at_once() {
    let missing = database().tcp_url().replace("/test_", "/nobody_");
    for verb in ["serve", "migrate"] {
        let said = refusal(&missing, &[verb]);
        assert!(said.contains("Create it: `CREATE DATABASE \"nobody_"), "{said}");
        assert!(said.contains("AIQ_CONNECT_DATABASE_URL"), "{said}");
    }
}

#[test]
fn missing_rights_are_told_with_the_statement_that_gives_them() {
    let database = database();
    let name = database.name();
    database.superuser(&format!("ALTER DATABASE {name} OWNER TO postgres"));
    let said = refusal(&database.tcp_url(), &["serve"]);
    assert!(said.contains(&format!("`GRANT CONNECT, CREATE ON DATABASE \"{name}\" TO \"{ROLE}\"`")), "{said}");

    database.superuser("CREATE SCHEMA aiq_connect");
    let said = refusal(&database.tcp_url(), &["serve"]);
    assert!(said.contains(&format!("`ALTER SCHEMA aiq_connect OWNER TO \"{ROLE}\"`")), "{said}");
    database.superuser(&format!("ALTER SCHEMA aiq_connect OWNER TO {ROLE}"));
    Running::on(&database.tcp_url(), &["serve"]).says("ready http://localhost:8000");
}

#[test]
fn a_role_that_only_reads_and_writes_rows_serves_once_the_owner_has_migrated() {
    let database = database();
    let (code, said) = Running::on(&database.url(), &["migrate"]).ended();
    assert_eq!(code, Some(0), "{said}");
    let role = format!("rows_{}", database.name());
    database.superuser(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA aiq_connect TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA aiq_connect TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA aiq_connect TO {role}"
    ));
    let url = database.url().replace(&format!("user={ROLE}"), &format!("user={role}"));
    Running::on(&url, &["serve", "--no-migrate"]).says("ready http://localhost:8000");
    database.superuser(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn migrate_says_from_which_number_to_which() {
    let database = database();
    let url = database.url();
    let said = refusal(&url, &["serve", "--no-migrate"]);
    assert!(
        said.contains(" has schema 0, and this version needs ") && said.contains("run `aiq-connect migrate`"),
        "{said}"
    );
    assert_eq!(database.superuser("SELECT count(*) FROM pg_namespace WHERE nspname = 'aiq_connect'"), "0");

    let (code, said) = Running::on(&url, &["migrate"]).ended();
    assert!(code == Some(0) && said.starts_with("made the database test_") && said.contains(" with schema "), "{said}");
    let (code, said) = Running::on(&url, &["migrate"]).ended();
    assert!(code == Some(0) && said.ends_with(" already; nothing to do\n"), "{said}");
    Running::on(&url, &["serve", "--no-migrate"]).says("ready http://localhost:8000");
}

#[test]
fn an_older_process_starts_on_a_newer_schema_unless_that_needs_a_later_major_version() {
    let database = database();
    let url = database.url();
    assert_eq!(Running::on(&url, &["migrate"]).ended().0, Some(0));
    let later = |number: u32| {
        database.superuser(&format!(
            "INSERT INTO aiq_connect._sqlx_migrations VALUES ({number}, 'later', now(), true, '', 0)"
        ));
    };
    later(999);
    Running::on(&url, &["serve", "--no-migrate"]).says("ready http://localhost:8000");
    Running::on(&url, &["serve"]).says("ready http://localhost:8000");
    let (code, said) = Running::on(&url, &["migrate"]).ended();
    assert!(code == Some(0) && said.contains("has schema 999, of a newer version; nothing to do"), "{said}");
    let (_, said) = Running::on(&url, &["check", "--offline"]).ended();
    assert!(said.contains("has schema 999, of a newer AIQ Connect"), "{said}");

    later(1000);
    let said = refusal(&url, &["serve"]);
    assert!(said.contains("it has schema 1000, which needs AIQ Connect 1.0 or later"), "{said}");
    assert!(migrations(&database).ends_with(",999,1000"));
}

#[test]
fn check_looks_at_the_database_and_changes_nothing() {
    let database = database();
    let url = format!("{}&options=-csearch_path%3Daiq&connect_timeout=3", database.url());
    let (code, said) = Running::on(&url, &["check", "--offline"]).ended();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("answers; the schema `aiq_connect` is made at the first start"), "{said}");
    assert!(said.contains("warning  the option `options` of its URL means nothing here"), "{said}");
    assert!(!said.contains("connect_timeout"), "{said}");
    assert_eq!(database.superuser("SELECT count(*) FROM pg_namespace WHERE nspname = 'aiq_connect'"), "0");

    let (_, said) = Running::on("postgresql://me:wrong-password@127.0.0.1:1/aiq", &["check", "--offline"]).ended();
    assert!(said.contains("warning  cannot open the database aiq at 127.0.0.1:1 as me: "), "{said}");
    assert!(said.contains("Start it, or correct its address."), "{said}");

    let nat = [("NAT_JOB_STORE_DB_URL", "sqlite+aiosqlite:////var/lib/nat/jobs.db")];
    let (_, said) = Running::start(&["check", "--offline"], &nat).ended();
    assert!(
        said.contains("NAT_JOB_STORE_DB_URL is no PostgreSQL, and a file cannot be shared: ours is another one"),
        "{said}"
    );
}

#[test]
fn a_key_file_that_is_not_there_is_not_made_for_postgresql() {
    let database = database();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let variables = [
        ("AIQ_CONNECT_DATABASE_URL", &*database.url()),
        ("AIQ_CONNECT_KEY_FILE", path(&key)),
        ("AIQ_TOKEN_ENCRYPTION_KEY", ""),
    ];
    let (code, said) = Running::start(&["serve"], &variables).ended();
    assert_eq!(code, Some(2));
    assert!(
        said.contains("is not there. Every process on one PostgreSQL needs the same key, so none is made"),
        "{said}"
    );
    assert!(!key.exists());
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
