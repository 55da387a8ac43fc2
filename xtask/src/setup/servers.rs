//! The servers and tools that tests start for themselves: Debian's packages, of which nothing is started at installation.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use anyhow::Result;

use super::{debian, which};
use crate::project::Project;
use crate::say;

/// A program, Debian's package with it, and what it is for.
struct Needed {
    is_here: fn() -> bool,
    package: &'static str,
    name: &'static str,
    reason: &'static str,
}

const FOR_TESTS: [Needed; 3] = [
    Needed {
        is_here: || aiq_connect_test_postgres::postgres().is_ok(),
        package: "postgresql",
        name: "PostgreSQL",
        reason: "the service is tested on a real one; tests start their own, and no other is started",
    },
    Needed {
        is_here: || aiq_connect_test_postgres::pgbouncer().is_ok(),
        package: "pgbouncer",
        name: "PgBouncer",
        reason: "the service is tested behind a real one",
    },
    Needed {
        is_here: || which("faketime").is_some(),
        package: "faketime",
        name: "faketime",
        reason: "processes whose clocks are wrong are tested",
    },
];

const FOR_BENCHMARKS: [Needed; 1] = [Needed {
    is_here: || which("redis-server").is_some(),
    package: "redis-server",
    name: "Redis",
    reason: "it is what others keep tokens in, to be measured against",
}];

/// What tests start.
pub fn for_tests(project: &Project) -> Result<()> {
    FOR_TESTS.iter().try_for_each(|needed| ready(project, needed))
}

/// What benchmarks start beside that.
pub fn for_benchmarks(project: &Project) -> Result<()> {
    FOR_BENCHMARKS.iter().try_for_each(|needed| ready(project, needed))
}

fn ready(project: &Project, needed: &Needed) -> Result<()> {
    if (needed.is_here)() {
        return Ok(());
    }
    let Needed { name, reason, package, .. } = needed;
    let begun = say::begin("set-up", *name, &format!("installing Debian's package, because {reason}"));
    let silence = Silence::begin();
    let installed = debian::install(project, &[package]);
    drop(silence);
    installed?;
    begun.done();
    Ok(())
}

/// While it lives, packages start nothing and make no database. A machine that has rules of its own for that keeps them,
/// and afterwards everything is as it was.
struct Silence(Vec<PathBuf>);

impl Silence {
    const FILES: [(&str, &str, u32); 2] = [
        // Debian Policy 9.3.3.2: 101 forbids it.
        ("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755),
        ("/etc/postgresql-common/createcluster.d/aiq-connect-tests.conf", "create_main_cluster = false\n", 0o644),
    ];

    fn begin() -> Self {
        let mut made = Vec::new();
        for (path, text, mode) in Self::FILES {
            let path = PathBuf::from(path);
            // Without the rights for this, the installation is going to say so itself.
            let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
            let file = folder.and_then(|()| fs::File::options().write(true).create_new(true).mode(mode).open(&path));
            if file.is_ok() {
                let _ =
                    fs::write(&path, text).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)));
                made.push(path);
            }
        }
        Self(made)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
