//! Which database it is, and how its URL may be spelt.

use std::path::Path;

use super::{EMPTY_REGISTRY, config, error, error_in_block};
use crate::config::{Config, Database, DatabaseBecause, PgAddress, PgHost, PgTls, Pooler};

const KEY: (&str, &str) = ("AIQ_TOKEN_ENCRYPTION_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

fn with(variables: &[(&str, &str)]) -> Config {
    config(EMPTY_REGISTRY, &[&[KEY], variables].concat())
}

fn address(config: &Config) -> PgAddress {
    let Database::Postgres { address, .. } = &config.database else { panic!("{:?}", config.database) };
    (**address).clone()
}

fn of(url: &str) -> PgAddress {
    address(&with(&[("AIQ_CONNECT_DATABASE_URL", url)]))
}

fn path(config: &Config) -> &Path {
    let Database::Sqlite { path } = &config.database else { panic!("{:?}", config.database) };
    path
}

#[test]
fn a_url_of_postgresql_is_read_in_every_spelling() {
    for scheme in [
        "postgresql",
        "postgres",
        "postgresql+asyncpg",
        "postgresql+psycopg",
        "postgresql+psycopg2",
        "postgres+asyncpg",
        "PostgreSQL",
    ] {
        let read = of(&format!("{scheme}://aiq:s3cret@db.internal:6432/jobs"));
        assert_eq!(read.to_string(), "jobs at db.internal:6432 as aiq", "{scheme}");
        assert_eq!(read.password.unwrap().expose(), "s3cret", "{scheme}");
    }
}

#[test]
fn users_and_passwords_may_hold_anything() {
    for (credentials, user, password) in [
        ("me:p%40ss%2Fw%3Ard%25", "me", "p@ss/w:rd%"),
        ("me:p@ss", "me", "p@ss"),
        ("me:p/ss#w:rd", "me", "p/ss#w:rd"),
        ("me:p?ss", "me", "p?ss"),
        ("me:a+b", "me", "a+b"),
        ("me:100%", "me", "100%"),
        ("me%40corp:pw", "me@corp", "pw"),
        ("me@corp:pw", "me@corp", "pw"),
        ("m%C3%A9:pw", "mé", "pw"),
    ] {
        let read = of(&format!("postgresql+asyncpg://{credentials}@db/aiq?application_name=a@b"));
        assert_eq!((read.user.as_deref(), read.password.as_ref().unwrap().expose()), (Some(user), password));
        assert_eq!((read.host, read.database.as_deref()), (Some(PgHost::Name("db".into())), Some("aiq")));
    }
}

#[test]
fn hosts_are_names_addresses_and_sockets() {
    let name = |name: &str| Some(PgHost::Name(name.to_owned()));
    let socket = Some(PgHost::Socket("/var/run/postgresql".into()));
    for (url, host, port) in [
        ("postgresql://db/aiq", name("db"), 5432),
        ("postgresql://10.0.0.5:1/aiq", name("10.0.0.5"), 1),
        ("postgresql://me@[2001:db8::1]:7/aiq", name("2001:db8::1"), 7),
        ("postgresql:///aiq?host=db&port=9", name("db"), 9),
        ("postgresql:///aiq?host=db:9", name("db"), 9),
        ("postgresql://wrong/aiq?host=right", name("right"), 5432),
        ("postgresql:///aiq?host=::1", name("::1"), 5432),
        ("postgresql:///aiq?host=/var/run/postgresql&port=6000", socket.clone(), 6000),
        ("postgresql:///aiq?host=%2Fvar%2Frun%2Fpostgresql", socket.clone(), 5432),
        ("postgresql://me@%2Fvar%2Frun%2Fpostgresql/aiq", socket, 5432),
        ("postgresql:///aiq", None, 5432),
    ] {
        let read = of(url);
        assert_eq!((&read.host, read.port, read.database.as_deref()), (&host, port, Some("aiq")), "{url}");
    }
}

#[test]
fn options_that_matter_are_read_and_others_are_remembered() {
    let read =
        of("postgresql+psycopg://db/aiq?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=me.pem&sslkey=me.key\
         &application_name=aiq%20two&connect_timeout=10&prepare_threshold=0&options=-csearch_path%3Daiq&gross=1");
    assert_eq!(read.tls, PgTls::VerifyFull);
    let files = [&read.root_certificate, &read.certificate, &read.certificate_key];
    assert_eq!(files.map(|file| file.as_ref().unwrap().to_str().unwrap()), ["/etc/ca.pem", "me.pem", "me.key"]);
    assert_eq!((read.application_name.as_str(), read.ignored), ("aiq two", vec!["options".into(), "gross".into()]));
    assert_eq!(of("postgresql+asyncpg://db/aiq?ssl=require").tls, PgTls::Require);
    assert_eq!(of("postgresql://db/aiq").tls, PgTls::Prefer);
}

#[test]
fn libpqs_variables_fill_what_the_url_leaves_out() {
    let variables = [
        ("AIQ_CONNECT_DATABASE_URL", "postgresql:///"),
        ("PGHOST", "/run/pg"),
        ("PGPORT", "7"),
        ("PGUSER", "me"),
        ("PGPASSWORD", " s3cret "),
        ("PGDATABASE", "jobs"),
        ("PGSSLMODE", "disable"),
        ("PGAPPNAME", "ours"),
    ];
    let read = address(&with(&variables));
    assert_eq!(read.to_string(), "jobs at the socket in /run/pg, port 7 as me");
    assert_eq!((read.password.unwrap().expose(), read.tls), (" s3cret ", PgTls::Disable));
    assert_eq!(read.application_name, "ours");

    let whole =
        [&[("AIQ_CONNECT_DATABASE_URL", "postgresql://you:pw@db:1/aiq?sslmode=allow")], &variables[1..]].concat();
    let read = address(&with(&whole));
    assert_eq!((read.to_string().as_str(), read.tls), ("aiq at db:1 as you", PgTls::Allow));
    assert_eq!(read.password.unwrap().expose(), "pw");
}

#[test]
fn a_password_that_somebody_masked_is_pgpassword() {
    let url = ("AIQ_CONNECT_DATABASE_URL", "postgresql+asyncpg://me:***@db/aiq");
    assert_eq!(address(&with(&[url, ("PGPASSWORD", "real")])).password.unwrap().expose(), "real");
    assert!(address(&with(&[url])).password.is_none());
}

#[test]
fn nats_postgresql_is_shared_and_its_sqlite_file_is_not() {
    let nat = |url| with(&[("NAT_JOB_STORE_DB_URL", url)]);
    let shared = nat("postgresql+asyncpg://nat:pw@db/jobs");
    assert_eq!(address(&shared).to_string(), "jobs at db:5432 as nat");
    assert_eq!(shared.database_because, DatabaseBecause::JobStore);

    for theirs in ["sqlite+aiosqlite:////var/lib/nat/jobs.db", "mysql://nat:pw@db/jobs", "nonsense"] {
        let own = nat(theirs);
        assert_eq!(path(&own), Path::new("aiq-connect.db"), "{theirs}");
        assert_eq!(own.database_because, DatabaseBecause::JobStoreCannotBeShared);
    }

    let both = with(&[
        ("NAT_JOB_STORE_DB_URL", "postgresql://nat:pw@db/jobs"),
        ("AIQ_CONNECT_DATABASE_URL", "sqlite:///ours.db"),
    ]);
    assert_eq!((path(&both), both.database_because), (Path::new("ours.db"), DatabaseBecause::Named));
    assert_eq!(with(&[]).database_because, DatabaseBecause::Default);
}

#[test]
fn one_sqlite_file_for_nat_and_us_is_refused() {
    let ours = error(
        EMPTY_REGISTRY,
        &[
            ("NAT_JOB_STORE_DB_URL", "sqlite+aiosqlite:///./data/../data/one.db"),
            ("AIQ_CONNECT_DATABASE_URL", "sqlite:///data/../data/one.db"),
        ],
    );
    assert!(ours.starts_with("AIQ_CONNECT_DATABASE_URL: is the file that NAT_JOB_STORE_DB_URL names too"), "{ours}");
    let default = error(EMPTY_REGISTRY, &[("NAT_JOB_STORE_DB_URL", "sqlite:///aiq-connect.db")]);
    assert!(default.starts_with("NAT_JOB_STORE_DB_URL: names `aiq-connect.db`, where AIQ Connect"), "{default}");
}

#[test]
fn a_pooler_can_be_named_and_is_looked_for_otherwise() {
    let pooler = |config: Config| match config.database {
        Database::Postgres { pooler, .. } => pooler,
        Database::Sqlite { .. } => panic!("not PostgreSQL"),
    };
    let url = ("AIQ_CONNECT_DATABASE_URL", "postgresql://db/aiq");
    assert_eq!(pooler(with(&[url])), Pooler::Auto);
    assert_eq!(pooler(with(&[url, ("AIQ_CONNECT_DATABASE_POOLER", "transaction")])), Pooler::Transaction);
    let text = format!("{EMPTY_REGISTRY}aiq_connect:\n  database: {{url: 'postgresql://db/aiq', pooler: none}}\n");
    assert_eq!(pooler(config(&text, &[KEY])), Pooler::None);
    assert_eq!(
        error_in_block("  database: {url: 'postgresql://db/aiq', pooler: statement}\n", &[KEY]),
        "config.yml:3:50: aiq_connect.database.pooler: must be `auto`, `transaction` or `none`"
    );
}

#[test]
fn an_address_of_its_own_to_listen_at_is_read() {
    let listen = ("AIQ_LISTEN_DB_URL", "postgresql://nat:pw@direct/jobs");
    let both = with(&[listen, ("NAT_JOB_STORE_DB_URL", "postgresql://nat:pw@pooler:6432/jobs")]);
    assert_eq!(both.listen.unwrap().to_string(), "jobs at direct:5432 as nat");
    assert!(with(&[listen]).listen.is_none(), "nothing to listen to in a file");
}

#[test]
fn postgresql_needs_a_key_that_somebody_chose() {
    let url = ("AIQ_CONNECT_DATABASE_URL", "postgresql://me:planted@db/aiq");
    let refused = error(EMPTY_REGISTRY, &[url]);
    assert!(refused.starts_with("AIQ_TOKEN_ENCRYPTION_KEY: is needed with PostgreSQL"), "{refused}");
    config(EMPTY_REGISTRY, &[url, ("AIQ_CONNECT_KEY_FILE", "/etc/aiq.key")]);
}

#[test]
fn what_is_wrong_with_a_url_is_told_without_showing_it() {
    for (url, sentence) in [
        ("postgresql:planted", "needs two slashes: `postgresql://user:password@host:5432/database`"),
        ("postgresql://me:planted@one,two/aiq", "names several hosts; give the one that writes, or a pooler's"),
        (
            "postgresql://me:planted@/aiq?host=one&host=two",
            "names several hosts; give the one that writes, or a pooler's",
        ),
        ("postgresql://me:planted@db:70000/aiq", "has a port that is no number from 1 to 65535"),
        (
            "postgresql://me:planted@db/aiq?sslmode=planted",
            "has an unknown `sslmode`; it may be `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`",
        ),
        ("postgresql://me:%ffplanted@db/aiq", "is percent-encoded, but not as UTF-8"),
    ] {
        let told = error(EMPTY_REGISTRY, &[KEY, ("AIQ_CONNECT_DATABASE_URL", url)]);
        assert_eq!(told, format!("AIQ_CONNECT_DATABASE_URL: {sentence}"), "{url}");
    }
    let variable = error(EMPTY_REGISTRY, &[KEY, ("NAT_JOB_STORE_DB_URL", "postgresql://db/aiq"), ("PGPORT", "x")]);
    let sentence = "stands on PGPORT, which has a port that is no number from 1 to 65535";
    assert_eq!(variable, format!("NAT_JOB_STORE_DB_URL: {sentence}"));
}
