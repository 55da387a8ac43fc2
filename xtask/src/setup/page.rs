//! The page: `trunk build`, when something it is made of has changed.

use anyhow::{Context, Result};

use super::wasm_std::TARGET;
use crate::project::Project;
use crate::{cache, run, say};

/// Everything that the page is made of.
const INPUTS: [&str; 8] = [
    "frontend",
    "shared",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
];

/// Makes sure that `dist/` is the page of these sources.
pub fn ready(project: &Project) -> Result<()> {
    let inputs: Vec<_> = INPUTS.iter().map(|input| project.root.join(input)).collect();
    let mark = cache::fingerprint(&inputs)?;
    if !project.root.join("dist/index.html").is_file() {
        std::fs::remove_file(stamp(project)).ok();
    }
    cache::stamped(&stamp(project), &project.lock_file("page"), &mark, || build(project))
}

fn stamp(project: &Project) -> std::path::PathBuf {
    project.target.join("xtask/page/stamp")
}

fn build(project: &Project) -> Result<()> {
    let begun = say::begin("set-up", "the page", "building it, because its sources changed or it was never built");
    // trunk is told not to use the network, because it would fetch tools of its own; so cargo fetches first.
    let mut fetch = project.command("cargo");
    run::quietly(project, "page fetch", fetch.args(["fetch", "--locked", "--target", TARGET]))?;
    let mut trunk = project.command("trunk");
    // trunk takes any value of NO_COLOR but these two for an error.
    trunk.env("NO_COLOR", "true").args(["build", "--offline", "--locked"]);
    run::quietly(project, "page build", &mut trunk).context("the page could not be built")?;
    begun.done();
    Ok(())
}
