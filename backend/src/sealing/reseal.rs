//! Sealing with another key what is sealed already, while everything goes on.

use crate::{
    domain::{SealedRow, SealedTable},
    storage::{Store, StoreError},
    vault::{SealContext, Sealer, Secret, Vault, VaultError},
};

/// How many rows are read at once. Each is written by itself, so that nobody waits for a batch.
const BATCH: u32 = 100;

/// What one walk over a table did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Sealed anew.
    pub resealed: u64,
    /// Changed by somebody else meanwhile: another walk sees what became of them.
    pub overtaken: u64,
    /// Do not open, so that they stay as they are.
    pub unopenable: u64,
}

/// Walks over a table once and seals what is not sealed with `sealer`'s key. A row is replaced only if it still holds
/// exactly what was opened: a refresh, a disconnect or a reconnect in between wins. `progress` hears of every batch.
pub async fn reseal(
    store: &dyn Store,
    vault: &Vault,
    sealer: &Sealer,
    table: SealedTable,
    progress: &mut (dyn FnMut(Passed) + Send),
) -> Result<Passed, StoreError> {
    let (mut passed, mut cursor) = (Passed::default(), String::new());
    loop {
        let rows = store.sealed_otherwise(table, sealer.key_id(), &cursor, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(passed) };
        cursor.clone_from(&last.cursor);
        for row in &rows {
            let (context, second_context) = SealContext::of(&row.place);
            let Ok((first, second)) = opened(vault, row, &context, second_context.as_ref()) else {
                passed.unopenable += 1;
                continue;
            };
            let first = sealer.seal(&context, &first);
            let second = match (second, &second_context) {
                (Some(secret), Some(context)) => Some(sealer.seal(context, &secret)),
                _ => None,
            };
            if store.reseal(row, &first, second.as_ref()).await? {
                passed.resealed += 1;
            } else {
                passed.overtaken += 1;
            }
        }
        progress(passed);
    }
}

/// Both or neither: half a grant is of no use.
fn opened(
    vault: &Vault,
    row: &SealedRow,
    first: &SealContext,
    second: Option<&SealContext>,
) -> Result<(Secret, Option<Secret>), VaultError> {
    let second = match (&row.second, second) {
        (Some(sealed), Some(context)) => Some(vault.open(context, sealed)?),
        _ => None,
    };
    Ok((vault.open(first, &row.first)?, second))
}
