//! How AIQ Connect is built, started and tested: `cargo xtask <verb>`.

mod bench;
mod cache;
mod check;
mod check_fresh;
mod demo;
mod gallery;
mod group;
mod guard;
mod project;
mod run;
mod say;
mod setup;
mod soak;
mod suites;
mod web;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Builds, starts and tests AIQ Connect.")]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install and build everything that the other verbs need (they do it by themselves).
    Setup {
        /// Only what compiles and bundles the page.
        #[arg(long)]
        page: bool,
        /// Also what benchmarks measure against.
        #[arg(long, conflicts_with = "page")]
        bench: bool,
    },
    /// Start everything on this machine, with people to sign in as.
    Demo {
        /// Start it on free ports, let two people use it over HTTP, and fail unless everything holds.
        #[arg(long)]
        check: bool,
        /// Where the page is served.
        #[arg(long, default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "check")]
        port: u16,
    },
    /// Run every test there is.
    Test {
        /// Only the suite of this name, on what earlier suites built and left behind.
        #[arg(long, value_name = "SUITE")]
        only: Option<String>,
    },
    /// Run the browser's tests alone.
    E2e {
        /// Only the files whose names contain this, such as `criterion-3`; `criterion-7` walks the guide.
        #[arg(default_value = "")]
        name: String,
    },
    /// Write `docs/words.md`, the list of every word people read, anew.
    Words,
    /// Photograph every page and state into `docs/screens`.
    Screens,
    /// Walk the guide alone, on a stack of its own.
    Guide,
    /// Measure the service's speed beside what it is compared with.
    Bench,
    /// Kill whoever refreshes, again and again, and see that no grant is lost.
    Soak {
        /// For how long there is killing; what that leaves behind is waited for after it.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
    },
    /// Clone what is committed into an empty place and run `demo --check` and `test` there, with an empty home.
    CheckFresh {
        /// Only one of the two.
        #[arg(long)]
        only: Option<check_fresh::Only>,
    },
    /// Ends what this program leaves behind; started by itself only.
    #[command(name = guard::VERB, hide = true)]
    Guard,
}

fn main() -> ExitCode {
    match perform(&Line::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: &Verb) -> Result<ExitCode> {
    match verb {
        Verb::Guard => guard::keep_watch(),
        Verb::Demo { check: true, .. } => check::verb()?,
        Verb::Demo { check: false, port } => demo::run(*port)?,
        Verb::Test { only: None } => suites::run()?,
        Verb::Test { only: Some(suite) } => suites::run_only(suite)?,
        Verb::E2e { name } => suites::run_browser(name)?,
        Verb::Bench => bench::verb()?,
        Verb::Words => gallery::words()?,
        Verb::Screens => gallery::screens()?,
        Verb::Soak { minutes } => soak::verb(*minutes)?,
        Verb::Guide => suites::run_guide()?,
        Verb::CheckFresh { only } => check_fresh::run(*only)?,
        Verb::Setup { page: true, .. } => setup::page_tools(&Project::find()?)?,
        Verb::Setup { bench: true, .. } => setup::ready(&Project::find()?, setup::Purpose::Benchmarks)?,
        Verb::Setup { .. } => setup::ready(&Project::find()?, setup::Purpose::Tests)?,
    }
    Ok(ExitCode::SUCCESS)
}
