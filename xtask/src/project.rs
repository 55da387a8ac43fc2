//! Where things are, and how a program is started from here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::guard::Guard;

/// This checkout, its cache, and the two things every started program depends on.
pub struct Project {
    /// The checkout.
    pub root: PathBuf,
    /// What set-up makes once for every checkout of this user.
    pub cache: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Outlives this process for as long as it takes to end its children.
    pub guard: Guard,
    interrupted: Arc<AtomicBool>,
}

impl Project {
    /// Finds the checkout and the cache, and starts listening for Ctrl-C.
    pub fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has to be a folder of the checkout")?.to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));

        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted)).context("cannot listen for Ctrl-C")?;
        }
        Ok(Self { root, cache: cache_folder()?, target, guard: Guard::default(), interrupted })
    }

    /// The lock of one set-up step that works inside this checkout.
    pub fn lock_file(&self, step: &str) -> PathBuf {
        self.target.join("xtask/locks").join(step.replace('/', "-"))
    }

    /// All that programs said aloud.
    pub fn heard(&self) -> PathBuf {
        self.target.join("xtask/logs/heard.log")
    }

    /// Whether the person, or the system, wants this to end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Fails when [`Self::is_interrupted`].
    pub fn go_on(&self) -> Result<()> {
        if self.is_interrupted() {
            bail!("interrupted; everything that was started here has been stopped");
        }
        Ok(())
    }

    /// A program with the set-up's tools before everything else on `PATH`, in the checkout.
    ///
    /// `RUSTFLAGS` is taken away: it would switch off the `rustflags` of `.cargo/local.toml`, and with them std for wasm.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("PATH", self.path())
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        command
    }

    fn path(&self) -> OsString {
        let mut path = OsString::new();
        for folder in crate::setup::tool_folders(self) {
            path.push(folder);
            path.push(":");
        }
        path.push(std::env::var_os("PATH").unwrap_or_default());
        path
    }
}

fn cache_folder() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|dir| Path::new(dir).is_absolute()) {
        Some(dir) => PathBuf::from(dir),
        None => Path::new(&std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache"),
    };
    Ok(base.join("aiq-connect"))
}
