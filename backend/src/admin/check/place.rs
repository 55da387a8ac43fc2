//! Where it runs: addresses, the database and the key.

use super::super::report::{Report, Section};
use crate::{
    config::{Config, Database, KeySource},
    storage::SqliteStore,
    vault::KeyFile,
};

pub(super) async fn explain(config: &Config, report: &mut Report) {
    listeners(config, report.section("Listeners"));
    let section = report.section("Database and key");
    database(&config.database, section).await;
    key(&config.key, section);
}

fn listeners(config: &Config, section: &mut Section) {
    section.ok(format!("people reach it as {}; it listens on {}", config.public_url, config.bind));
    let worker = &config.worker;
    section.ok(format!("workers ask on {}", worker.bind));
    if worker.keys.is_empty() {
        section.warning("every worker is refused: AIQ_CONNECT_WORKER_KEY is not set");
    }
    if worker.insecure {
        section.note("tokens travel to workers over plain http (`aiq_connect.worker.insecure`)");
    }
    if config.outbound.allow_loopback {
        section.note("servers on this machine are allowed (`aiq_connect.outbound.allow_loopback`): for development");
    }
}

async fn database(database: &Database, section: &mut Section) {
    let Database::Sqlite { path } = database;
    let file = path.display();
    match SqliteStore::schema(path).await {
        Ok(schema) if schema.found == 0 => section.note(format!("{file} is made at the first start")),
        Ok(schema) if schema.found < schema.needed => section.note(format!(
            "{file} has schema {}; `aiq-connect migrate` or the next start brings it to {}",
            schema.found, schema.needed
        )),
        Ok(schema) if schema.found > schema.needed => section.warning(format!(
            "{file} has schema {}, of a newer AIQ Connect; this version knows {}",
            schema.found, schema.needed
        )),
        Ok(schema) => section.ok(format!("{file} has schema {}", schema.found)),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})")).unwrap_or_default();
            section.warning(format!("{file} cannot be used: {error}{cause}"));
        }
    }
}

fn key(source: &KeySource, section: &mut Section) {
    match source {
        KeySource::Inline(_) => section.ok("the encryption keys come from AIQ_TOKEN_ENCRYPTION_KEY"),
        // A check makes nothing.
        KeySource::File(path) if !path.exists() => {
            section.note(format!("the encryption key {} is made at the first start; keep a copy", path.display()));
        }
        KeySource::File(path) => match KeyFile(path.clone()).read() {
            Ok(_) => section.ok(format!("the encryption key is in {}", path.display())),
            Err(error) => section.warning(error.to_string()),
        },
    }
}
