//! The standard library for `wasm32-unknown-unknown`, which the page is compiled against.
//!
//! Usually `rustup target add` installed it. Where that is not possible it is built from the compiler's own source, once,
//! and `.cargo/local.toml` points every wasm compilation at it; nothing else sees it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::rust::Rustc;
use super::rust_source;
use crate::project::Project;
use crate::{cache, run, say};

/// The compilation target of the page.
pub const TARGET: &str = "wasm32-unknown-unknown";

const HEADER: &str =
    "# Written by `cargo xtask setup`, and by nobody else: std for wasm32-unknown-unknown was built here.\n";
const MANIFEST: &str = include_str!("std_seed.toml");

/// Makes sure that plain cargo can compile for [`TARGET`]. `WASM_STD` is `auto`, `build` or `rustup`.
pub fn ready(project: &Project) -> Result<()> {
    let way = std::env::var("WASM_STD").unwrap_or_else(|_| "auto".to_owned());
    match way.as_str() {
        "auto" if is_installed(project)? => forget_built(project),
        "auto" if rust_source::is_at_hand() => built(project),
        "auto" | "rustup" => installed(project),
        "build" => built(project),
        other => bail!("WASM_STD is `{other}`; it can be `auto`, `build` or `rustup`"),
    }
}

fn is_installed(project: &Project) -> Result<bool> {
    let asked = run::answer(project, project.command("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    let folder = PathBuf::from(asked.context("`rustc --print target-libdir` failed")?);
    Ok(fs::read_dir(folder).is_ok_and(|files| {
        files.filter_map(std::result::Result::ok).any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    }))
}

fn installed(project: &Project) -> Result<()> {
    if !is_installed(project)? {
        let begun =
            say::begin("set-up", "std for wasm", "asking rustup for it, because the page is compiled to WebAssembly");
        run::quietly(project, "wasm-std", project.command("rustup").args(["target", "add", TARGET]))
            .context("rustup could not add the target; `WASM_STD=build` builds it from Debian's rust-src instead")?;
        begun.done();
    }
    forget_built(project)
}

/// An installed target makes ours superfluous.
fn forget_built(project: &Project) -> Result<()> {
    let path = settings(project);
    if fs::read_to_string(&path).is_ok_and(|text| text.starts_with(HEADER)) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn settings(project: &Project) -> PathBuf {
    project.root.join(".cargo/local.toml")
}

fn built(project: &Project) -> Result<()> {
    let rustc = Rustc::ask(project)?;
    let short = rustc.commit.get(..9).unwrap_or(&rustc.commit);
    let sysroot = project.cache.join(format!("std-{}-{short}", rustc.release));
    cache::folder(&sysroot, |unfinished| build(project, &rustc, unfinished))?;

    let wanted = format!("{HEADER}[target.{TARGET}]\nrustflags = [\"--sysroot={}\"]\n", sysroot.display());
    let path = settings(project);
    if fs::read_to_string(&path).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    fs::write(&path, wanted).with_context(|| format!("cannot write {}", path.display()))
}

fn build(project: &Project, rustc: &Rustc, sysroot: &Path) -> Result<()> {
    let begun = say::begin(
        "set-up",
        format!("std {} for wasm", rustc.release),
        "building it, because the page is compiled to WebAssembly and rustup has not installed that target \
         (`rustup target add wasm32-unknown-unknown` would spare this); once, cached",
    );
    let work = tempfile::tempdir()?;
    let library = rust_source::library(project, rustc, work.path())?;
    let seed = work.path().join("seed");
    write_seed(&seed, &library, rustc)?;
    run::quietly(
        project,
        "wasm-std",
        project
            .command("cargo")
            .current_dir(&seed)
            // The flag that builds std is unstable; the compiler is the pinned stable one all the same.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", &library)
            .args(["build", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort,proc_macro,test"])
            .arg("--target-dir")
            .arg(work.path().join("target")),
    )
    .context("std for wasm could not be built; `WASM_STD=rustup` asks rustup for it instead")?;
    copy_libraries(&work.path().join("target").join(TARGET).join("release/deps"), sysroot)?;
    begun.done();
    Ok(())
}

/// A crate with nothing in it, whose only purpose is to have std built for it.
fn write_seed(seed: &Path, library: &Path, rustc: &Rustc) -> Result<()> {
    fs::create_dir_all(seed.join("src"))?;
    fs::create_dir_all(seed.join(".cargo"))?;
    fs::write(seed.join("Cargo.toml"), MANIFEST)?;
    fs::write(seed.join("src/lib.rs"), "#![no_std]\n")?;
    // Link-time optimisation of the page needs the bitcode; the path in panics is the one that rustup's std shows.
    let remap = format!("--remap-path-prefix={}=/rustc/{}/library", library.display(), rustc.commit);
    let config = format!("[target.{TARGET}]\nrustflags = [\"-Cembed-bitcode=yes\", \"{remap}\"]\n");
    Ok(fs::write(seed.join(".cargo/config.toml"), config)?)
}

fn copy_libraries(from: &Path, sysroot: &Path) -> Result<()> {
    let to = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&to)?;
    let mut has_std = false;
    for file in fs::read_dir(from)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if file.path().extension().is_some_and(|extension| extension == "rlib") && !name.starts_with("libstd_seed-") {
            fs::copy(file.path(), to.join(&name))?;
            has_std |= name.starts_with("libstd-");
        }
    }
    ensure!(has_std, "the build of std left no libstd in {}", from.display());
    Ok(())
}
