//! Processes with a wrong clock: Debian's `libfaketime`, preloaded.
//!
//! Without its wrapper program, which would stand between us and the process that we want to kill.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use ureq::http::header::DATE;

const LIBRARIES: &str = "/usr/lib";
const PATIENCE: Duration = Duration::from_secs(10);
const DAY: i64 = 24 * 60 * 60;

/// Tells this program a time that is so many seconds ahead. Deadlines, which the monotonic clock measures, stay right.
pub fn shift(command: &mut Command, seconds: i64) -> Result<()> {
    if seconds == 0 {
        return Ok(());
    }
    let library =
        library().with_context(|| format!("no process can have a wrong clock: {LIBRARIES} holds no libfaketime"))?;
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME", format!("{seconds:+}s"))
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Ok(())
}

/// Removes what the library leaves behind of a process that was killed.
pub fn forget(pid: u32) {
    for name in [format!("faketime_shm_{pid}"), format!("sem.faketime_sem_{pid}")] {
        // A process with a right clock leaves nothing.
        std::fs::remove_file(Path::new("/dev/shm").join(name)).ok();
    }
}

/// How far the clock of a web server is ahead of ours, in seconds, by the `Date` of its own answer.
pub fn ahead(address: &str) -> Result<i64> {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).proxy(None).timeout_global(Some(PATIENCE)).build();
    let answer = config.new_agent().get(address).call()?;
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let theirs = date.and_then(second_of_day).context("it answers without a `Date`")?;
    let ours = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())? % DAY;
    // The nearest way around the clock, for a run at midnight.
    Ok((theirs - ours + DAY / 2).rem_euclid(DAY) - DAY / 2)
}

/// `Mon, 23 Nov 2026 18:53:23 GMT` (RFC 9110 §5.6.7)
fn second_of_day(date: &str) -> Option<i64> {
    let time = date.split(' ').nth(4)?;
    let mut parts = time.split(':').map(str::parse::<i64>);
    let (hours, minutes, seconds) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    Some((hours * 60 + minutes) * 60 + seconds)
}

fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir(LIBRARIES).into_iter().flatten().filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read() {
        assert_eq!(second_of_day("Mon, 23 Nov 2026 18:53:23 GMT"), Some(68_003));
        assert_eq!(second_of_day("soon"), None);
    }
}
