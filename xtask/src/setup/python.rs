//! The Python projects, each with an environment of its own as its `uv.lock` says.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::{debian, which};
use crate::project::Project;
use crate::{cache, run, say};

/// The package that runs inside workers, with its tests.
pub const WORKER: &str = "worker";
/// NAT and Dask, as the demo runs them.
pub const WORKFLOW: &str = "demo/workflow";
/// The demo's MCP server; its SDK is a major version ahead of NAT's, so they cannot share an environment.
pub const MCP: &str = "demo/mcp";

const ALL: [&str; 3] = [WORKER, WORKFLOW, MCP];
const UV: &str = "0.13.9";

/// The interpreter of a project's environment.
pub fn interpreter(project: &Project, folder: &str) -> PathBuf {
    program(project, folder, "python")
}

/// A program of a project's environment.
pub fn program(project: &Project, folder: &str, name: &str) -> PathBuf {
    project.root.join(folder).join(".venv/bin").join(name)
}

/// Where uv is.
pub fn uv_folder(project: &Project) -> PathBuf {
    project.cache.join(format!("uv-{UV}"))
}

/// Makes sure that these projects have their environments.
pub fn ready(project: &Project, folders: &[&str]) -> Result<()> {
    for folder in folders {
        let at = project.root.join(folder);
        // The projects name each other by path, so a changed name in one may matter to all.
        let mut inputs: Vec<PathBuf> = ALL.iter().map(|each| project.root.join(each).join("pyproject.toml")).collect();
        inputs.push(at.join("uv.lock"));
        let mark = cache::fingerprint(&inputs)?;
        let lock = project.lock_file(&format!("python-{folder}"));
        cache::stamped(&at.join(".venv/.aiq-connect"), &lock, &mark, || synchronise(project, folder, &at))?;
    }
    Ok(())
}

fn synchronise(project: &Project, folder: &str, at: &Path) -> Result<()> {
    ensure!(at.join("uv.lock").is_file(), "{} has no uv.lock", at.display());
    uv_ready(project)?;
    let begun = say::begin("set-up", format!("Python environment of {folder}"), "making it, as its lock file says");
    let mut command = project.command(uv_folder(project).join("bin/uv"));
    command
        .current_dir(at)
        .env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_NO_PROGRESS", "1")
        .env_remove("VIRTUAL_ENV")
        .env_remove("UV_PROJECT_ENVIRONMENT")
        .args(["sync", "--frozen"]);
    run::quietly(project, &format!("uv {folder}"), &mut command)
        .with_context(|| format!("the environment of {folder} could not be made; it needs Python 3.11 to 3.13"))?;
    begun.done();
    Ok(())
}

fn uv_ready(project: &Project) -> Result<()> {
    cache::folder(&uv_folder(project), |unfinished| {
        let begun = say::begin(
            "set-up",
            format!("uv {UV}"),
            "installing it, because it makes the Python environments; once, cached",
        );
        install_uv(project, unfinished)?;
        begun.done();
        Ok(())
    })
}

/// `--target` puts the one binary into our folder and leaves every Python environment as it is.
fn install_uv(project: &Project, into: &Path) -> Result<()> {
    if which("python3").is_none() {
        bail!("Python 3.11 or newer is needed, and `python3` is not on PATH");
    }
    let pip_is_here = run::answer(project, project.command("python3").args(["-m", "pip", "--version"]))?.is_some();
    if !pip_is_here {
        debian::install(project, &["python3-pip"]).context("uv is installed with pip, and this Python has none")?;
    }
    let mut pip = project.command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]).arg(into);
    run::quietly(project, "uv", pip.arg(format!("uv=={UV}")))
}
