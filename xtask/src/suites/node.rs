//! Suites of Node's own test runner.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::counts::{self, Tally};
use crate::project::Project;
use crate::run;

/// The demo's authorization server.
pub fn provider(project: &Project) -> Result<Tally> {
    tests(project, &files(project, &["demo/provider/test"], "")?, |_| {})
}

/// Runs these files, with an environment of the caller's choice.
pub fn tests(project: &Project, files: &[PathBuf], prepare: impl FnOnce(&mut Command)) -> Result<Tally> {
    let mut command = project.command("node");
    // One file after the other: they share processes and a display of progress.
    command.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(files);
    prepare(&mut command);
    let (succeeded, said) = run::aloud(project, &mut command)?;
    Ok(counts::node(&said).checked(succeeded))
}

/// Every `*.test.mjs` of these folders whose name contains `name`, one folder after the other.
///
/// Named one by one, because what Node makes of a folder or a pattern differs between its versions.
pub fn files(project: &Project, folders: &[&str], name: &str) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for folder in folders {
        let folder = project.root.join(folder);
        let entries = std::fs::read_dir(&folder).with_context(|| format!("{} is not there", folder.display()))?;
        let is_wanted = |path: &PathBuf| {
            let file = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            file.strip_suffix(".test.mjs").is_some_and(|stem| stem.contains(name))
        };
        let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_wanted).collect();
        files.sort();
        all.append(&mut files);
    }
    anyhow::ensure!(!all.is_empty(), "no {name}*.test.mjs is in {}", folders.join(", "));
    Ok(all)
}
