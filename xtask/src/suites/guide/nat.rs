//! What the guide shows as NAT's own file has to be one to NAT.

use std::path::Path;

use anyhow::{Context, Result};

use super::blocks::Block;
use super::configurations::{self, ENVIRONMENT};
use crate::check::expectations::Expectations;
use crate::project::Project;
use crate::run;
use crate::setup::python;

const FILE: &str = "nat.yml";
const LOG: &str = "loading.log";
const LOADED: &str = "NAT takes ";

/// Loads every file that it is given as `nat serve` does.
const LOAD: &str = "import sys; from nat.runtime.loader import load_config\n\
                    for path in sys.argv[1:]:\n  load_config(path)\n  print('NAT takes ' + path)";

/// Has NAT load the `nat.yml` of every configuration.
pub fn takes_every_file(project: &Project, folder: &Path, blocks: &[&Block], expect: &mut Expectations) -> Result<()> {
    let mut names = Vec::new();
    for (name, files) in configurations::all(blocks.iter().copied()) {
        if files.contains_key(FILE) {
            let inside = folder.join(&name);
            std::fs::create_dir_all(&inside)?;
            configurations::lay_out(&inside, &files)
                .with_context(|| format!("cannot write into {}", inside.display()))?;
            names.push(name);
        }
    }
    let paths: Vec<_> = names.iter().map(|name| format!("{name}/{FILE}")).collect();
    let variables: Vec<_> = names.iter().map(|name| format!(". {name}/{ENVIRONMENT}")).collect();
    let script = format!("set -eu; cd $1; {}; exec $2 -c \"$3\" {} 2> {LOG}", variables.join("; "), paths.join(" "));
    let mut bash = project.command("bash");
    bash.args(["-c", &script, "guide"]).arg(folder).arg(python::WORKFLOW.program(project, "python")).arg(LOAD);
    // One that NAT refuses ends the program, and those after it do not hold either. Its warnings are nobody's news.
    let (_, said) = run::aloud(project, &mut bash)?;
    for path in paths {
        let sentence = format!("{LOADED}{path}");
        expect.that(&sentence, said.lines().any(|line| line == sentence), || run::tail(&folder.join(LOG)));
    }
    Ok(())
}
