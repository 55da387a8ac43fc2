//! Reading the whole trail: is every record as it was written, and is none missing?

use std::fmt;

use chrono::{DateTime, Utc};

use super::record::is_ours;
use crate::{
    domain::{AuditRecord, hex},
    storage::{Store, StoreError},
    vault::{Vault, VaultError},
};

/// How many records are held at once.
const PAGE: u32 = 1_000;
/// How many places are told; all are counted.
const TOLD: usize = 50;

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The tag does not fit: changed, or not written by this service.
    Changed(Place),
    /// It was written with a key that is not configured here.
    KeyMissing(Place, String),
    /// These numbers of a chain are not there.
    Removed {
        /// The record after the gap.
        before: Place,
        /// The first that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A chain began after this record, and it is not there.
    EndRemoved {
        /// The first record of the chain that followed it.
        before: Place,
        /// The chain it was in.
        chain: String,
        /// Its number there.
        number: i64,
    },
    /// The record before it is another one than when it was written.
    Replaced(Place),
}

/// Where a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its chain.
    pub chain: String,
    /// Its number.
    pub number: i64,
    /// When it says that it was written.
    pub recorded_at: DateTime<Utc>,
}

/// What the trail is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// In how many chains.
    pub chains: u64,
    /// What is older went by retention.
    pub swept_before: Option<DateTime<Utc>>,
    /// How many places are wrong.
    pub wrong: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

/// Reads every record once, a page at a time.
///
/// # Errors
///
/// The database does not answer.
pub async fn verify(store: &dyn Store, vault: &Vault) -> Result<Verification, StoreError> {
    let swept_before = store.audit_state().await?.swept_before;
    let mut verification = Verification { swept_before, ..Verification::default() };
    let mut before: Option<AuditRecord> = None;
    loop {
        let after = before.as_ref().map_or(("", 0), |record| (record.chain.as_str(), record.number));
        let page = store.audit_page(after, PAGE).await?;
        if page.is_empty() {
            return Ok(verification);
        }
        for record in page {
            verification.read(store, vault, before.as_ref(), &record).await?;
            before = Some(record);
        }
    }
}

impl Verification {
    async fn read(
        &mut self,
        store: &dyn Store,
        vault: &Vault,
        before: Option<&AuditRecord>,
        record: &AuditRecord,
    ) -> Result<(), StoreError> {
        let before = before.filter(|before| before.chain == record.chain);
        self.records += 1;
        self.chains += u64::from(before.is_none());
        match is_ours(vault, record) {
            Ok(()) => {}
            Err(VaultError::UnknownKey(id)) => {
                self.found(Finding::KeyMissing(record.into(), hex(&id.0)));
                return Ok(());
            }
            // What a changed record says of others means nothing.
            Err(VaultError::DoesNotOpen | VaultError::Malformed) => {
                self.found(Finding::Changed(record.into()));
                return Ok(());
            }
        }
        let tag_before = record.previous.as_ref().map(|(_, mac)| mac);
        let expected = before.map_or(1, |before| before.number + 1);
        if record.number != expected {
            if !self.went_by_retention(record) {
                self.found(Finding::Removed { before: record.into(), from: expected, to: record.number - 1 });
            }
        } else if let Some(before) = before {
            if tag_before != Some(&before.mac) {
                self.found(Finding::Replaced(record.into()));
            }
        } else if let Some((chain, number)) = &record.follows {
            let followed = store.audit_page((chain, number - 1), 1).await?.pop();
            match followed.filter(|followed| followed.chain == *chain && followed.number == *number) {
                Some(followed) if tag_before == Some(&followed.mac) => {}
                Some(_) => self.found(Finding::Replaced(record.into())),
                None if self.went_by_retention(record) => {}
                None => {
                    let (chain, number) = (chain.clone(), *number);
                    self.found(Finding::EndRemoved { before: record.into(), chain, number });
                }
            }
        }
        Ok(())
    }

    /// Whether the record before this one was old enough to be removed.
    fn went_by_retention(&self, record: &AuditRecord) -> bool {
        let before = record.previous.as_ref().map(|(at, _)| *at);
        before.zip(self.swept_before).is_some_and(|(at, swept_before)| at < swept_before)
    }

    fn found(&mut self, finding: Finding) {
        self.wrong += 1;
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

impl From<&AuditRecord> for Place {
    fn from(record: &AuditRecord) -> Self {
        Self { chain: record.chain.clone(), number: record.number, recorded_at: record.recorded_at }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.recorded_at.format("%Y-%m-%dT%H:%M:%S%.3fZ");
        write!(f, "record {} of chain {} ({at})", self.number, self.chain)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(place) => write!(f, "{place}: changed, or not written by this service"),
            Self::KeyMissing(place, key) => write!(f, "{place}: cannot be checked without key {key}"),
            Self::Removed { before, from, to } if from == to => {
                write!(f, "{before}: record {from} before it was removed")
            }
            Self::Removed { before, from, to } => write!(f, "{before}: records {from} to {to} before it were removed"),
            Self::EndRemoved { before, chain, number } => {
                write!(f, "{before}: record {number} of chain {chain}, which it followed, was removed")
            }
            Self::Replaced(place) => write!(f, "{place}: the record before it is not the one it was written after"),
        }
    }
}
