//! Ends servers whose test process is gone, however it went.
//!
//! A shell holds the reading end of a pipe whose writing end only this process has. The kernel closes that one when the
//! process ends, even by SIGKILL; then the shell ends what the pid file names and removes the folder. (A signal at the
//! parent's death would come too early: it is sent when the *thread* that started the server ends, and tests are threads.)

use std::path::Path;
use std::process::{Child, Command, Stdio};

use std::os::unix::process::CommandExt;

/// `$1`: the pid file; `$2`: the folder.
const SCRIPT: &str = r#"
read -r _
pid=$(head -n 1 "$1" 2>/dev/null) && [ -n "$pid" ] && {
    for frozen in $(cat "/proc/$pid/task/$pid/children") "$pid"; do kill -s CONT "$frozen"; done
    kill -s QUIT "$pid"
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 "$pid" || break; sleep 0.2; done
    kill -s KILL "$pid"
}
rm -rf "$2"
"#;

/// Watches one server; dropped, it ends the server if that still runs, and removes its folder.
pub struct Watchdog(Child);

impl Watchdog {
    /// Starts watching the server whose process id will stand in `pid_file`.
    pub fn watch(pid_file: &Path, folder: &Path) -> std::io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "watchdog"]).arg(pid_file).arg(folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self(shell.process_group(0).current_dir("/").spawn()?))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // What it could not end or remove, nobody can.
        let _ = self.0.wait();
    }
}
