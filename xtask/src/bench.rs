//! `cargo xtask bench`: how fast the service is, beside what it is compared with, in one run.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::demo::ports;
use crate::demo::service::{Ready, Running, Service};
use crate::project::Project;
use crate::run;
use crate::setup::{self, python::BENCH};

/// Sets up what is compared, and runs `backend/benches/speed`, which prints the tables of `docs/benchmarks.md`.
pub fn verb() -> Result<()> {
    let project = Project::find()?;
    setup::for_benchmarks(&project)?;
    let folder = project.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let [port] = ports::free()?;
    let mut redis = Running::start(&project, redis(&project, port), folder.join("redis.log"))?;
    redis.wait_until_ready(Duration::from_secs(10))?;

    let mut bench = project.command("cargo");
    bench.args(["bench", "--quiet", "--package", "aiq-connect", "--bench", "speed", "--"]);
    bench.arg(BENCH.program(&project, "python")).arg(project.root.join(BENCH.folder)).arg(port.to_string());
    let (succeeded, _) = run::aloud(&project, &mut bench)?;
    ensure!(succeeded, "not everything that docs/benchmarks.md promises holds in this run");
    Ok(())
}

/// Keeps everything in memory only, as the one that it is compared with does.
fn redis(project: &Project, port: u16) -> Service {
    let mut command = project.command("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]).arg(port.to_string());
    Service {
        name: "redis",
        what: "what NAT's own token storage keeps its tokens in",
        without: "there is nothing to compare with",
        command,
        ready: Ready::Listens(port),
    }
}
