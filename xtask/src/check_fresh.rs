//! `cargo xtask check-fresh`: what a stranger sees who clones this and runs the README's two commands.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::project::Project;
use crate::{run, say};

/// One of the two commands.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// `cargo xtask demo --check`.
    Demo,
    /// `cargo xtask test`.
    Test,
}

/// Clones what is committed, and runs the commands with an empty home, cargo home and target.
pub fn run(only: Option<Only>) -> Result<()> {
    let project = Project::find()?;
    let fresh = tempfile::tempdir()?;
    let clone = fresh.path().join("clone");
    say::line("fresh", "cloning what is committed into an empty place, with an empty home and an empty cargo home");
    let mut git = project.command("git");
    run::quietly(
        &project,
        "fresh clone",
        git.args(["clone", "--quiet", "--no-hardlinks"]).arg(&project.root).arg(&clone),
    )?;

    let mut times = Vec::new();
    for (which, arguments) in [(Only::Demo, &["demo", "--check"] as &[&str]), (Only::Test, &["test"])] {
        if only.is_some_and(|only| only != which) {
            continue;
        }
        let said = format!("cargo xtask {}", arguments.join(" "));
        say::line("fresh", &said);
        let since = Instant::now();
        let (succeeded, _) = run::aloud(&project, stranger(fresh.path(), &clone)?.args(arguments))?;
        times.push(format!("`{said}` took {}", say::seconds(since.elapsed())));
        if !succeeded {
            bail!("`{said}` fails on a fresh clone, after {}", say::seconds(since.elapsed()));
        }
    }
    for time in times {
        say::line("fresh", time);
    }
    Ok(())
}

/// `cargo xtask` as somebody runs it who has nothing but the toolchain.
fn stranger(fresh: &Path, clone: &Path) -> Result<Command> {
    let rustup = match std::env::var_os("RUSTUP_HOME") {
        Some(named) => named.into(),
        None => Path::new(&std::env::var_os("HOME").context("HOME is not set")?).join(".rustup"),
    };
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        // What cargo and rustup told this program is about this checkout.
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO") || name.starts_with("XDG_") || name == "RUSTUP_TOOLCHAIN" {
            command.env_remove(name);
        }
    }
    command
        .current_dir(clone)
        .env("HOME", fresh.join("home"))
        .env("CARGO_HOME", fresh.join("cargo"))
        .env("RUSTUP_HOME", rustup)
        .arg("xtask");
    std::fs::create_dir_all(fresh.join("home"))?;
    Ok(command)
}
