//! Running one program to its end: quietly into a log, or heard by everybody.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::project::Project;

const TAIL_LINES: usize = 30;

/// Runs a program whose output only matters when it fails: then the end of it is part of the error.
pub fn quietly(project: &Project, name: &str, command: &mut Command) -> Result<()> {
    let log = project.target.join("xtask").join(format!("{}.log", name.replace([' ', '/'], "-")));
    fs::create_dir_all(log.parent().unwrap_or(&project.target))?;
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let said = shown(command);
    let status = Group::spawn(project, command)?.wait()?;
    if !status.success() {
        bail!("`{said}` ended with {status}; the end of {}:\n{}", log.display(), tail(&log));
    }
    Ok(())
}

/// Runs a program and hands back its standard output, trimmed; `None` when it failed.
pub fn answer(project: &Project, command: &mut Command) -> Result<Option<String>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut group = Group::spawn(project, command)?;
    let mut text = String::new();
    if let Some(mut pipe) = group.leader().stdout.take() {
        pipe.read_to_string(&mut text)?;
    }
    let status = group.wait()?;
    Ok(status.success().then(|| text.trim().to_owned()))
}

/// Runs a program for everybody to hear; hands back whether it succeeded and what it said.
pub fn aloud(project: &Project, command: &mut Command) -> Result<(bool, String)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::spawn(project, command)?;
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        group.leader().stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        group.leader().stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    let heard = Mutex::new(String::new());
    let status = std::thread::scope(|scope| {
        for pipe in pipes.into_iter().flatten() {
            scope.spawn(|| pass_on(pipe, &heard));
        }
        group.wait()
    })?;
    let heard = heard.into_inner().map_err(|_| anyhow::anyhow!("a thread died while it listened"))?;
    keep(project, &heard)?;
    Ok((status.success(), heard))
}

/// What was heard stays to be searched.
fn keep(project: &Project, heard: &str) -> Result<()> {
    let log = project.heard();
    fs::create_dir_all(log.parent().unwrap_or(&project.target))?;
    File::options().create(true).append(true).open(&log)?.write_all(heard.as_bytes())?;
    Ok(())
}

fn pass_on(pipe: impl Read, heard: &Mutex<String>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        // A closed terminal is no reason to stop.
        std::io::stdout().write_all(text.as_bytes()).ok();
        if let Ok(mut heard) = heard.lock() {
            heard.push_str(&text);
        }
        line.clear();
    }
}

/// The last lines of a log, indented.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL_LINES);
    format!("    {}\n", lines[from..].join("\n    "))
}

fn shown(command: &Command) -> String {
    let mut said = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        said.push(' ');
        said.push_str(&argument.to_string_lossy());
    }
    said
}
