//! What is sealed with which key, by the id that every sealed value and every HMAC of a job begins with.

use sqlx::postgres::PgRow;

use super::{now, read::column, work::Statement};
use crate::{
    domain::{
        FlowId, GrantId, GrantKey, KeyUse, PrincipalId, RevocationId, Sealed, SealedPlace, SealedRow, SealedTable,
        ServerId, Version,
    },
    storage::{
        StoreError,
        row::{impossible, time, uuid},
    },
};

/// Rows per table and key. Of flows, sign-ins and jobs those that are not over: what is over opens nothing any more.
pub(super) const USES: &str = concat!(
    "SELECT 'grants' AS kind, key, COUNT(*) AS many, NULL::bigint AS until_ms FROM \
     (SELECT id, encode(substring(access_token FROM 2 FOR 8), 'hex') AS key FROM aiq_connect.grants \
      UNION SELECT id, encode(substring(refresh_token FROM 2 FOR 8), 'hex') FROM aiq_connect.grants \
      WHERE refresh_token IS NOT NULL) AS g GROUP BY key \
     UNION ALL SELECT 'registrations', encode(substring(client_secret FROM 2 FOR 8), 'hex') AS key, COUNT(*), NULL \
      FROM aiq_connect.registrations WHERE client_secret IS NOT NULL GROUP BY 2 \
     UNION ALL SELECT 'flows', encode(substring(verifier FROM 2 FOR 8), 'hex'), COUNT(*), NULL FROM aiq_connect.flows \
      WHERE verifier IS NOT NULL AND (phase = 'exchanging' OR phase = 'pending' AND expires_at > ",
    now!(),
    ") GROUP BY 2 \
     UNION ALL SELECT 'sign_ins', encode(substring(verifier FROM 2 FOR 8), 'hex'), COUNT(*), MAX(expires_at) \
      FROM aiq_connect.sign_ins WHERE expires_at > ",
    now!(),
    " GROUP BY 2 \
     UNION ALL SELECT 'revocations', key, COUNT(*), MAX(gives_up_at) FROM \
      (SELECT id, gives_up_at, encode(substring(access_token FROM 2 FOR 8), 'hex') AS key FROM aiq_connect.revocations \
       WHERE access_token IS NOT NULL \
       UNION SELECT id, gives_up_at, encode(substring(refresh_token FROM 2 FOR 8), 'hex') FROM aiq_connect.revocations \
       WHERE refresh_token IS NOT NULL) AS queued GROUP BY 2 \
     UNION ALL SELECT 'jobs', encode(substring(mac FROM 1 FOR 8), 'hex'), COUNT(*), MAX(ends_at) \
      FROM aiq_connect.jobs WHERE ended_at IS NULL AND ends_at > ",
    now!(),
    " GROUP BY 2 ORDER BY 1, 2"
);

/// Reads a row of [`USES`].
pub(super) fn one_use(row: &PgRow) -> Result<KeyUse, StoreError> {
    let (many, until): (i64, Option<i64>) = (column(row, "many")?, column(row, "until_ms")?);
    Ok(KeyUse {
        table: column(row, "kind")?,
        key: column(row, "key")?,
        rows: u64::try_from(many).map_err(|_| impossible("count", many.to_string()))?,
        until: until.map(|at| time("end of what is sealed", at)).transpose()?,
    })
}

/// The next rows of a table that are not sealed with one key alone.
pub(super) fn walk(table: SealedTable) -> &'static str {
    match table {
        SealedTable::Grants => {
            "SELECT id AS cursor, principal, server, issuer, version, access_token AS first, refresh_token AS second \
             FROM aiq_connect.grants WHERE id > $2 \
             AND (substring(access_token FROM 2 FOR 8) <> $1 OR substring(refresh_token FROM 2 FOR 8) <> $1) \
             ORDER BY id LIMIT $3"
        }
        SealedTable::Registrations => {
            "SELECT issuer || ' ' || redirect_uri AS cursor, issuer, redirect_uri, client_secret AS first, \
             NULL::bytea AS second FROM aiq_connect.registrations \
             WHERE issuer || ' ' || redirect_uri > $2 AND substring(client_secret FROM 2 FOR 8) <> $1 \
             ORDER BY 1 LIMIT $3"
        }
        SealedTable::Flows => concat!(
            "SELECT id AS cursor, principal, verifier AS first, NULL::bytea AS second FROM aiq_connect.flows \
             WHERE id > $2 AND substring(verifier FROM 2 FOR 8) <> $1 \
             AND (phase = 'exchanging' OR phase = 'pending' AND expires_at > ",
            now!(),
            ") ORDER BY id LIMIT $3"
        ),
        SealedTable::SignIns => concat!(
            "SELECT state_hash AS cursor, verifier AS first, NULL::bytea AS second FROM aiq_connect.sign_ins \
             WHERE state_hash > $2 AND substring(verifier FROM 2 FOR 8) <> $1 AND expires_at > ",
            now!(),
            " ORDER BY state_hash LIMIT $3"
        ),
        SealedTable::Revocations => {
            "SELECT id AS cursor, issuer, access_token AS first, refresh_token AS second FROM aiq_connect.revocations \
             WHERE id > $2 AND (substring(access_token FROM 2 FOR 8) <> $1 OR substring(refresh_token FROM 2 FOR 8) <> $1) \
             ORDER BY id LIMIT $3"
        }
    }
}

/// Reads a row of [`walk`].
pub(super) fn sealed_row(row: &PgRow, table: SealedTable) -> Result<SealedRow, StoreError> {
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
pub(super) fn put<'q>(row: &'q SealedRow, anew: &'q [Option<Sealed>; 2]) -> Statement<'q> {
    let statement = match &row.place {
        SealedPlace::Grant { .. } => {
            "UPDATE aiq_connect.grants SET access_token = $1, refresh_token = $2 \
             WHERE access_token IS NOT DISTINCT FROM $3 AND refresh_token IS NOT DISTINCT FROM $4 AND id = $5 \
             AND version = $6"
        }
        SealedPlace::Revocation { .. } => {
            "UPDATE aiq_connect.revocations SET access_token = $1, refresh_token = $2 \
             WHERE access_token IS NOT DISTINCT FROM $3 AND refresh_token IS NOT DISTINCT FROM $4 AND id = $5"
        }
        SealedPlace::Registration { .. } => {
            "UPDATE aiq_connect.registrations SET client_secret = $1 \
             WHERE client_secret = $2 AND issuer = $3 AND redirect_uri = $4"
        }
        SealedPlace::Flow { .. } => "UPDATE aiq_connect.flows SET verifier = $1 WHERE verifier = $2 AND id = $3",
        SealedPlace::SignIn { .. } => {
            "UPDATE aiq_connect.sign_ins SET verifier = $1 WHERE verifier = $2 AND state_hash = $3"
        }
    };
    let columns = row.place.columns().len();
    let values = anew.iter().take(columns).chain(row.values.iter().take(columns));
    let query = values
        .fold(sqlx::query(statement), |query, value| query.bind(value.as_ref().map(|Sealed(bytes)| bytes.as_slice())));
    match &row.place {
        SealedPlace::Grant { id, version, .. } => query.bind(id.0.to_string()).bind(version.0),
        SealedPlace::Revocation { id, .. } => query.bind(id.0.to_string()),
        SealedPlace::Registration { issuer, redirect_uri } => query.bind(issuer).bind(redirect_uri),
        SealedPlace::Flow { id, .. } => query.bind(id.0.to_string()),
        SealedPlace::SignIn { state_hash } => query.bind(state_hash),
    }
}
