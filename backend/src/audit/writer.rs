//! The one writer of this process's chain.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};

use super::{
    Message,
    record::{bare, tag},
};
use crate::{
    domain::{AuditEvent, AuditKind, AuditRecord},
    sealing,
    storage::{Store, StoreError},
    timing,
    vault::Vault,
};

/// How many events one transaction stores.
const BATCH: usize = 200;

pub(super) struct Writer {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    chain: String,
    /// The number, time and tag of the last record of this chain.
    last: Option<(i64, DateTime<Utc>, Vec<u8>)>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>, vault: Arc<Vault>, chain: String, lost: Arc<AtomicU64>) -> Self {
        Self { store, vault, chain, last: None, lost }
    }

    /// Until everybody who could hand something over is gone.
    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut messages = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut messages, BATCH).await > 0 {
            let (mut events, mut flushes): (Vec<AuditEvent>, Vec<oneshot::Sender<()>>) = Default::default();
            for message in messages.drain(..) {
                match message {
                    Message::Event(event) => events.push(*event),
                    Message::Flush(done) => flushes.push(done),
                }
            }
            self.write(events).await;
            for done in flushes {
                // Nobody may wait for it any more.
                let _ = done.send(());
            }
        }
    }

    /// Stores all of these, however long the database is away.
    async fn write(&mut self, mut events: Vec<AuditEvent>) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            events.push(AuditEvent::new(AuditKind::RecordsLost).with("count", lost.to_string()));
        }
        if events.is_empty() {
            return;
        }
        let mut was_well = true;
        let mut prepared: Option<Vec<AuditRecord>> = None;
        loop {
            let done = match &prepared {
                // Exactly these again: nobody knows whether the attempt that failed was stored.
                Some(records) => self.store.append_audit(records).await,
                None => match self.prepare(&events).await {
                    Ok(records) => {
                        prepared = Some(records);
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(()) => break,
                Err(error @ (StoreError::Unavailable(_) | StoreError::KeyMissing(_))) => {
                    if std::mem::take(&mut was_well) {
                        tracing::error!(%error, "audit records wait for the database");
                    }
                    tokio::time::sleep(timing::AUDIT_RETRY).await;
                }
                Err(error) => {
                    // Trying again would not help, and what comes after must not wait for it.
                    let count = events.len();
                    tracing::error!(%error, count, "audit records cannot be stored and are lost");
                    self.lost.fetch_add(count as u64, Ordering::Relaxed);
                    return;
                }
            }
        }
        if let Some(last) = prepared.and_then(|mut records| records.pop()) {
            self.last = Some((last.number, last.recorded_at, last.mac));
        }
    }

    async fn prepare(&self, events: &[AuditEvent]) -> Result<Vec<AuditRecord>, StoreError> {
        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        let state = self.store.audit_state().await?;
        let mut last = self.last.clone();
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let mut record = bare(event.clone(), &self.chain);
            record.recorded_at = state.now;
            if let Some((number, at, mac)) = &last {
                record.number = number + 1;
                record.previous = Some((*at, mac.clone()));
            } else {
                record.number = 1;
                record.follows = state.newest.as_ref().map(|newest| (newest.chain.clone(), newest.number));
                record.previous = state.newest.as_ref().map(|newest| (newest.recorded_at, newest.mac.clone()));
            }
            tag(&sealer, &mut record);
            last = Some((record.number, record.recorded_at, record.mac.clone()));
            records.push(record);
        }
        Ok(records)
    }
}
