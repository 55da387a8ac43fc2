//! Every component in every state, as the page's own tests draw it: `cargo xtask words` and `cargo xtask screens`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::demo::plan::Plan;
use crate::demo::stack::Stack;
use crate::project::Project;
use crate::setup::{self, Purpose, chromium};
use crate::suites::browser;
use crate::{run, say};

/// Draws the gallery, and puts its list of words where it is reviewed.
pub fn words() -> Result<()> {
    let project = Project::find()?;
    draw(&project)?;
    fs::copy(project.root.join("target/gallery/words.md"), project.root.join("docs/words.md"))
        .context("the gallery has no list of words")?;
    say::line("words", "docs/words.md");
    Ok(())
}

/// Photographs the gallery and a running stack into `docs/screens`.
pub fn screens() -> Result<()> {
    let project = Project::find()?;
    setup::ready(&project, Purpose::Tests)?;
    draw(&project)?;
    let chromium = chromium::path().context("there is no Chromium; `cargo xtask setup` installs it")?;
    let plan = Plan::new(&project, "screens", None, Duration::from_mins(5))?;
    let mut stack = Stack::start(&project, plan)?;
    let mut command = project.command("node");
    command.arg("tests/browser/screens.mjs");
    browser::tell(&mut command, &project, &stack.plan, &chromium);
    let (succeeded, _) = run::aloud(&project, &mut command)?;
    stack.ensure_alive()?;
    ensure!(succeeded, "not everything could be photographed");
    say::line("screens", "docs/screens/README.md");
    Ok(())
}

/// Draws `target/gallery`. That the present list of words, or a snapshot, is stale is no reason not to draw a new one.
pub fn draw(project: &Project) -> Result<()> {
    let folder = project.root.join("target/gallery");
    fs::remove_dir_all(&folder).ok();
    let tests = ["test", "--locked", "-p", "aiq-connect-frontend", "--lib", "gallery::"];
    let drawn = run::quietly(project, "gallery", project.command("cargo").args(tests));
    if folder.join("gallery.json").is_file() { Ok(()) } else { drawn.context("the gallery could not be drawn") }
}
