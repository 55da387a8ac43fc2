//! The worker processes, which ask without pause, and what they count.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::people::User;
use super::stack::{SERVICES, worker_environment};
use crate::check::person::SOURCE;
use crate::demo::plan::Plan;
use crate::demo::secrets;
use crate::group::Group;
use crate::project::Project;
use crate::run;
use crate::setup::python::WORKER;

/// How many processes.
pub const WORKERS: usize = 8;

/// Longer than a question can take.
const GRACE: Duration = Duration::from_secs(45);

/// What workers have counted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Count {
    /// Questions that were answered with a token.
    pub answered: u64,
    /// Times that a token was another than the one before.
    pub tokens: u64,
    /// The longest that an answer took, in seconds.
    pub slowest: f64,
    /// Tokens whose time was over when they were asked for.
    pub over: u64,
    /// Other failures, as `transient idp_unreachable`.
    pub errors: BTreeMap<String, u64>,
    /// Being told that a person has to connect again, as `alice revoked`.
    pub refusals: BTreeMap<String, u64>,
}

/// All workers.
pub struct Workers<'a>(Vec<(Group<'a>, PathBuf)>);

impl<'a> Workers<'a> {
    /// Starts them, half of them at each service.
    pub fn start(project: &'a Project, plan: &Plan, users: &[User], min_ttl: Duration) -> Result<Self> {
        let jobs: Vec<Value> =
            users.iter().map(|user| json!({ "user": user.name, "server": SOURCE, "job": user.job })).collect();
        let mut all = Vec::new();
        for number in 0..WORKERS {
            let log = plan.log(&format!("worker-{number}"));
            let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
            // They would take every core there is, from those that are tested.
            let mut command = project.command("nice");
            command
                .args(["-n", "10"])
                .arg(WORKER.program(project, "python"))
                .arg("tests/soak/worker.py")
                .envs(worker_environment(plan, number % SERVICES.len()))
                .env("PYTHONUNBUFFERED", "1")
                .env("SOAK_MIN_TTL_SECONDS", min_ttl.as_secs().to_string())
                .env("SOAK_JOBS", Value::from(jobs.clone()).to_string());
            secrets::note(plan, &command)?;
            let command = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
            all.push((Group::spawn(project, command)?, log));
        }
        Ok(Self(all))
    }

    /// Fails when one has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        for (number, (group, log)) in self.0.iter_mut().enumerate() {
            if let Some(status) = group.ended()? {
                bail!("worker {number} ended ({status}):\n{}", run::tail(log));
            }
        }
        Ok(())
    }

    /// What each has counted so far; `None` for one that has not said anything yet.
    pub fn counts(&self) -> Vec<Option<Count>> {
        self.0.iter().map(|(_, log)| last_count(&std::fs::read_to_string(log).ok()?)).collect()
    }

    /// Ends them, and hands back what each has counted.
    pub fn finish(mut self) -> Result<Vec<Count>> {
        for (group, _) in &self.0 {
            group.ask_to_end();
        }
        for (group, _) in &mut self.0 {
            group.stop(GRACE);
        }
        let counts: Option<Vec<_>> = self.counts().into_iter().collect();
        counts.context("a worker has not said what it counted")
    }
}

/// The last line that is a count: the one before may be of a second ago.
fn last_count(log: &str) -> Option<Count> {
    log.lines().rev().find_map(|line| serde_json::from_str(line).ok())
}

/// All counts as one.
pub fn sum(counts: &[Count]) -> Count {
    let mut sum = Count::default();
    for count in counts {
        sum.answered += count.answered;
        sum.tokens += count.tokens;
        sum.slowest = sum.slowest.max(count.slowest);
        sum.over += count.over;
        for (all, own) in [(&mut sum.errors, &count.errors), (&mut sum.refusals, &count.refusals)] {
            for (kind, number) in own {
                *all.entry(kind.clone()).or_default() += number;
            }
        }
    }
    sum
}
