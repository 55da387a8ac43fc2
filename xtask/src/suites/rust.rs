//! What cargo checks.

use anyhow::Result;

use super::counts::{self, Tally};
use crate::project::Project;
use crate::run;
use crate::setup::wasm_std::TARGET;

/// `cargo fmt --check`.
pub fn formatting(project: &Project) -> Result<Tally> {
    whole(project, &["fmt", "--all", "--check"])
}

/// Clippy on everything that runs on this machine.
pub fn clippy(project: &Project) -> Result<Tally> {
    whole(project, &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

/// Clippy on the page as it is compiled for browsers: what only exists there is not seen otherwise.
pub fn clippy_of_the_page(project: &Project) -> Result<Tally> {
    whole(project, &["clippy", "--locked", "-p", "aiq-connect-frontend", "--target", TARGET, "--", "-D", "warnings"])
}

/// Every test but those in documentation.
pub fn tests(project: &Project) -> Result<Tally> {
    let all = ["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"];
    let (succeeded, said) = run::aloud(project, project.command("cargo").args(all))?;
    Ok(counts::cargo(&said).checked(succeeded))
}

/// The examples in documentation.
pub fn documentation(project: &Project) -> Result<Tally> {
    let all = ["test", "--locked", "--workspace", "--doc", "--no-fail-fast"];
    let (succeeded, said) = run::aloud(project, project.command("cargo").args(all))?;
    let tally = counts::cargo(&said);
    // A workspace without examples is no failure.
    Ok(if succeeded { tally } else { tally.checked(false) })
}

fn whole(project: &Project, arguments: &[&str]) -> Result<Tally> {
    let (succeeded, _) = run::aloud(project, project.command("cargo").args(arguments))?;
    Ok(Tally::of(succeeded))
}
