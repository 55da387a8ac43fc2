//! The folders with a `package-lock.json`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::which;
use crate::project::Project;
use crate::{cache, run, say};

/// `wasm-opt` for the page, and the browser tests' libraries.
pub const TESTS: &str = "tests";
/// The demo's authorization server.
pub const PROVIDER: &str = "demo/provider";

const OLDEST_NODE: u32 = 20;

/// Makes sure that a folder's packages are installed as its lock file says.
pub fn ready(project: &Project, folder: &str) -> Result<()> {
    let at = project.root.join(folder);
    let mark = cache::fingerprint(&[at.join("package.json"), at.join("package-lock.json")])?;
    let lock = project.lock_file(&format!("npm-{folder}"));
    cache::stamped(&at.join("node_modules/.aiq-connect"), &lock, &mark, || install(project, folder, &at))
}

fn install(project: &Project, folder: &str, at: &Path) -> Result<()> {
    ensure!(at.join("package-lock.json").is_file(), "{} has no package-lock.json", at.display());
    check_node(project)?;
    let begun = say::begin("set-up", format!("npm packages of {folder}"), "installing them, as its lock file says");
    let mut command = project.command("npm");
    run::quietly(project, &format!("npm {folder}"), command.current_dir(at).args(["ci", "--no-audit", "--no-fund"]))?;
    begun.done();
    Ok(())
}

fn check_node(project: &Project) -> Result<()> {
    let wanted = format!("Node {OLDEST_NODE} or newer with npm is needed (Debian: `apt-get install nodejs npm`)");
    ensure!(which("node").is_some() && which("npm").is_some(), "{wanted}, and `node` or `npm` is not on PATH");
    let version = run::answer(project, project.command("node").arg("--version"))?.context("`node --version` failed")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    ensure!(major >= OLDEST_NODE, "{wanted}, and this one is {version}");
    Ok(())
}

/// Where the installed programs are.
pub fn programs(project: &Project) -> PathBuf {
    project.root.join(TESTS).join("node_modules/.bin")
}
