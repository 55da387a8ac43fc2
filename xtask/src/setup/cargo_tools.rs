//! Programs from crates.io that build the page: trunk, and wasm-bindgen in exactly the version of `Cargo.lock`.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::rust::locked_version;
use crate::project::Project;
use crate::{cache, run, say};

/// 0.22 asks for a newer compiler than `rust-toolchain.toml` pins.
const TRUNK: &str = "0.21.14";

/// One program, its version, and what it is for.
struct Tool {
    package: &'static str,
    version: String,
    why: &'static str,
}

fn tools(project: &Project) -> Result<[Tool; 2]> {
    Ok([
        Tool {
            package: "wasm-bindgen-cli",
            version: locked_version(project, "wasm-bindgen")?,
            why: "building it, because the page's WebAssembly needs its glue from exactly this version; once, cached",
        },
        Tool {
            package: "trunk",
            version: TRUNK.to_owned(),
            why: "building it, because it bundles the page; once, cached",
        },
    ])
}

/// Makes sure that the tools are in the cache.
pub fn ready(project: &Project) -> Result<()> {
    for tool in tools(project)? {
        cache::folder(&tool.folder(project), |unfinished| tool.install(project, unfinished))?;
    }
    Ok(())
}

/// Where the programs are.
pub fn folders(project: &Project) -> Vec<PathBuf> {
    tools(project).map(|tools| tools.iter().map(|tool| tool.folder(project).join("bin")).collect()).unwrap_or_default()
}

impl Tool {
    fn folder(&self, project: &Project) -> PathBuf {
        project.cache.join(format!("{}-{}", self.package, self.version))
    }

    fn install(&self, project: &Project, into: &Path) -> Result<()> {
        let begun = say::begin("set-up", format!("{} {}", self.package, self.version), self.why);
        if self.build(project, into, true).is_err() {
            project.go_on()?;
            // Some published lock files name a version that was withdrawn since.
            self.build(project, into, false)?;
        }
        begun.done();
        Ok(())
    }

    fn build(&self, project: &Project, into: &Path, locked: bool) -> Result<()> {
        let work = tempfile::tempdir()?;
        let mut command = project.command("cargo");
        command
            // Away from the checkout, whose configuration and profiles are not meant for these.
            .current_dir(work.path())
            .env("CARGO_TARGET_DIR", work.path().join("target"))
            // Optimising them costs a minute, and saves a second of each build of the page.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .args(["install", "--no-default-features", "--no-track", "--version", &self.version, "--root"])
            .arg(into)
            .arg(self.package);
        if locked {
            command.arg("--locked");
        }
        run::quietly(project, self.package, &mut command)
    }
}
