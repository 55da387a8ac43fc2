//! Whose processes these are: PostgreSQL and `PgBouncer` refuse to run as root, so root lends them another account.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use crate::Unavailable;

/// The account that runs the servers; `None` is our own.
pub struct Account(Option<User>);

impl Account {
    /// Ours, or `postgres` or `nobody` when we are root.
    pub fn choose() -> Result<Self, Unavailable> {
        if !geteuid().is_root() {
            return Ok(Self(None));
        }
        let known = ["postgres", "nobody"].into_iter().find_map(|name| User::from_name(name).ok().flatten());
        let lent = known.ok_or_else(|| {
            Unavailable("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`".to_owned())
        })?;
        Ok(Self(Some(lent)))
    }

    /// A command that runs as this account, in a process group of its own: Ctrl-C at the tests does not end it half-way.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.process_group(0).current_dir("/");
        if let Some(user) = &self.0 {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Gives a path to this account.
    pub fn own(&self, path: &Path) -> std::io::Result<()> {
        match &self.0 {
            Some(user) => std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }
}
