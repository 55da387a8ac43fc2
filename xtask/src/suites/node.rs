//! Suites of Node's own test runner.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::counts::{self, Tally};
use crate::project::Project;
use crate::run;

/// The demo's authorization server.
pub fn provider(project: &Project) -> Result<Tally> {
    tests_in(project, "demo/provider/test", |_| {})
}

/// Runs every `*.test.mjs` of a folder, with an environment of the caller's choice.
pub fn tests_in(project: &Project, folder: &str, prepare: impl FnOnce(&mut Command)) -> Result<Tally> {
    let mut command = project.command("node");
    // One file after the other: they share processes and a display of progress.
    command.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(files(&project.root.join(folder))?);
    prepare(&mut command);
    let (succeeded, said) = run::aloud(project, &mut command)?;
    Ok(counts::node(&said).checked(succeeded))
}

/// Named one by one, because what Node makes of a folder or a pattern differs between its versions.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} is not there", folder.display()))?;
    let is_test =
        |path: &PathBuf| path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(".test.mjs"));
    let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_test).collect();
    files.sort();
    anyhow::ensure!(!files.is_empty(), "{} holds no *.test.mjs", folder.display());
    Ok(files)
}
