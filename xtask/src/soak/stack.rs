//! The processes: the provider, the MCP server, and two of the service on one database.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write;

use super::clock;
use crate::demo::plan::{Plan, SIGN_IN_CLIENT, secret};
use crate::demo::service::Running;
use crate::demo::{secrets, table};
use crate::group::Group;
use crate::project::Project;
use crate::{run, say};

const GLANCE: Duration = Duration::from_millis(50);
const START: Duration = Duration::from_mins(2);
const GRACE: Duration = Duration::from_secs(10);
/// Whoever ends by itself so often will not stay up.
const MOST_ENDS: usize = 20;

/// The two processes of the service, by their names in the demo's table.
pub const SERVICES: [&str; 2] = ["backend", "replica"];

/// A process of the service that ended although nobody had ended it.
#[derive(Debug)]
pub struct Ended {
    /// Which, and how.
    pub what: String,
    /// Whether its database was away.
    pub is_excused: bool,
}

/// A running soak.
pub struct Stack<'a> {
    project: &'a Project,
    plan: &'a Plan,
    database_url: String,
    others: Vec<Running<'a>>,
    services: Vec<Group<'a>>,
    /// How far the clock of each service is ahead, in seconds, from its next start on.
    pub clocks: [i64; 2],
    /// Those that ended by themselves.
    pub ended: Vec<Ended>,
}

impl<'a> Stack<'a> {
    /// Starts everything and waits until all of it is ready.
    pub fn start(project: &'a Project, plan: &'a Plan, database_url: String, clocks: [i64; 2]) -> Result<Self> {
        make_key(plan)?;
        let (others, services, ended) = (Vec::new(), Vec::new(), Vec::new());
        let mut stack = Self { project, plan, database_url, others, services, clocks, ended };
        for name in ["mcp", "provider"] {
            let service = table::named(project, plan, name).with_context(|| format!("no process is called {name}"))?;
            secrets::note(plan, &service.command)?;
            stack.others.push(Running::start(project, service, plan.log(name))?);
        }
        for slot in 0..SERVICES.len() {
            let group = stack.spawn(slot)?;
            stack.services.push(group);
        }
        stack.until_ready()?;
        Ok(stack)
    }

    /// Waits until everything can be used.
    pub fn until_ready(&mut self) -> Result<()> {
        let since = Instant::now();
        loop {
            self.look_after(false)?;
            self.others.iter_mut().for_each(Running::look);
            if self.others.iter().all(Running::is_ready) && (0..SERVICES.len()).all(|slot| self.listens(slot)) {
                return Ok(());
            }
            if since.elapsed() > START {
                let logs = SERVICES.map(|name| run::tail(&self.plan.log(name)));
                bail!("not everything was ready after {}:\n{}", say::seconds(START), logs.join("\n"));
            }
            sleep(GLANCE);
        }
    }

    /// Starts again what has ended by itself, and keeps in mind that it did. Fails when one of the others has ended.
    pub fn look_after(&mut self, database_was_away: bool) -> Result<()> {
        self.project.go_on()?;
        self.others.iter_mut().try_for_each(Running::ensure_alive)?;
        for (slot, name) in SERVICES.into_iter().enumerate().take(self.services.len()) {
            if let Some(status) = self.services[slot].ended()? {
                let words = run::tail(&self.plan.log(name));
                let what = format!("{name} ended by itself ({status}):\n{words}");
                self.ended.push(Ended { what, is_excused: database_was_away });
                ensure!(
                    self.ended.len() < MOST_ENDS,
                    "the service does not stay up:\n{}",
                    run::tail(&self.plan.log(SERVICES[slot]))
                );
                self.start_again(slot)?;
            }
        }
        Ok(())
    }

    /// Kills a process of the service as nothing else can be: no farewell, nothing put away. Starts it anew at once.
    pub fn strike(&mut self, slot: usize) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid(slot))?), Signal::SIGKILL).context("it was gone already")?;
        self.start_again(slot)
    }

    /// Ends a process of the service in order, and starts it anew.
    pub fn restart(&mut self, slot: usize) -> Result<()> {
        self.services[slot].stop(GRACE);
        self.start_again(slot)
    }

    /// The process id of a service.
    pub fn pid(&self, slot: usize) -> u32 {
        self.services[slot].id()
    }

    /// How far the clock of each service is ahead, in seconds, as its own answers say.
    pub fn clocks_as_told(&self) -> Result<Vec<i64>> {
        [self.plan.backend, self.plan.replica]
            .iter()
            .map(|port| clock::ahead(&format!("http://127.0.0.1:{port}/live")))
            .collect()
    }

    fn start_again(&mut self, slot: usize) -> Result<()> {
        let pid = self.pid(slot);
        self.services[slot].stop(Duration::ZERO);
        clock::forget(pid);
        self.services[slot] = self.spawn(slot)?;
        Ok(())
    }

    fn spawn(&self, slot: usize) -> Result<Group<'a>> {
        let name = SERVICES[slot];
        let service = table::named(self.project, self.plan, name).context("the table lost a process")?;
        let mut command: Command = service.command;
        command
            .env("AIQ_CONNECT_DATABASE_URL", &self.database_url)
            // Jobs are registered with the ID tokens of people who are signed in at the same provider.
            .env("AIQ_JWT_ISSUER", self.plan.issuer())
            .env("AIQ_JWT_AUDIENCE", SIGN_IN_CLIENT);
        secrets::note(self.plan, &command)?;
        clock::shift(&mut command, self.clocks[slot])?;
        let log = self.plan.log(name);
        let file = File::options().create(true).append(true).open(&log);
        let file = file.with_context(|| format!("cannot write {}", log.display()))?;
        Group::spawn(self.project, command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file))
    }

    fn listens(&self, slot: usize) -> bool {
        let ports = [[self.plan.backend, self.plan.broker], [self.plan.replica, self.plan.replica_broker]][slot];
        let mut all = ports.iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, *port)));
        all.all(|address| TcpStream::connect_timeout(&address, GLANCE).is_ok())
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        for service in &mut self.services {
            service.ask_to_end();
        }
        for service in &mut self.services {
            let pid = service.id();
            service.stop(GRACE);
            clock::forget(pid);
        }
    }
}

/// Beside PostgreSQL the service makes no key by itself.
fn make_key(plan: &Plan) -> Result<()> {
    let path = plan.state("aiq-connect.key");
    let file = File::options().create_new(true).write(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{}", secret().unwrap_or_default()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    ensure!(fs::metadata(&path)?.len() > 64, "there is no key in {}", path.display());
    Ok(())
}

/// What the workers and the service are told alike.
pub fn worker_environment(plan: &Plan, slot: usize) -> BTreeMap<&'static str, String> {
    let port = [plan.broker, plan.replica_broker][slot];
    BTreeMap::from([
        ("AIQ_CONNECT_WORKER_URL", format!("http://127.0.0.1:{port}")),
        ("AIQ_CONNECT_WORKER_KEY", plan.worker_key.clone()),
    ])
}
