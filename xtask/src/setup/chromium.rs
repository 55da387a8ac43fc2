//! The browser of the browser tests.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{debian, which};
use crate::project::Project;
use crate::say;

/// The browser: the one that `CHROMIUM` names, or the system's.
pub fn path() -> Option<PathBuf> {
    match std::env::var_os("CHROMIUM") {
        Some(named) => Some(PathBuf::from(named)),
        None => which("chromium"),
    }
}

/// Makes sure that there is one: Debian's, because a downloaded build is the test library's business alone.
pub fn ready(project: &Project) -> Result<()> {
    match path() {
        Some(browser) if browser.is_file() => return Ok(()),
        Some(browser) => bail!("CHROMIUM names {}, which is not there", browser.display()),
        None => {}
    }
    let begun =
        say::begin("set-up", "Chromium", "installing Debian's package, because the page is tested in a real browser");
    debian::install(project, &["chromium"])?;
    begun.done();
    Ok(())
}
