//! Everything that this process logs, kept to be searched.

use std::{
    io::Write,
    sync::{Mutex, OnceLock, PoisonError},
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Keeper;

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
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

/// What was logged so far.
pub fn so_far() -> String {
    String::from_utf8_lossy(&LINES.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}
