//! Where the programs are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Unavailable;

/// Debian keeps each major version's programs in a folder of its own, away from `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb`, `postgres` and `psql`: the newest version in Debian's place, or what `pg_config` names.
///
/// # Errors
///
/// Names the package to install.
pub fn postgres() -> Result<PathBuf, Unavailable> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|folder| Some((folder.file_name().to_str()?.parse().ok()?, folder.path().join("bin"))))
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, folder)| folder);
    debian.chain(configured()).find(|folder| is_complete(folder)).ok_or_else(|| {
        Unavailable(
            "PostgreSQL is not installed here, and these tests need a real one: install Debian's package `postgresql` \
             (`cargo xtask test` does), or any PostgreSQL 15 or later whose `pg_config` is in PATH"
                .to_owned(),
        )
    })
}

/// Debian's `pgbouncer`.
///
/// # Errors
///
/// Names the package to install.
pub fn pgbouncer() -> Result<PathBuf, Unavailable> {
    let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
    places.into_iter().map(PathBuf::from).find(|path| path.is_file()).ok_or_else(|| {
        Unavailable(
            "PgBouncer is not installed here, and these tests need a real one: install Debian's package `pgbouncer` \
             (`cargo xtask test` does)"
                .to_owned(),
        )
    })
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).is_file())
}

fn configured() -> Option<PathBuf> {
    let answer = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim()))
}
