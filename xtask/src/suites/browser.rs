//! People's journeys through the page, in a real browser and on a stack of their own.

use std::time::Duration;

use anyhow::{Context, Result};

use super::counts::Tally;
use super::node;
use crate::demo::plan::Plan;
use crate::demo::stack::Stack;
use crate::gallery;
use crate::project::Project;
use crate::setup::chromium;

/// Longer than a journey, so that what is seen does not depend on how fast the machine is.
const TOKEN_LIFE: Duration = Duration::from_mins(5);

/// Starts a stack and walks every journey.
pub fn run(project: &Project) -> Result<Tally> {
    let browser = chromium::path().context("there is no Chromium; `cargo xtask setup` installs it")?;
    gallery::draw(project)?;
    let plan = Plan::new(project, "e2e", None, TOKEN_LIFE)?;
    let mut stack = Stack::start(project, plan)?;
    let tally = node::tests_in(project, "tests/browser", |command| {
        command.env("AIQ_E2E_URL", stack.plan.public_url()).env("AIQ_E2E_CHROMIUM", browser);
    })?;
    stack.ensure_alive()?;
    Ok(tally)
}
