//! The killer: asks the database who holds a lease, and kills that process.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::database::{Asker, Row};
use super::now;
use super::stack::{SERVICES, Stack};
use crate::demo::plan::Plan;
use crate::say;
use crate::web::call::patch;

/// How long one kind of holder, and of the process that was not killed last, is waited for before any will do.
const HUNT: Duration = Duration::from_secs(2);

/// When a holder is killed. They take turns, because a refresh has places of very different length.
#[derive(Clone, Copy)]
struct Manner {
    /// How long the provider keeps its answers back, which makes the time between sending and commit longer.
    delay_ms: u64,
    /// Whether only a holder will do that has not sent yet.
    unsent: bool,
    /// How long is waited after a holder was seen.
    pause_ms: u64,
}

const MANNERS: [Manner; 6] = [
    Manner { delay_ms: 0, unsent: true, pause_ms: 0 },
    Manner { delay_ms: 150, unsent: false, pause_ms: 0 },
    Manner { delay_ms: 0, unsent: false, pause_ms: 0 },
    Manner { delay_ms: 0, unsent: true, pause_ms: 0 },
    Manner { delay_ms: 60, unsent: false, pause_ms: 55 },
    Manner { delay_ms: 0, unsent: false, pause_ms: 5 },
];

/// One process killed.
#[derive(Debug)]
pub struct Kill {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Which service.
    pub name: &'static str,
    /// The leases that it left behind.
    pub held: Vec<Row>,
}

impl Kill {
    /// The leases in words.
    fn words(&self) -> String {
        let sent = self.held.iter().filter(|row| row.in_doubt).count();
        match self.held.len() {
            0 => "no lease any more".to_owned(),
            all => format!("leases: {all}, of them for requests that may have been sent: {sent}"),
        }
    }
}

/// Kills, one after the other.
pub struct Killer {
    pace: Duration,
    next: Instant,
    hunting: Option<Instant>,
    /// All so far.
    pub kills: Vec<Kill>,
}

impl Killer {
    /// Kills as often as this, if there are leases.
    pub fn new(pace: Duration) -> Self {
        Self { pace, next: Instant::now() + pace, hunting: None, kills: Vec::new() }
    }

    /// How many were killed while they held a lease.
    pub fn holders(&self) -> usize {
        self.kills.iter().filter(|kill| !kill.held.is_empty()).count()
    }

    /// Whether it is time to kill.
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Not for a while.
    pub fn hold_off(&mut self, time: Duration) {
        self.next = self.next.max(Instant::now() + time);
    }

    /// Kills a holder, if there is one of the kind that is wanted.
    pub fn hunt(&mut self, plan: &Plan, stack: &mut Stack<'_>, database: &mut Asker<'_>) -> Result<()> {
        let manner = MANNERS[self.kills.len() % MANNERS.len()];
        if self.hunting.is_none() {
            delay_answers(plan, manner.delay_ms)?;
        }
        let since = self.hunting.get_or_insert_with(Instant::now);
        let any = since.elapsed() > HUNT;
        let last = self.kills.last().map(|kill| kill.name);
        let is_wanted =
            |row: &Row, slot: usize| any || !(manner.unsent && row.in_doubt || last == Some(SERVICES[slot]));
        let rows = database.grants()?;
        let holder = rows.iter().find_map(|row| {
            let lease = row.lease.as_ref().filter(|lease| lease.until > now())?;
            // Those that were killed hold theirs until it ends.
            let slot = (0..SERVICES.len()).find(|slot| stack.pid(*slot) == lease.pid)?;
            is_wanted(row, slot).then_some(slot)
        });
        let Some(slot) = holder else { return Ok(()) };
        sleep(Duration::from_millis(manner.pause_ms));
        let (pid, at) = (stack.pid(slot), now());
        stack.strike(slot)?;
        let held = database.grants()?;
        let held = held.into_iter().filter(|row| row.lease.as_ref().is_some_and(|lease| lease.pid == pid)).collect();
        let kill = Kill { at, name: SERVICES[slot], held };
        say::line("killed", format!("{} {pid}, which held {}", kill.name, kill.words()));
        self.kills.push(kill);
        self.hunting = None;
        self.next = Instant::now() + self.pace;
        Ok(())
    }
}

/// Tells the provider how long it keeps answers to token requests back.
pub fn delay_answers(plan: &Plan, milliseconds: u64) -> Result<()> {
    let url = format!("{}/control/switches", plan.issuer());
    patch(&url, &format!("Bearer {}", plan.control_key), &json!({ "token_delay_ms": milliseconds }))?;
    Ok(())
}
