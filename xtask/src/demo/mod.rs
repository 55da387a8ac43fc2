//! `cargo xtask demo`: the whole system on this machine, with people to sign in as.

pub mod control;
mod environment;
pub mod plan;
pub mod ports;
pub mod secrets;
pub mod service;
pub mod stack;
pub mod table;

use std::time::Duration;

use anyhow::Result;

use self::plan::Plan;
use self::stack::Stack;
use crate::project::Project;
use crate::say;
use crate::setup::{self, Purpose};

pub use self::table::WORKERS;

/// Long enough to read an answer, short enough that a few questions see a renewal.
pub const TOKEN_LIFE: Duration = Duration::from_mins(1);

/// Starts everything, says where it is, and ends it all on Ctrl-C.
pub fn run(port: u16) -> Result<()> {
    let project = Project::find()?;
    // Before minutes of building, rather than after.
    ports::ensure_free(port)?;
    setup::ready(&project, Purpose::Demo)?;
    let plan = Plan::new(&project, "demo", Some(port), TOKEN_LIFE)?;
    let mut stack = Stack::start(&project, plan)?;
    say::line(
        "demo",
        format!(
            "open {} and sign in as alice or bob, with any password. Ctrl-C ends everything; logs: {}",
            stack.plan.public_url(),
            stack.plan.folder.join("logs").display()
        ),
    );
    stack.watch();
    say::line("demo", "ending all processes");
    Ok(())
}
