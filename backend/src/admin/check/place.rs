//! Where it runs: addresses, the database and the key.

use super::super::report::{Report, Section};
use crate::{
    config::{Config, Database, DatabaseBecause, KeySource, Pooler},
    storage::{Opened, Place},
    vault::KeyFile,
};

pub(super) async fn explain(config: &Config, report: &mut Report) {
    listeners(config, report.section("Listeners"));
    let section = report.section("Database and key");
    database(config, section).await;
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

async fn database(config: &Config, section: &mut Section) {
    let place = Place(&config.database);
    match config.database_because {
        DatabaseBecause::Named | DatabaseBecause::Default => {}
        DatabaseBecause::JobStore => {
            section.note("NAT_JOB_STORE_DB_URL names the database; our tables are in a schema of their own");
        }
        DatabaseBecause::JobStoreCannotBeShared => {
            section.note("NAT_JOB_STORE_DB_URL is no PostgreSQL, and a file cannot be shared: ours is another one");
        }
    }
    match Opened::schema(&config.database, false).await {
        Ok(schema) if schema.found == 0 => section.note(match config.database {
            Database::Sqlite { .. } => format!("{place} is made at the first start"),
            Database::Postgres { .. } => {
                format!("{place} answers; the schema `aiq_connect` is made at the first start")
            }
        }),
        Ok(schema) if !schema.is_complete => section.note(format!(
            "{place} has schema {}; `aiq-connect migrate` or the next start brings it to {}",
            schema.found, schema.needed
        )),
        Ok(schema) if schema.found > schema.needed => section.note(format!(
            "{place} has schema {}, of a newer AIQ Connect; this version knows {} and works with it",
            schema.found, schema.needed
        )),
        Ok(schema) => section.ok(format!("{place} has schema {}", schema.found)),
        Err(error) => section.warning(error.to_string()),
    }
    let Database::Postgres { address, pooler } = &config.database else { return };
    if *pooler == Pooler::Transaction {
        section.note("a pooler in transaction mode is expected before it (`aiq_connect.database.pooler`)");
    }
    for option in &address.ignored {
        section.warning(format!("the option `{option}` of its URL means nothing here"));
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
