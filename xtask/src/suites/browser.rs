//! People's journeys through the page, in a real browser and on a stack of their own.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};

use super::counts::Tally;
use super::node;
use crate::demo::control;
use crate::demo::plan::Plan;
use crate::demo::stack::Stack;
use crate::gallery;
use crate::project::Project;
use crate::setup::chromium;
use crate::setup::python::WORKFLOW;

/// Longer than a journey, so that what is seen does not depend on how fast the machine is.
const TOKEN_LIFE: Duration = Duration::from_mins(5);

/// Journeys, and one file for each criterion of the issue.
const FOLDERS: [&str; 2] = ["tests/browser", "tests/browser/criteria"];

/// The one file that looks at the gallery, which takes a while to draw.
const GALLERY: &str = "axe_gallery.test.mjs";

/// Starts a stack and walks every journey.
pub fn run(project: &Project) -> Result<Tally> {
    run_named(project, "")
}

/// The same with the files whose names contain `name`.
pub fn run_named(project: &Project, name: &str) -> Result<Tally> {
    let browser = chromium::path().context("there is no Chromium; `cargo xtask setup` installs it")?;
    let files = node::files(project, &FOLDERS, name)?;
    if files.iter().any(|file| file.ends_with(GALLERY)) {
        gallery::draw(project)?;
    }
    let plan = Plan::new(project, "e2e", None, TOKEN_LIFE)?;
    let key = plan.control_key.clone();
    let stack = Mutex::new(Stack::start(project, plan)?);
    let tell = |command: &mut Command| {
        if let Ok(stack) = stack.lock() {
            tell(command, project, &stack.plan, &browser);
        }
    };
    let tally = control::while_hearing(&stack, &key, |address| {
        node::tests(project, &files, |command| {
            tell(command);
            command.env("AIQ_E2E_STACK", address.to_string());
        })
    })??;
    stack.into_inner().map_err(|_| anyhow::anyhow!("a thread died while it held the stack"))?.ensure_alive()?;
    Ok(tally)
}

/// Everything a test may have to know; `tests/browser/stack.mjs` reads it.
pub fn tell(command: &mut Command, project: &Project, plan: &Plan, browser: &Path) {
    command
        .env("AIQ_E2E_CHROMIUM", browser)
        .env("AIQ_E2E_URL", plan.public_url())
        .env("AIQ_E2E_REPLICA_URL", plan.replica_url())
        .env("AIQ_E2E_PROVIDER_URL", plan.issuer())
        .env("AIQ_E2E_BROKER_URL", plan.broker_url())
        .env("AIQ_E2E_WORKER_KEY", &plan.worker_key)
        .env("AIQ_E2E_CONTROL_KEY", &plan.control_key)
        .env("AIQ_E2E_SCHEDULER", plan.scheduler_url())
        .env("AIQ_E2E_PYTHON", WORKFLOW.program(project, "python"))
        .env("AIQ_E2E_MCP_PYTHON", crate::setup::python::MCP.program(project, "python"))
        .env("AIQ_E2E_LOGS", plan.folder.join("logs"));
}
