//! The Python projects, each with an environment of its own as its `requirements.lock` says.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{debian, which};
use crate::project::Project;
use crate::{cache, run, say};

/// A folder with a `requirements.lock`, and the projects of this checkout that its environment uses as they lie here.
pub struct Environment {
    /// Relative to the checkout.
    pub folder: &'static str,
    editable: &'static [&'static str],
}

/// The package that runs inside workers, with its tests.
pub const WORKER: Environment = Environment { folder: "worker", editable: &["worker"] };
/// NAT and Dask, as the demo runs them.
pub const WORKFLOW: Environment = Environment { folder: "demo/workflow", editable: &["worker", "demo/workflow"] };
/// The demo's MCP server; its SDK is a major version ahead of NAT's, so they cannot share an environment.
pub const MCP: Environment = Environment { folder: "demo/mcp", editable: &[] };
/// What the service's speed is measured beside.
pub const BENCH: Environment = Environment { folder: "tests/bench", editable: &["worker"] };

const UV: &str = "0.13.9";

/// How environments are made. A change of it makes them anew.
const RECIPE: &str = "uv, bytecode";

impl Environment {
    /// One of its programs.
    pub fn program(&self, project: &Project, name: &str) -> PathBuf {
        self.at(project).join("bin").join(name)
    }

    /// Where it is.
    pub fn at(&self, project: &Project) -> PathBuf {
        project.root.join(self.folder).join(".venv")
    }

    /// Makes sure that it is there, and as locked.
    pub fn ready(&self, project: &Project) -> Result<()> {
        let folder = project.root.join(self.folder);
        // An editable project's code is used as it lies there; only what its `pyproject.toml` says is copied.
        let mut inputs: Vec<_> =
            self.editable.iter().map(|each| project.root.join(each).join("pyproject.toml")).collect();
        inputs.push(folder.join("requirements.lock"));
        let mark = format!("{RECIPE} {}", cache::fingerprint(&inputs)?);
        let lock = project.lock_file(&format!("python-{}", self.folder));
        cache::stamped(&self.at(project).join("aiq-connect.stamp"), &lock, &mark, || self.synchronise(project, &folder))
    }

    fn synchronise(&self, project: &Project, folder: &Path) -> Result<()> {
        ensure!(folder.join("requirements.lock").is_file(), "{} has no requirements.lock", folder.display());
        uv_ready(project)?;
        let begun =
            say::begin("set-up", format!("Python environment of {}", self.folder), "making it, as its lock file says");
        let uv = |arguments: &[&str]| {
            let mut command = uv(project, folder);
            run::quietly(project, &format!("uv {}", self.folder), command.args(arguments)).with_context(|| {
                format!("the environment of {} could not be made; it needs Python 3.11 to 3.13", self.folder)
            })
        };
        uv(&["venv", "--quiet", "--allow-existing", "--python", ">=3.11,<3.14", ".venv"])?;
        // Compiled now, once: every process of the demo would otherwise compile the toolkit anew at its start.
        uv(&["pip", "sync", "--compile-bytecode", "--require-hashes", "requirements.lock"])?;
        for each in self.editable {
            let path = project.root.join(each);
            uv(&["pip", "install", "--no-deps", "--editable", &path.to_string_lossy()])?;
        }
        begun.done();
        Ok(())
    }
}

/// Where uv is.
pub fn uv_folder(project: &Project) -> PathBuf {
    project.cache.join(format!("uv-{UV}"))
}

fn uv(project: &Project, folder: &Path) -> Command {
    let mut command = project.command(uv_folder(project).join("bin/uv"));
    command
        .current_dir(folder)
        .env("UV_PYTHON_DOWNLOADS", "never")
        .env("UV_NO_PROGRESS", "1")
        .env("VIRTUAL_ENV", folder.join(".venv"));
    command
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
