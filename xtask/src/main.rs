//! How AIQ Connect is built, started and tested: `cargo xtask <verb>`.

mod cache;
mod group;
mod guard;
mod project;
mod run;
mod say;
mod setup;

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
        Verb::Setup { page: true } => setup::page_tools(&Project::find()?)?,
        Verb::Setup { page: false } => setup::ready(&Project::find()?, setup::Purpose::Tests)?,
    }
    Ok(ExitCode::SUCCESS)
}
