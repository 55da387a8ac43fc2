//! The source of the standard library, exactly the one of the compiler in use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use super::debian;
use super::rust::Rustc;
use crate::group::Group;
use crate::project::Project;
use crate::run;

/// Where Debian keeps versions of `rust-src`, most likely first.
const SUITES: [&str; 4] = ["trixie-backports", "forky", "sid", "trixie"];

/// Whether the source can be had without asking rustup.
pub fn is_at_hand() -> bool {
    std::env::var_os("RUST_LIBRARY_SRC").is_some() || debian::is_here()
}

/// The folder `library` of the compiler's source: the one that `RUST_LIBRARY_SRC` names, rustup's, or Debian's.
pub fn library(project: &Project, rustc: &Rustc, work: &Path) -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("RUST_LIBRARY_SRC") {
        let named = PathBuf::from(named);
        ensure!(named.join("std/Cargo.toml").is_file(), "RUST_LIBRARY_SRC={} holds no std", named.display());
        return Ok(named);
    }
    let sysroot = run::answer(project, project.command("rustc").args(["--print", "sysroot"]))?;
    let component = PathBuf::from(sysroot.unwrap_or_default()).join("lib/rustlib/src/rust/library");
    if component.join("std/Cargo.toml").is_file() {
        return Ok(component);
    }
    from_debian(project, rustc, work)
}

fn from_debian(project: &Project, rustc: &Rustc, work: &Path) -> Result<PathBuf> {
    let mut tried = Vec::new();
    for suite in SUITES {
        match debian::download(project, suite, "rust-src", &rustc.release, &work.join(suite)) {
            Ok(Some(package)) => return unpack(project, rustc, &package, work),
            Ok(None) => tried.push(format!("{suite} has another version")),
            Err(error) => {
                project.go_on()?;
                tried.push(format!("{suite}: {error:#}"));
            }
        }
    }
    bail!(
        "the source of std {} was not to be had from Debian ({}). Install the target (`rustup target add {}`), or name a \
         folder with the source in RUST_LIBRARY_SRC",
        rustc.release,
        tried.join("; "),
        super::wasm_std::TARGET
    )
}

fn unpack(project: &Project, rustc: &Rustc, package: &Path, work: &Path) -> Result<PathBuf> {
    let inside = format!("usr/src/rustc-{}/library", rustc.release);
    let mut archive = project.command("dpkg-deb");
    archive.arg("--fsys-tarfile").arg(package).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut archive = Group::spawn(project, &mut archive)?;
    let pipe = archive.leader().stdout.take().context("dpkg-deb has no output")?;
    fs::create_dir_all(work)?;
    let mut tar = project.command("tar");
    tar.args(["-x", "-C"]).arg(work).arg(format!("./{inside}")).stdin(pipe);
    let unpacked = Group::spawn(project, &mut tar)?.wait()?;
    drop(tar);
    ensure!(unpacked.success() && archive.wait()?.success(), "{} could not be unpacked", package.display());
    Ok(work.join(inside))
}
