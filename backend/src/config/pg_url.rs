//! PostgreSQL's URLs, as `SQLAlchemy`, libpq, psycopg and asyncpg spell them, with libpq's variables for what they leave out.

use std::path::PathBuf;

use url::form_urlencoded;

use super::{
    environment::Environment,
    pg_address::{PgAddress, PgHost, PgTls},
};
use crate::vault::Secret;

const PORT: u16 = 5432;

/// Options that tune a driver which is not ours: nothing is lost without them.
const TUNING: &[&str] = &[
    "async_fallback",
    "channel_binding",
    "client_encoding",
    "command_timeout",
    "connect_timeout",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "max_cached_statement_lifetime",
    "pool_recycle",
    "pool_size",
    "prepare_threshold",
    "prepared_statement_cache_size",
    "prepared_statement_name_func",
    "statement_cache_size",
    "tcp_user_timeout",
    "timeout",
];

/// Whether a URL's scheme is PostgreSQL's, with or without a driver.
pub(super) fn is_postgres(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    matches!(scheme.split('+').next(), Some("postgres" | "postgresql"))
}

/// Reads a URL. Messages never show it: it may hold a password.
pub(crate) fn parse(url: &str, environment: &dyn Environment) -> Result<PgAddress, String> {
    let rest = url.split_once("://").ok_or("needs two slashes: `postgresql://user:password@host:5432/database`")?.1;
    let (credentials, place) = split_credentials(rest);
    let (place, query) = place.split_once('?').unwrap_or((place, ""));
    let (host, database) = place.split_once('/').unwrap_or((place, ""));

    let mut address = from_variables(environment)?;
    if let Some((user, password)) = credentials {
        set(&mut address.user, &decoded(user)?);
        if let Some(password) = password {
            set_password(&mut address, &decoded(password)?);
        }
    }
    set_host(&mut address, &decoded(host)?)?;
    set(&mut address.database, &decoded(database)?);
    let mut hosts = 0;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        hosts += usize::from(name == "host");
        option(&mut address, &name, &value)?;
    }
    if hosts > 1 {
        return Err(SEVERAL.to_owned());
    }
    Ok(address)
}

const SEVERAL: &str = "names several hosts; give the one that writes, or a pooler's";

/// libpq's variables, and what holds without any.
fn from_variables(environment: &dyn Environment) -> Result<PgAddress, String> {
    let of = |name| environment.filled(name).map(|value| value.trim().to_owned());
    let file = |name| of(name).map(PathBuf::from);
    let mut address = PgAddress {
        host: None,
        port: PORT,
        user: of("PGUSER"),
        password: environment.get("PGPASSWORD").filter(|password| !password.is_empty()).map(Secret::new),
        database: of("PGDATABASE"),
        tls: PgTls::default(),
        root_certificate: file("PGSSLROOTCERT"),
        certificate: file("PGSSLCERT"),
        certificate_key: file("PGSSLKEY"),
        application_name: of("PGAPPNAME").unwrap_or_else(|| "aiq-connect".to_owned()),
        ignored: Vec::new(),
    };
    for (variable, name) in [("PGHOST", "host"), ("PGHOSTADDR", "host"), ("PGPORT", "port"), ("PGSSLMODE", "sslmode")] {
        if let Some(value) = of(variable) {
            option(&mut address, name, &value).map_err(|message| format!("stands on {variable}, which {message}"))?;
        }
    }
    Ok(address)
}

/// Splits `user:password@` off. Like `SQLAlchemy` it lets a password hold anything, and unlike it even `@`.
fn split_credentials(rest: &str) -> (Option<(&str, Option<&str>)>, &str) {
    let Some(first) = rest.find('@') else { return (None, rest) };
    let user_end = rest.find([':', '@']).unwrap_or(first);
    if rest[..user_end].contains(['/', '?']) {
        return (None, rest);
    }
    let end = rest[first..].find('?').map_or(rest.len(), |question| first + question);
    let Some(at) = rest[..end].rfind('@') else { return (None, rest) };
    let (credentials, place) = (&rest[..at], &rest[at + 1..]);
    match credentials.split_once(':') {
        Some((user, password)) => (Some((user, Some(password))), place),
        None => (Some((credentials, None)), place),
    }
}

/// `host`, `host:port`, `[v6]:port`, or a socket's folder.
fn set_host(address: &mut PgAddress, text: &str) -> Result<(), String> {
    if text.contains(',') {
        return Err(SEVERAL.to_owned());
    }
    if text.starts_with('/') {
        address.host = Some(PgHost::Socket(PathBuf::from(text)));
        return Ok(());
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or_default()),
        // More than one colon: an IPv6 address as libpq's own options take it.
        None if text.matches(':').count() > 1 => (text, ""),
        None => text.split_once(':').unwrap_or((text, "")),
    };
    if !host.is_empty() {
        address.host = Some(PgHost::Name(host.to_owned()));
    }
    if port.is_empty() { Ok(()) } else { option(address, "port", port) }
}

fn option(address: &mut PgAddress, name: &str, value: &str) -> Result<(), String> {
    match name {
        "host" | "hostaddr" => set_host(address, value)?,
        "port" => {
            let port = value.parse().ok().filter(|port| *port > 0);
            address.port = port.ok_or("has a port that is no number from 1 to 65535")?;
        }
        "user" => set(&mut address.user, value),
        "password" => set_password(address, value),
        "dbname" | "database" => set(&mut address.database, value),
        "application_name" => value.clone_into(&mut address.application_name),
        "sslmode" | "ssl" => {
            let word = value.to_ascii_lowercase();
            let known = PgTls::WORDS.iter().find(|(known, _)| *known == word);
            address.tls = known.map(|(_, mode)| *mode).ok_or_else(|| {
                let words = PgTls::WORDS.map(|(word, _)| format!("`{word}`")).join(", ");
                format!("has an unknown `{name}`; it may be {words}")
            })?;
        }
        "sslrootcert" => address.root_certificate = Some(PathBuf::from(value)),
        "sslcert" => address.certificate = Some(PathBuf::from(value)),
        "sslkey" => address.certificate_key = Some(PathBuf::from(value)),
        tuning if TUNING.contains(&tuning) => {}
        other => address.ignored.push(other.to_owned()),
    }
    Ok(())
}

fn set(place: &mut Option<String>, text: &str) {
    if !text.is_empty() {
        *place = Some(text.to_owned());
    }
}

/// `SQLAlchemy` writes `***` for the password where it shows a URL, and NAT hands such a URL on: then it is `PGPASSWORD`.
fn set_password(address: &mut PgAddress, text: &str) {
    if !text.is_empty() && text != "***" {
        address.password = Some(Secret::new(text));
    }
}

/// Percent-decoded: a `+` stays one here.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        if let Some(byte) = hex.filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).map_err(|_| "is percent-encoded, but not as UTF-8".to_owned())
}
