//! The process that ends what is left when `xtask` itself was killed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A group of two: a shell that ignores being asked, and what it waits for.
fn stubborn_group() -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' TERM; sleep 60 & wait; sleep 60"]).process_group(0).stdin(Stdio::null());
    shell.spawn().unwrap()
}

fn guard() -> Child {
    Command::new(env!("CARGO_BIN_EXE_xtask")).arg("guard").stdin(Stdio::piped()).spawn().unwrap()
}

fn ends_within(child: &mut Child, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn a_group_ends_when_the_pipe_to_its_guard_does() {
    let (mut group, mut guard) = (stubborn_group(), guard());
    let mut pipe = guard.stdin.take().unwrap();
    writeln!(pipe, "+{}", group.id()).unwrap();
    assert!(group.try_wait().unwrap().is_none(), "nothing happens while the pipe is open");

    drop(pipe);
    assert!(ends_within(&mut group, Duration::from_secs(15)), "it is killed when asking does not help");
    assert!(guard.wait().unwrap().success());
}

#[test]
fn a_group_that_was_forgotten_is_left_alone() {
    let (mut group, mut guard) = (stubborn_group(), guard());
    let mut pipe = guard.stdin.take().unwrap();
    write!(pipe, "+{0}\n-{0}\n", group.id()).unwrap();
    drop(pipe);
    assert!(guard.wait().unwrap().success());
    assert!(group.try_wait().unwrap().is_none());

    let id = nix::unistd::Pid::from_raw(i32::try_from(group.id()).unwrap());
    nix::sys::signal::killpg(id, nix::sys::signal::Signal::SIGKILL).unwrap();
    group.wait().unwrap();
}
