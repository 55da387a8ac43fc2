//! `cargo xtask bench`: how fast the service is, beside what it is compared with, in one run.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::demo::ports;
use crate::demo::service::{Ready, Running, Service};
use crate::project::Project;
use crate::run;
use crate::setup::{self, Purpose, python::BENCH};

/// Sets up what is compared, and runs `backend/benches/speed`, which prints the tables of `docs/benchmarks.md`.
pub fn verb() -> Result<()> {
    let project = Project::find()?;
    setup::ready(&project, Purpose::Benchmarks)?;
    let folder = project.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let [port] = ports::free()?;
    let mut redis = Running::start(&project, redis(&project, port), folder.join("redis.log"))?;
    wait_for(&mut redis)?;

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

fn wait_for(redis: &mut Running) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !redis.is_ready() {
        ensure!(Instant::now() < deadline, "Redis does not listen: {}", redis.last_words());
        redis.ensure_alive()?;
        redis.look();
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
