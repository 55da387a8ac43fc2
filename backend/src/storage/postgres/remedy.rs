//! What to do about a server that refuses us.

use std::error::Error;

use super::PostgresStore;
use crate::{config::PgAddress, storage::StoreError};

const NAMED: &str = "AIQ_CONNECT_DATABASE_URL (or aiq_connect.database.url, or NAT_JOB_STORE_DB_URL) names it.";

impl PostgresStore {
    /// Whether to wait for the server is worth it: it does not answer, or says that it starts or is full.
    pub(in crate::storage) fn may_come(cause: &StoreError) -> bool {
        let StoreError::Unavailable(cause) = cause else { return false };
        match cause.downcast_ref::<sqlx::Error>() {
            // No answer, or none in time.
            None | Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => true,
            Some(sqlx::Error::Database(refusal)) => {
                let code = refusal.code();
                // Starts, stops, has crashed, is full; and a pooler's own code for everything it has to say.
                matches!(code.as_deref(), Some("57P01" | "57P02" | "57P03" | "53300"))
                    || code.as_deref() == Some("08P01") && is_pooler_without_server(refusal.message())
            }
            Some(_) => false,
        }
    }

    /// What a server refused with: its code, and its own words, in which the driver adds a line of the server's source.
    pub(in crate::storage) fn refusal(cause: &StoreError) -> Option<(String, String)> {
        let error = cause.source()?.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
        Some((error.code().to_owned(), error.message().to_owned()))
    }

    /// A sentence that says what to do.
    pub(in crate::storage) fn remedy(address: &PgAddress, cause: &StoreError) -> String {
        let user = address.user.as_deref().unwrap_or("the account that AIQ Connect runs as");
        let database = address.database.as_deref().unwrap_or(user);
        let refusal = Self::refusal(cause);
        let (code, message) = refusal.as_ref().map_or(("", ""), |(code, message)| (code.as_str(), message.as_str()));
        // PgBouncer has one code for all it says.
        let code = match message {
            _ if message.contains("password authentication failed") || message.contains("no such user") => "28P01",
            _ if message.contains("no such database") => "3D000",
            _ => code,
        };
        match code {
            "28P01" => format!(
                "The password of `{user}` is another one, or there is no such role: correct it in the URL or in \
                 PGPASSWORD; `@`, `:`, `/` and `%` are written as `%40`, `%3A`, `%2F` and `%25` in a URL."
            ),
            "28000" => format!(
                "The server does not let `{user}` in from here: look at its pg_hba.conf, and whether the role may log in; \
                 if it insists on TLS, add `?sslmode=require` to the URL."
            ),
            "3D000" => {
                format!("Create it: `CREATE DATABASE \"{database}\" OWNER \"{user}\"`, or name another one. {NAMED}")
            }
            "42501" if message.contains("for database") => format!(
                "Let `{user}` make a schema there: `GRANT CONNECT, CREATE ON DATABASE \"{database}\" TO \"{user}\"`, or make it: \
                 `CREATE SCHEMA aiq_connect AUTHORIZATION \"{user}\"`."
            ),
            "42501" => format!(
                "Everything in the schema has to belong to `{user}`: `ALTER SCHEMA aiq_connect OWNER TO \"{user}\"`, and its tables likewise."
            ),
            "25006" => format!("This server can only be read, as a standby: name the one that writes. {NAMED}"),
            "53300" => {
                "Raise its max_connections, or put a pooler before it; each AIQ Connect takes up to 12.".to_owned()
            }
            _ if matches!(cause, StoreError::Impossible { .. }) => {
                "If a newer AIQ Connect wrote it, start that version; else restore a backup.".to_owned()
            }
            _ => format!("Start it, or correct its address. {NAMED}"),
        }
    }
}

/// `PgBouncer` has one code for all it says; this it says while its own server is away.
fn is_pooler_without_server(message: &str) -> bool {
    ["server_login_retry", "connect failed", "server conn crashed", "query_wait_timeout"]
        .iter()
        .any(|known| message.contains(known))
}
