//! What is checked of the Python package and of the demo's own Python.

use std::process::Command;

use anyhow::Result;

use super::counts::{self, Tally};
use crate::project::Project;
use crate::run;
use crate::setup::python::{Environment, MCP, WORKER, WORKFLOW};

/// ruff and mypy, as `worker/pyproject.toml` configures them.
pub fn lints(project: &Project) -> Result<Tally> {
    let mut sum = Vec::new();
    for arguments in [&["ruff", "check", "."] as &[&str], &["ruff", "format", "--check", "."], &["mypy"]] {
        let mut command = module(project, &WORKER, arguments);
        sum.push(Tally::of(run::aloud(project, &mut command)?.0));
    }
    Ok(sum.into_iter().sum())
}

/// pytest, in every project that has tests.
pub fn tests(project: &Project) -> Result<Tally> {
    let mut sum = Vec::new();
    for environment in [&WORKER, &WORKFLOW, &MCP] {
        if project.root.join(environment.folder).join("tests").is_dir() {
            let (succeeded, said) = run::aloud(project, &mut module(project, environment, &["pytest", "-q"]))?;
            sum.push(counts::pytest(&said).checked(succeeded));
        }
    }
    Ok(sum.into_iter().sum::<Tally>().checked(true))
}

fn module(project: &Project, environment: &Environment, arguments: &[&str]) -> Command {
    let mut command = project.command(environment.program(project, "python"));
    command.current_dir(project.root.join(environment.folder)).arg("-m").args(arguments);
    command
}
