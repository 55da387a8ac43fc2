//! `cargo xtask soak`: two processes of the service, eight workers that ask without pause, and a killer.
//!
//! Tokens live five seconds, the provider rotates refresh tokens and takes a second use of one for theft, and whoever
//! holds the lease of a grant is killed again and again. No grant may be lost, but where a process dies after its request
//! was sent and before the answer was stored: then the only copy of a refresh token died with it.

mod clock;
mod count;
mod database;
mod killer;
mod people;
mod stack;
mod verdict;
mod workers;

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aiq_connect_test_postgres::Server;
use anyhow::{Context, Result, anyhow, ensure};

use self::database::{Asker, Row};
use self::killer::Killer;
use self::people::{NAMES, User};
use self::stack::{SERVICES, Stack};
use self::verdict::Seen;
use self::workers::{WORKERS, Workers};
use crate::demo::plan::Plan;
use crate::project::Project;
use crate::say;
use crate::setup::{backend, npm, python, servers};
use crate::suites::Tally;

/// How long access tokens live.
const TOKEN_LIFE: Duration = Duration::from_secs(5);
/// How long a token that a worker gets has to last: a fifth of its life, after which the service renews it by itself.
const MIN_TTL: Duration = Duration::from_secs(1);
/// How wrong a wrong clock is, in seconds.
const WRONG: i64 = 90;
/// How long a crashed PostgreSQL stays away.
const AWAY: Duration = Duration::from_secs(1);
/// How long the service has to find PostgreSQL again before it counts that it does not.
const RECOVERY: Duration = Duration::from_secs(5);
/// A lease of a killed process is taken over after 35 s; a machine that does much else needs longer for everything.
const SETTLE: Duration = Duration::from_mins(3);
const GLANCE: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_millis(300);

/// How long, and how much.
#[derive(Clone, Copy)]
pub struct Length {
    /// For how long there is killing.
    time: Duration,
    /// How many people.
    users: usize,
    /// How many holders have to be killed.
    holders: usize,
    /// How soon one is killed after the other.
    pace: Duration,
}

impl Length {
    /// The form that is part of `cargo xtask test`: 3 holders of leases are killed in it.
    pub const SHORT: Self = Self { time: Duration::from_secs(30), users: 6, holders: 3, pace: Duration::from_secs(5) };

    /// So many minutes, in which at least 20 holders are killed.
    pub fn minutes(minutes: u32) -> Self {
        let time = Duration::from_secs(u64::from(minutes) * 60);
        Self { time, users: NAMES.len(), holders: 20, pace: (time / 40).min(Duration::from_secs(8)) }
    }
}

/// Sets up what it needs, and fails unless everything holds.
pub fn verb(minutes: u32) -> Result<()> {
    let project = Project::find()?;
    npm::ready(&project, npm::PROVIDER)?;
    python::MCP.ready(&project)?;
    python::WORKER.ready(&project)?;
    servers::for_tests(&project)?;
    backend::ready(&project)?;
    let Tally { passed, failed } = run(&project, Length::minutes(minutes))?;
    println!("\n{passed} passed, {failed} failed");
    ensure!(failed == 0, "{failed} of {} expectations do not hold", passed + failed);
    Ok(())
}

/// The short form, as a suite.
pub fn short(project: &Project) -> Result<Tally> {
    run(project, Length::SHORT)
}

/// Starts everything on free ports, soaks it, and judges.
fn run(project: &Project, length: Length) -> Result<Tally> {
    let plan = Plan::new(project, "soak", None, TOKEN_LIFE)?;
    let server = Server::start().map_err(|error| anyhow!("{error}"))?;
    let database = server.database();
    database::make_durable(&database)?;
    let stack = Stack::start(project, &plan, database.url(), [0, WRONG])?;
    let asker = Asker::new(project, &plan, &database);
    let soak = Soak::begin(project, &plan, &server, stack, asker, length);
    let seen = soak.and_then(Soak::through);
    let seen =
        seen.with_context(|| format!("the soak could not go on; all logs: {}", plan.folder.join("logs").display()))?;
    verdict::pass(&plan, &seen, WORKERS)
}

/// Everything that goes on.
struct Soak<'a> {
    plan: &'a Plan,
    server: &'a Server,
    stack: Stack<'a>,
    database: Asker<'a>,
    workers: Workers<'a>,
    users: Vec<User>,
    killer: Killer,
    length: Length,
    began: Instant,
    /// Grants that people have replaced, as they were last.
    replaced: Vec<Row>,
    clocks: BTreeSet<i64>,
    crashes: usize,
    looked: Instant,
}

impl<'a> Soak<'a> {
    fn begin(
        project: &'a Project,
        plan: &'a Plan,
        server: &'a Server,
        mut stack: Stack<'a>,
        database: Asker<'a>,
        length: Length,
    ) -> Result<Self> {
        let users: Result<Vec<_>> = NAMES[..length.users].iter().map(|name| User::arrive(plan, name)).collect();
        let users = users?;
        stack.look_after(false)?;
        let clocks = stack.clocks_as_told()?.into_iter().collect();
        let workers = Workers::start(project, plan, &users, MIN_TTL)?;
        say::line("soak", format!("{} people, {WORKERS} workers, {} s", users.len(), length.time.as_secs()));
        let (killer, began) = (Killer::new(length.pace), Instant::now());
        let (replaced, crashes, looked) = (Vec::new(), 0, began);
        Ok(Self {
            plan,
            server,
            stack,
            database,
            workers,
            users,
            killer,
            length,
            began,
            replaced,
            clocks,
            crashes,
            looked,
        })
    }

