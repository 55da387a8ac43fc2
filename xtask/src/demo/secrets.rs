//! Which secrets a stack uses, written beside its state so that its logs can be searched for the real ones.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use anyhow::{Context, Result};

use super::plan::Plan;

/// What its processes were given.
pub const GIVEN: &str = "secrets-given";
/// What its provider gave out and saw.
pub const ISSUED: &str = "secrets-issued";

/// Notes what a process is given in its environment: every variable that is called a secret or a key.
pub fn note(plan: &Plan, command: &Command) -> Result<()> {
    let mut lines = String::new();
    for (name, value) in command.get_envs() {
        let (name, value) = (name.to_string_lossy(), value.unwrap_or_default().to_string_lossy());
        if ["_SECRET", "_KEY", "_TOKEN", "_PASSWORD"].iter().any(|end| name.ends_with(end)) {
            lines.extend([name.to_lowercase().as_str(), " ", &value, "\n"]);
        }
    }
    let path = plan.state(GIVEN);
    let file = File::options().create(true).append(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(lines.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
