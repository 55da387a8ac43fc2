//! The guide's shell and Python blocks: one terminal, in which each block finds what the ones before it have set.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::project::Project;
use crate::run;
use crate::setup::{backend, python};

/// The terminal.
pub struct Terminal<'a> {
    project: &'a Project,
    /// What stands for `target/demo`: the guide's own stack is in the way of nobody's demo.
    stack: PathBuf,
}

impl<'a> Terminal<'a> {
    /// Opens it beside a stack that writes into this folder.
    pub fn open(project: &'a Project, stack: PathBuf) -> Result<Self> {
        fs::write(stack.join("state/variables"), "")?;
        Ok(Self { project, stack })
    }

    /// Runs a block; its standard output, or all that it said when it failed.
    pub fn run(&self, language: &str, text: &str) -> Result<String> {
        let [variables, script, said] = ["variables", "block", "said"].map(|name| self.stack.join("state").join(name));
        fs::write(&script, text.replace("target/demo/", &format!("{}/", self.stack.display())))?;
        let program = match language {
            "sh" => ".".to_owned(),
            "python" => python::WORKFLOW.program(self.project, "python").display().to_string(),
            _ => anyhow::bail!("a block of `{language}` cannot be run"),
        };
        let line = format!(
            "set -euo pipefail; export PATH={tools}:$PATH; . {variables}; set -a; {{ {program} {script}; }} > {said}; \
             export -p > {variables}",
            tools = backend::program(self.project).with_file_name("").display(),
            variables = variables.display(),
            script = script.display(),
            said = said.display(),
        );
        let mut bash = self.project.command("bash");
        bash.args(["-c", &line]).env("NO_PROXY", "127.0.0.1,localhost");
        let (succeeded, heard) = run::aloud(self.project, &mut bash)?;
        let said = fs::read_to_string(&said).context("the block left nothing to read")?;
        ensure!(succeeded, "the block failed: {said}{heard}");
        Ok(said)
    }
}
