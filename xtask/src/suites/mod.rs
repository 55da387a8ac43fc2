//! `cargo xtask test`: every suite there is, the cheap ones first, with one count at the end.

pub mod browser;
mod counts;
mod guide;
mod logs;
mod node;
mod python;
mod rust;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

pub use self::counts::Tally;
use crate::project::Project;
use crate::setup::{self, Purpose};
use crate::{check, say, soak};

type Suite = (&'static str, fn(&Project) -> Result<Tally>);

const SUITES: [Suite; 14] = [
    ("formatting", rust::formatting),
    ("set-up", set_up),
    ("clippy", rust::clippy),
    ("clippy of the page", rust::clippy_of_the_page),
    ("rust", rust::tests),
    ("rust documentation", rust::documentation),
    ("python lints", python::lints),
    ("python", python::tests),
    ("provider", node::provider),
    ("stack", check::run),
    ("guide", guide::run),
    ("browser", browser::run),
    ("soak", soak::short),
    // The last: it searches what all the others left behind.
    ("logs", logs::run),
];

/// What one suite came to.
struct Outcome {
    suite: &'static str,
    tally: Tally,
    time: Duration,
}

/// Runs all suites; fails unless every test of every suite passed.
pub fn run() -> Result<()> {
    let project = Project::find()?;
    logs::forget(&project)?;
    let mut outcomes = Vec::new();
    for (suite, run) in SUITES {
        println!();
        say::line("suite", suite);
        let since = Instant::now();
        let tally = run(&project).unwrap_or_else(|error| {
            // A suite that cannot run has failed.
            println!("{suite}: {error:#}");
            Tally::FAILED
        });
        project.go_on()?;
        outcomes.push(Outcome { suite, tally, time: since.elapsed() });
    }
    report(&outcomes)
}

/// Runs one suite alone.
pub fn run_only(name: &str) -> Result<()> {
    let project = Project::find()?;
    let Some((suite, run)) = SUITES.into_iter().find(|(suite, _)| *suite == name) else {
        let names = SUITES.map(|(suite, _)| suite).join(", ");
        bail!("no suite is called `{name}`; there are: {names}");
    };
    let since = Instant::now();
    let tally = run(&project)?;
    report(&[Outcome { suite, tally, time: since.elapsed() }])
}

/// The seventh criterion is a page, and walking it needs no browser.
const CRITERION_OF_THE_GUIDE: &str = "criterion-7";

/// Runs the browser's suite alone, or those of its files whose names contain `name`.
pub fn run_browser(name: &str) -> Result<()> {
    if name == CRITERION_OF_THE_GUIDE {
        return run_guide();
    }
    run_alone("browser", |project| browser::run_named(project, name))
}

/// Walks the guide alone.
pub fn run_guide() -> Result<()> {
    run_alone("guide", guide::run)
}

fn run_alone(suite: &'static str, run: impl FnOnce(&Project) -> Result<Tally>) -> Result<()> {
    let project = Project::find()?;
    setup::ready(&project, Purpose::Tests)?;
    let since = Instant::now();
    let tally = run(&project)?;
    report(&[Outcome { suite, tally, time: since.elapsed() }])
}

fn set_up(project: &Project) -> Result<Tally> {
    setup::ready(project, Purpose::Tests)?;
    Ok(Tally::default())
}

fn report(outcomes: &[Outcome]) -> Result<()> {
    println!("\n{:<20} {:>7} {:>7} {:>8}", "suite", "passed", "failed", "seconds");
    for Outcome { suite, tally, time } in outcomes {
        println!("{suite:<20} {:>7} {:>7} {:>8.1}", tally.passed, tally.failed, time.as_secs_f32());
    }
    let sum: Tally = outcomes.iter().map(|outcome| outcome.tally).sum();
    println!("\n{} passed, {} failed", sum.passed, sum.failed);
    if sum.failed > 0 {
        bail!("not everything passed");
    }
    Ok(())
}
