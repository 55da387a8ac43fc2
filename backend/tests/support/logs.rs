//! Everything that this process logs, and every secret that its tests use, kept to be searched: here in memory, and by
//! `cargo xtask test` in files.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// The log of this process, and its list of secrets: one line for each, its kind and itself.
struct Files {
    log: File,
    secrets: File,
}

fn files() -> &'static Mutex<Files> {
    static FILES: OnceLock<Mutex<Files>> = OnceLock::new();
    FILES.get_or_init(|| {
        let program = std::env::current_exe().unwrap();
        let name = program.file_stem().unwrap().to_str().unwrap().split('-').next().unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let made = |part: &str, file: &str| {
            fs::create_dir_all(folder.join(part)).unwrap();
            File::create(folder.join(part).join(file)).unwrap()
        };
        Mutex::new(Files { log: made("logs", "service.log"), secrets: made("state", "secrets-issued") })
    })
}

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        files().lock().unwrap_or_else(PoisonError::into_inner).log.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Begins to keep what is logged: ours down to `trace`, what we stand on down to `debug`.
pub fn keep() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let lines = fmt::layer().with_writer(|| Keeper).with_ansi(false);
        tracing_subscriber::registry().with(EnvFilter::new("debug,aiq_connect=trace")).with(lines).init();
    });
}

/// Notes a secret that no log may hold.
pub fn note_secret(kind: &str, secret: &str) {
    let mut files = files().lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(files.secrets, "{kind} {secret}").unwrap();
}

/// What was logged so far.
pub fn so_far() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
