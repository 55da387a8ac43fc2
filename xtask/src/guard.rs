//! No process is left behind, whatever happens to this one.
//!
//! The guard is a second copy of this program in a process group of its own. It learns by a pipe which groups are alive;
//! when the pipe ends, because we ended in order, panicked or were killed, it ends the groups that are left.

use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::unistd::Pid;

use crate::group;

/// The verb under which this program runs as the guard.
pub const VERB: &str = "guard";

/// Our end of the pipe; the process is started with the first child it has to know.
#[derive(Default)]
pub struct Guard {
    process: Mutex<Option<Child>>,
}

impl Guard {
    /// From now on this group ends when we do.
    pub fn watch(&self, group: Pid) -> Result<()> {
        self.tell(&format!("+{group}"))
    }

    /// This group has ended; its number may soon belong to somebody else.
    pub fn forget(&self, group: Pid) {
        // A guard that is gone has nothing to forget.
        self.tell(&format!("-{group}")).ok();
    }

    fn tell(&self, word: &str) -> Result<()> {
        let mut process =
            self.process.lock().map_err(|_| anyhow::anyhow!("a thread died while it spoke to the guard"))?;
        if process.is_none() {
            *process = Some(start()?);
        }
        let pipe = process.as_mut().and_then(|guard| guard.stdin.as_mut()).context("the guard has no pipe")?;
        writeln!(pipe, "{word}").context("the guard process is gone")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Ok(process) = self.process.get_mut() else { return };
        if let Some(mut guard) = process.take() {
            drop(guard.stdin.take());
            guard.wait().ok();
        }
    }
}

fn start() -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg(VERB)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .context("cannot start the guard process")
}

/// The guard itself: reads until the pipe ends, then ends what is left.
pub fn keep_watch() {
    let mut groups = Vec::new();
    for word in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
        let Some((sign, number)) = word.split_at_checked(1) else { continue };
        let Ok(number) = number.parse() else { continue };
        let group = Pid::from_raw(number);
        groups.retain(|known| *known != group);
        if sign == "+" {
            groups.push(group);
        }
    }
    group::end_all(&groups, Duration::from_secs(5));
}
