//! What is sealed with which key, by the id that every sealed value and every HMAC of a job begins with.

use sqlx::{Executor, Sqlite, SqlitePool, sqlite::SqliteRow};

use super::{now, read::column, store_error};
use crate::{
    domain::{
        FlowId, GrantId, GrantKey, KeyId, KeyUse, PrincipalId, RevocationId, Sealed, SealedPlace, SealedRow,
        SealedTable, ServerId, Version,
    },
    storage::{
        StoreError,
        row::{impossible, time, uuid},
    },
};

/// Rows per table and key. Of flows, sign-ins and jobs those that are not over: what is over opens nothing any more.
const USES: &str = concat!(
    "SELECT 'grants' AS kind, key, COUNT(*) AS many, NULL AS until_ms FROM \
     (SELECT id, lower(hex(substr(access_token, 2, 8))) AS key FROM grants \
      UNION SELECT id, lower(hex(substr(refresh_token, 2, 8))) FROM grants WHERE refresh_token IS NOT NULL) GROUP BY key \
     UNION ALL SELECT 'registrations', lower(hex(substr(client_secret, 2, 8))) AS key, COUNT(*), NULL \
      FROM registrations WHERE client_secret IS NOT NULL GROUP BY key \
     UNION ALL SELECT 'flows', lower(hex(substr(verifier, 2, 8))) AS key, COUNT(*), NULL FROM flows \
      WHERE verifier IS NOT NULL AND (phase = 'exchanging' OR phase = 'pending' AND expires_at > ",
    now!(),
    ") GROUP BY key \
     UNION ALL SELECT 'sign_ins', lower(hex(substr(verifier, 2, 8))) AS key, COUNT(*), MAX(expires_at) FROM sign_ins \
      WHERE expires_at > ",
    now!(),
    " GROUP BY key \
     UNION ALL SELECT 'revocations', key, COUNT(*), MAX(gives_up_at) FROM \
      (SELECT id, gives_up_at, lower(hex(substr(access_token, 2, 8))) AS key FROM revocations WHERE access_token IS NOT NULL \
       UNION SELECT id, gives_up_at, lower(hex(substr(refresh_token, 2, 8))) FROM revocations \
       WHERE refresh_token IS NOT NULL) GROUP BY key \
     UNION ALL SELECT 'jobs', lower(hex(substr(mac, 1, 8))) AS key, COUNT(*), MAX(ends_at) FROM jobs \
      WHERE ended_at IS NULL AND ends_at > ",
    now!(),
    " GROUP BY key ORDER BY 1, 2"
);

/// How much needs which key.
pub(super) async fn uses<'e>(at: impl Executor<'e, Database = Sqlite>) -> Result<Vec<KeyUse>, StoreError> {
    let one = |row: &SqliteRow| {
        let (many, until): (i64, Option<i64>) = (column(row, "many")?, column(row, "until_ms")?);
        Ok(KeyUse {
            table: column(row, "kind")?,
            key: column(row, "key")?,
            rows: u64::try_from(many).map_err(|_| impossible("count", many.to_string()))?,
            until: until.map(|at| time("end of what is sealed", at)).transpose()?,
        })
    };
    sqlx::query(USES).fetch_all(at).await.map_err(store_error)?.iter().map(one).collect()
}

/// The next rows that are not sealed with this key alone.
pub(super) async fn rows(
    at: &SqlitePool,
    table: SealedTable,
    active: KeyId,
    cursor: &str,
    most: u32,
) -> Result<Vec<SealedRow>, StoreError> {
    let statement = match table {
        SealedTable::Grants => {
            "SELECT id AS cursor, principal, server, issuer, version, access_token AS first, refresh_token AS second \
             FROM grants WHERE id > ?2 AND (substr(access_token, 2, 8) <> ?1 OR substr(refresh_token, 2, 8) <> ?1) \
             ORDER BY id LIMIT ?3"
        }
        SealedTable::Registrations => {
            "SELECT issuer || ' ' || redirect_uri AS cursor, issuer, redirect_uri, client_secret AS first, \
             NULL AS second FROM registrations \
             WHERE issuer || ' ' || redirect_uri > ?2 AND substr(client_secret, 2, 8) <> ?1 ORDER BY 1 LIMIT ?3"
        }
        SealedTable::Flows => concat!(
            "SELECT id AS cursor, principal, verifier AS first, NULL AS second FROM flows \
             WHERE id > ?2 AND substr(verifier, 2, 8) <> ?1 \
             AND (phase = 'exchanging' OR phase = 'pending' AND expires_at > ",
            now!(),
            ") ORDER BY id LIMIT ?3"
        ),
        SealedTable::SignIns => concat!(
            "SELECT state_hash AS cursor, verifier AS first, NULL AS second FROM sign_ins \
             WHERE state_hash > ?2 AND substr(verifier, 2, 8) <> ?1 AND expires_at > ",
            now!(),
            " ORDER BY state_hash LIMIT ?3"
        ),
        SealedTable::Revocations => {
            "SELECT id AS cursor, issuer, access_token AS first, refresh_token AS second FROM revocations \
             WHERE id > ?2 AND (substr(access_token, 2, 8) <> ?1 OR substr(refresh_token, 2, 8) <> ?1) \
             ORDER BY id LIMIT ?3"
        }
    };
    let query = sqlx::query(statement).bind(active.0.as_slice()).bind(cursor).bind(most);
    query.fetch_all(at).await.map_err(store_error)?.iter().map(|row| sealed_row(row, table)).collect()
}

