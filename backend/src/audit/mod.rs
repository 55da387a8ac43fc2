//! The audit trail: what happened to whose grants, in records that cannot be changed or taken out unnoticed.
//!
//! Whoever acts hands an event over and goes on; one writer for each process numbers, tags and stores them. A record
//! that cannot be written fails nobody's action.

mod noted;
mod record;
mod verify;
mod writer;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};

pub use self::verify::{Finding, Verification, verify};
use self::{noted::Noted, writer::Writer};
use crate::{
    clock::Chance,
    domain::{AuditEvent, AuditKind, Grant, JobId},
    sealing::Witness,
    storage::Store,
    timing,
    vault::Vault,
};

/// How many events may wait for the database. Some minutes' worth while it is away.
const WAITING: usize = 10_000;

enum Message {
    Event(Box<AuditEvent>),
    Flush(oneshot::Sender<()>),
}

/// Takes what happened. Cheap to clone; its writer ends when the last one is gone.
#[derive(Clone)]
pub struct Audit {
    queue: mpsc::Sender<Message>,
    lost: Arc<AtomicU64>,
    noted: Arc<Noted>,
}

impl Audit {
    /// Begins a chain of its own. Nothing is written until something happens.
    pub fn start(store: Arc<dyn Store>, vault: Arc<Vault>, chance: &Chance) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer::new(store, vault, chance.uuid().to_string(), Arc::clone(&lost));
        tokio::spawn(writer.run(waiting));
        Self { queue, lost, noted: Arc::default() }
    }

    /// Hands over what happened. Never waits and never fails; what does not fit is counted, and told in the trail.
    pub fn record(&self, event: AuditEvent) {
        if let Err(refused) = self.queue.try_send(Message::Event(Box::new(event))) {
            self.lost.fetch_add(1, Ordering::Relaxed);
            if let mpsc::error::TrySendError::Full(Message::Event(event))
            | mpsc::error::TrySendError::Closed(Message::Event(event)) = refused
            {
                tracing::error!(kind = event.kind.as_str(), "an audit record is lost: too many wait for the database");
            }
        }
    }

    /// A job was given a token. Only the first time for each version is recorded, once in each process; every further
    /// time costs a look into a set.
    pub fn resolved(&self, job: &JobId, grant: &Grant) {
        if self.noted.is_new(&(job, &grant.key.server, grant.id, grant.version.0)) {
            self.record(AuditEvent::new(AuditKind::Resolved).of(grant).job(job));
        }
    }

    /// Waits until everything that was handed over is stored.
    pub async fn flush(&self) {
        let (done, stored) = oneshot::channel();
        if self.queue.send(Message::Flush(done)).await.is_ok() {
            // An error says that the writer is gone, and with it what waited.
            let _ = stored.await;
        }
    }

    /// The same before this process ends, for as long as that may take.
    pub async fn finish(&self) {
        if tokio::time::timeout(timing::SHUTDOWN, self.flush()).await.is_err() {
            tracing::error!("the last audit records were not stored");
        }
    }
}

impl Witness for Audit {
    fn record(&self, event: AuditEvent) {
        Self::record(self, event);
    }
}

#[cfg(test)]
mod tests;
