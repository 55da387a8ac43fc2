//! What a fresh machine needs. Every step is silent and quick when it was done before.

pub mod backend;
mod cargo_tools;
pub mod chromium;
mod debian;
pub mod npm;
pub mod page;
pub mod python;
mod rust;
mod rust_source;
pub mod servers;
pub mod wasm_std;

use std::path::PathBuf;

use anyhow::{Result, anyhow};

use crate::project::Project;

/// Who is going to use what is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The running system, without a browser of ours.
    Demo,
    /// Everything that any test needs.
    Tests,
    /// That, and what benchmarks measure against.
    Benchmarks,
}

/// Makes everything ready, side by side: what is downloaded, the service, and the page with its tools.
///
/// Two compilations at once fill the stretches in which each of them keeps one core busy only.
pub fn ready(project: &Project, purpose: Purpose) -> Result<()> {
    std::thread::scope(|scope| {
        let others = [scope.spawn(|| downloads(project, purpose)), scope.spawn(|| backend::ready(project))];
        let page = page(project);
        let others = others.map(|other| other.join().unwrap_or_else(|_| Err(anyhow!("a set-up step panicked"))));
        project.go_on()?;
        others.into_iter().fold(page, Result::and)
    })
}

fn downloads(project: &Project, purpose: Purpose) -> Result<()> {
    npm::ready(project, npm::PROVIDER)?;
    python::MCP.ready(project)?;
    python::WORKFLOW.ready(project)?;
    if purpose != Purpose::Demo {
        servers::for_tests(project)?;
        python::WORKER.ready(project)?;
        chromium::ready(project)?;
    }
    if purpose == Purpose::Benchmarks {
        servers::for_benchmarks(project)?;
        python::BENCH.ready(project)?;
    }
    Ok(())
}

fn page(project: &Project) -> Result<()> {
    npm::ready(project, npm::TESTS)?;
    page_tools(project)?;
    page::ready(project)
}

/// What compiles and bundles the page.
pub fn page_tools(project: &Project) -> Result<()> {
    wasm_std::ready(project)?;
    cargo_tools::ready(project)
}

/// Folders whose programs come before the machine's own.
pub fn tool_folders(project: &Project) -> Vec<PathBuf> {
    let mut folders = cargo_tools::folders(project);
    folders.push(npm::programs(project));
    folders.push(python::uv_folder(project).join("bin"));
    folders
}

/// A program on this process's `PATH`.
fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
