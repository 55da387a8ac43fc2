//! Process groups: every program is started as the leader of one, and ended together with whatever it started.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::project::Project;

const GLANCE: Duration = Duration::from_millis(20);

/// A program with everything it started. Dropping it ends all of that.
pub struct Group<'a> {
    project: &'a Project,
    leader: Child,
    id: Pid,
    ended: bool,
}

impl<'a> Group<'a> {
    /// Starts the program as the leader of a new group that the guard knows.
    pub fn spawn(project: &'a Project, command: &mut Command) -> Result<Self> {
        let leader = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let id = Pid::from_raw(i32::try_from(leader.id())?);
        let group = Self { project, leader, id, ended: false };
        project.guard.watch(id)?;
        Ok(group)
    }

    /// The leader's process id.
    pub fn id(&self) -> u32 {
        self.leader.id()
    }

    /// The leader, for its pipes.
    pub fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// How the leader ended, or `None` while it runs.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        Ok(self.leader.try_wait()?)
    }

    /// Waits for the leader; Ctrl-C ends the group and is an error.
    pub fn wait(mut self) -> Result<std::process::ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                self.stop(Duration::ZERO);
                return Ok(status);
            }
            self.project.go_on()?;
            sleep(GLANCE);
        }
    }

    /// Asks the group to end; what is still there after `grace` is killed.
    pub fn stop(&mut self, grace: Duration) {
        if self.ended {
            return;
        }
        self.ended = true;
        killpg(self.id, Signal::SIGTERM).ok();
        let deadline = Instant::now() + grace;
        while self.is_alive() && Instant::now() < deadline {
            sleep(GLANCE);
        }
        killpg(self.id, Signal::SIGKILL).ok();
        self.leader.wait().ok();
        self.project.guard.forget(self.id);
    }

    /// Asks without waiting, so that several groups end side by side.
    pub fn ask_to_end(&self) {
        if !self.ended {
            killpg(self.id, Signal::SIGTERM).ok();
        }
    }

    fn is_alive(&mut self) -> bool {
        // Reaps the leader: a zombie would count as a living member of its group.
        self.leader.try_wait().ok();
        killpg(self.id, None).is_ok()
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        self.stop(Duration::from_secs(3));
    }
}

/// Ends groups that are not our own children.
pub fn end_all(groups: &[Pid], grace: Duration) {
    for group in groups {
        killpg(*group, Signal::SIGTERM).ok();
    }
    let deadline = Instant::now() + grace;
    while groups.iter().any(|group| killpg(*group, None).is_ok()) && Instant::now() < deadline {
        sleep(GLANCE);
    }
    for group in groups {
        killpg(*group, Signal::SIGKILL).ok();
    }
}
