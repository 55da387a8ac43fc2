//! What a database needs to become of this build: the rules for both.

use std::collections::BTreeMap;

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType},
};

use super::{StoreError, row::impossible};

/// One step: its number, its name, and the SQL of one database.
pub(super) type Step = (i64, &'static str, &'static str);

/// The numbers and checksums that a database has.
pub(super) type Applied = BTreeMap<i64, Vec<u8>>;

/// Which schema a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The newest step it has. 0: it has no tables of ours, or is not there.
    pub found: i64,
    /// The newest step of this build.
    pub needed: i64,
    /// Whether it has every step of this build. It may have more: a newer version only adds.
    pub is_complete: bool,
}

impl Schema {
    pub(super) fn of(all: &[Step], applied: &Applied) -> Self {
        Self {
            found: applied.keys().max().copied().unwrap_or_default(),
            needed: all.iter().map(|(number, ..)| *number).max().unwrap_or_default(),
            is_complete: all.iter().all(|(number, ..)| applied.contains_key(number)),
        }
    }
}

/// The steps of this build that a database lacks, in order.
///
/// Steps that this build does not know are fine, because within a major version steps only add; so an older process runs
/// beside a newer one. A step that versions before N.0 cannot live with is numbered N000 or higher.
///
/// # Errors
///
/// [`StoreError::Impossible`]: the database needs a later major version, or a step is not the one of this build.
pub(super) fn missing(all: &[Step], applied: &Applied) -> Result<Vec<Migration>, StoreError> {
    let newest = applied.keys().max().copied().unwrap_or_default();
    if newest / 1000 > major() {
        let cause = format!("it has schema {newest}, which needs AIQ Connect {}.0 or later", newest / 1000);
        return Err(impossible("schema: a newer AIQ Connect wrote it", cause));
    }
    let migration = |&(number, name, sql): &Step| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut wanting: Vec<_> = all.iter().map(migration).collect();
    for known in &wanting {
        if applied.get(&known.version).is_some_and(|checksum| *known.checksum != **checksum) {
            return Err(impossible("schema", format!("step {} is not the one of this build", known.version)));
        }
    }
    wanting.retain(|known| !applied.contains_key(&known.version));
    Ok(wanting)
}

/// The major version of this build.
fn major() -> i64 {
    env!("CARGO_PKG_VERSION_MAJOR").parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Applied, Schema, Step, major, missing};

    const ALL: &[Step] = &[(1, "first", "SELECT 1"), (2, "second", "SELECT 2")];

    fn having(numbers: &[i64]) -> Applied {
        let known = missing(ALL, &Applied::new()).unwrap();
        let checksum =
            |number: &i64| known.iter().find(|step| step.version == *number).map(|step| step.checksum.to_vec());
        numbers.iter().map(|number| (*number, checksum(number).unwrap_or_default())).collect()
    }

    fn lacking(numbers: &[i64]) -> Vec<i64> {
        missing(ALL, &having(numbers)).unwrap().iter().map(|step| step.version).collect()
    }

    #[test]
    fn what_is_missing_is_done_in_order_and_what_is_newer_is_left_alone() {
        assert_eq!(lacking(&[]), [1, 2]);
        assert_eq!(lacking(&[1]), [2]);
        assert!(lacking(&[1, 2]).is_empty());
        assert!(lacking(&[1, 2, 3, 7]).is_empty());
        assert_eq!(lacking(&[1, 3]), [2]);
        assert!(Schema::of(ALL, &having(&[1, 2, 3])).is_complete);
        assert!(!Schema::of(ALL, &having(&[1, 3])).is_complete);
    }

    #[test]
    fn what_needs_a_later_major_version_is_refused_and_so_is_what_was_changed() {
        let next = (major() + 1) * 1000;
        let refused = missing(ALL, &having(&[1, 2, next])).unwrap_err();
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert_eq!(cause, format!("it has schema {next}, which needs AIQ Connect {}.0 or later", major() + 1));
        let changed = Applied::from([(1, b"another".to_vec())]);
        assert!(missing(ALL, &changed).unwrap_err().to_string().contains("schema"));
    }
}
