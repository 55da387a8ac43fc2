//! `cargo xtask words`: what people read, as the page's own tests list it.

use std::fs;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{run, say};

/// Draws the gallery, and with it the list of words, and puts the list where it is reviewed.
pub fn write(project: &Project) -> Result<()> {
    draw(project)?;
    let listed = project.root.join("docs/words.md");
    fs::copy(project.root.join("target/gallery/words.md"), &listed).context("the gallery has no list of words")?;
    say::line("words", listed.display().to_string());
    Ok(())
}

/// Every component in every state, as pages in `target/gallery`. That the present list of words, or a snapshot, is stale
/// is no reason not to draw a new one.
pub fn draw(project: &Project) -> Result<()> {
    let folder = project.root.join("target/gallery");
    fs::remove_dir_all(&folder).ok();
    let tests = ["test", "--locked", "-p", "aiq-connect-frontend", "--lib", "gallery::"];
    let drawn = run::quietly(project, "gallery", project.command("cargo").args(tests));
    if folder.join("gallery.json").is_file() { Ok(()) } else { drawn.context("the gallery could not be drawn") }
}