    fn through(mut self) -> Result<Seen> {
        let mut is_swapped = false;
        loop {
            let time = self.began.elapsed();
            let is_enough = self.killer.holders() >= self.length.holders;
            if is_swapped && (time >= self.length.time && is_enough || time >= self.length.time * 3) {
                break;
            }
            self.look_around()?;
            if self.crashes == 0 && time >= self.length.time * 2 / 5 {
                self.crash_the_database()?;
            } else if !is_swapped && time >= self.length.time * 3 / 5 {
                self.swap_clocks()?;
                is_swapped = true;
            } else if self.killer.is_due() {
                self.killer.hunt(self.plan, &mut self.stack, &mut self.database)?;
            } else {
                std::thread::sleep(GLANCE);
            }
        }
        let stuck = self.settle()?;
        self.end(stuck)
    }

    /// Whether everybody is there, and whether somebody is asked to reconnect.
    fn look_around(&mut self) -> Result<()> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.stack.look_after(false)?;
        self.workers.ensure_alive()?;
        let broken = self.database.grants()?.into_iter().find(|row| row.fault.is_some());
        if let Some(row) = broken {
            self.reconnect(row)?;
        }
        self.looked = Instant::now();
        Ok(())
    }

    /// Nobody is killed meanwhile: what becomes of a sign-in whose process dies is another test's question.
    fn reconnect(&mut self, row: Row) -> Result<()> {
        let user = self.users.iter_mut().find(|user| user.name == row.user);
        let user = user.with_context(|| format!("nobody is called {}", row.user))?;
        self.stack.until_ready()?;
        user.connect()?;
        say::line("soak", format!("{} reconnected after `{}`", row.user, row.fault.as_deref().unwrap_or_default()));
        self.replaced.push(row);
        Ok(())
    }

    fn crash_the_database(&mut self) -> Result<()> {
        self.stack.until_ready()?;
        say::line("soak", "PostgreSQL crashes");
        self.server.crash();
        std::thread::sleep(AWAY);
        self.server.start_again().map_err(|error| anyhow!("{error}"))?;
        self.crashes += 1;
        self.stack.look_after(true)?;
        self.killer.hold_off(RECOVERY);
        // The session went with the server.
        let found = (0..100).find_map(|_| {
            let grants = self.database.grants();
            grants.map_err(|_| std::thread::sleep(GLANCE)).ok()
        });
        found.map(drop).context("PostgreSQL does not answer after its crash")
    }

    fn swap_clocks(&mut self) -> Result<()> {
        say::line("soak", "clocks change sides");
        self.stack.clocks = [-WRONG, 0];
        for slot in 0..SERVICES.len() {
            self.stack.restart(slot)?;
            self.stack.until_ready()?;
        }
        self.clocks.extend(self.stack.clocks_as_told()?);
        Ok(())
    }

    /// Waits until what the kills have left behind is put right: each grant is renewed once more. Hands back whose is not.
    fn settle(&mut self) -> Result<Vec<String>> {
        killer::delay_answers(self.plan, 0)?;
        say::line(
            "soak",
            format!("{} holders killed; waiting until every grant is renewed again", self.killer.holders()),
        );
        let (since, before) = (Instant::now(), self.database.grants()?);
        loop {
            self.look_around()?;
            let now = self.database.grants()?;
            let waiting = |row: &&Row| now.iter().any(|then| then.grant == row.grant && then.version == row.version);
            let stuck: Vec<_> = before.iter().filter(waiting).map(|row| row.user.clone()).collect();
            if stuck.is_empty() || since.elapsed() > SETTLE {
                return Ok(stuck);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Ends the workers first, so that nothing is on its way when the grants are read for the last time.
    fn end(mut self, stuck: Vec<String>) -> Result<Seen> {
        let counts = self.workers.finish()?;
        let since = Instant::now();
        let grants = loop {
            let rows = self.database.grants()?;
            if since.elapsed() > RECOVERY || rows.iter().all(|row| row.lease.is_none()) {
                break rows;
            }
            std::thread::sleep(GLANCE);
        };
        self.stack.look_after(false)?;
        let life = TOKEN_LIFE.saturating_sub(MIN_TTL).as_millis();
        Ok(Seen {
            grants: self.replaced.into_iter().chain(grants).collect(),
            kills: self.killer.kills,
            wanted: self.length.holders,
            workers: counts.iter().filter(|count| count.answered > 0).count(),
            count: workers::sum(&counts),
            ended: std::mem::take(&mut self.stack.ended),
            crashes: self.crashes,
            clocks: self.clocks,
            life: u64::try_from(life)?,
            stuck,
        })
    }
}

/// Milliseconds since 1970, by the clock that the database has too.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
