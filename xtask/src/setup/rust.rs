//! What the Rust compiler and `Cargo.lock` say.

use std::fs;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::run;

/// The compiler that this checkout uses.
pub struct Rustc {
    /// Such as `1.95.0`.
    pub release: String,
    /// The full hash of the commit it was built from.
    pub commit: String,
}

impl Rustc {
    /// Asks the compiler.
    pub fn ask(project: &Project) -> Result<Self> {
        let said = run::answer(project, project.command("rustc").arg("-vV"))?.context("`rustc -vV` failed")?;
        let field = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
            line.with_context(|| format!("`rustc -vV` does not say `{name}`"))
        };
        Ok(Self { release: field("release:")?, commit: field("commit-hash:")? })
    }
}

/// The version of a package in `Cargo.lock`.
pub fn locked_version(project: &Project, package: &str) -> Result<String> {
    let path = project.root.join("Cargo.lock");
    let lock = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    version_in(&lock, package).with_context(|| format!("Cargo.lock has no package `{package}`"))
}

fn version_in(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::version_in;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

    #[test]
    fn the_version_is_the_one_of_exactly_this_package() {
        assert_eq!(version_in(LOCK, "wasm-bindgen").as_deref(), Some("0.2.130"));
    }

    #[test]
    fn a_package_that_is_not_locked_has_no_version() {
        assert_eq!(version_in(LOCK, "wasm"), None);
    }
}
