//! The service itself.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{run, say};

/// Below this cargo found nothing to do.
const NOTEWORTHY: Duration = Duration::from_secs(2);

/// The built program.
pub fn program(project: &Project) -> PathBuf {
    project.target.join("debug/aiq-connect")
}

/// Makes sure that the program is the one of these sources.
pub fn ready(project: &Project) -> Result<()> {
    let since = Instant::now();
    if !program(project).is_file() {
        say::line("set-up", "the service: building it, because it was never built here");
    }
    // On its own, so that no other crate's features are compiled into it.
    let mut cargo = project.command("cargo");
    run::quietly(project, "backend build", cargo.args(["build", "--locked", "--package", "aiq-connect"]))
        .context("the service could not be built")?;
    if since.elapsed() > NOTEWORTHY {
        say::line("set-up", format!("the service: built in {}", say::seconds(since.elapsed())));
    }
    Ok(())
}
