//! Sealing with another key what is sealed already, while everything goes on.

use super::{Witness, unopened};
use crate::{
    domain::{Sealed, SealedRow, SealedTable},
    storage::{Store, StoreError},
    vault::{SealContext, Sealer, Vault, VaultError},
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
    witness: &dyn Witness,
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
            let Some(anew) = sealed_anew(vault, witness, sealer, row) else {
                passed.unopenable += 1;
                continue;
            };
            if store.reseal(row, &anew).await? {
                passed.resealed += 1;
            } else {
                passed.overtaken += 1;
            }
        }
        progress(passed);
    }
}

/// All values of a row or none: half a grant is of no use.
fn sealed_anew(vault: &Vault, witness: &dyn Witness, sealer: &Sealer, row: &SealedRow) -> Option<[Option<Sealed>; 2]> {
    let mut anew = [None, None];
    for ((context, stored), place) in SealContext::of(&row.place).zip(&row.values).zip(&mut anew) {
        let Some(stored) = stored else { continue };
        match vault.open(&context, stored) {
            Ok(secret) => *place = Some(sealer.seal(&context, &secret)),
            Err(error) => {
                // Somebody else may hold the key; whoever needs the value finds out.
                if !matches!(error, VaultError::UnknownKey(_)) {
                    unopened::value(vault, witness, &context, stored, error);
                }
                return None;
            }
        }
    }
    Some(anew)
}