fn sealed_row(row: &SqliteRow, table: SealedTable) -> Result<SealedRow, StoreError> {
    let cursor: String = column(row, "cursor")?;
    let place = match table {
        SealedTable::Grants => SealedPlace::Grant {
            id: GrantId(uuid("grants.id", &cursor)?),
            key: GrantKey {
                principal: PrincipalId(column(row, "principal")?),
                server: ServerId(column(row, "server")?),
            },
            issuer: column(row, "issuer")?,
            version: Version(column(row, "version")?),
        },
        SealedTable::Registrations => {
            SealedPlace::Registration { issuer: column(row, "issuer")?, redirect_uri: column(row, "redirect_uri")? }
        }
        SealedTable::Flows => SealedPlace::Flow {
            id: FlowId(uuid("flows.id", &cursor)?),
            principal: PrincipalId(column(row, "principal")?),
        },
        SealedTable::SignIns => SealedPlace::SignIn { state_hash: cursor.clone() },
        SealedTable::Revocations => SealedPlace::Revocation {
            id: RevocationId(uuid("revocations.id", &cursor)?),
            issuer: column(row, "issuer")?,
        },
    };
    let value = |name| Ok::<_, StoreError>(column::<Option<Vec<u8>>>(row, name)?.map(Sealed));
    Ok(SealedRow { cursor, place, values: [value("first")?, value("second")?] })
}

/// Compare and set: only over exactly what was read.
pub(super) async fn put(at: &SqlitePool, row: &SealedRow, anew: &[Option<Sealed>; 2]) -> Result<bool, StoreError> {
    let statement = match &row.place {
        SealedPlace::Grant { .. } => {
            "UPDATE grants SET access_token = ?1, refresh_token = ?2 \
             WHERE access_token IS ?3 AND refresh_token IS ?4 AND id = ?5 AND version = ?6"
        }
        SealedPlace::Revocation { .. } => {
            "UPDATE revocations SET access_token = ?1, refresh_token = ?2 \
             WHERE access_token IS ?3 AND refresh_token IS ?4 AND id = ?5"
        }
        SealedPlace::Registration { .. } => {
            "UPDATE registrations SET client_secret = ?1 WHERE client_secret = ?2 AND issuer = ?3 AND redirect_uri = ?4"
        }
        SealedPlace::Flow { .. } => "UPDATE flows SET verifier = ?1 WHERE verifier = ?2 AND id = ?3",
        SealedPlace::SignIn { .. } => "UPDATE sign_ins SET verifier = ?1 WHERE verifier = ?2 AND state_hash = ?3",
    };
    let columns = row.place.columns().len();
    let values = anew.iter().take(columns).chain(row.values.iter().take(columns));
    let query = values
        .fold(sqlx::query(statement), |query, value| query.bind(value.as_ref().map(|Sealed(bytes)| bytes.as_slice())));
    let query = match &row.place {
        SealedPlace::Grant { id, version, .. } => query.bind(id.0.to_string()).bind(version.0),
        SealedPlace::Revocation { id, .. } => query.bind(id.0.to_string()),
        SealedPlace::Registration { issuer, redirect_uri } => query.bind(issuer).bind(redirect_uri),
        SealedPlace::Flow { id, .. } => query.bind(id.0.to_string()),
        SealedPlace::SignIn { state_hash } => query.bind(state_hash),
    };
    Ok(query.execute(at).await.map_err(store_error)?.rows_affected() == 1)
}
