//! All processes together: started side by side, ended together, never restarted in silence.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::environment;
use super::plan::Plan;
use super::secrets;
use super::service::Running;
use super::table;
use crate::project::Project;
use crate::say;

const GLANCE: Duration = Duration::from_millis(50);
/// A machine that does much else needs minutes; a process that cannot start says so before.
const START: Duration = Duration::from_mins(4);
const GRACE: Duration = Duration::from_secs(5);

/// A running system. Dropping it ends every process of it.
pub struct Stack<'a> {
    /// Addresses, secrets and folders.
    pub plan: Plan,
    project: &'a Project,
    services: Vec<Running<'a>>,
    /// How many rounds of starting there were; it names logs.
    starts: u32,
}

impl<'a> Stack<'a> {
    /// Starts everything at once and waits until all of it is ready.
    pub fn start(project: &'a Project, plan: Plan) -> Result<Self> {
        let since = Instant::now();
        let mut stack = Self { plan, project, services: Vec::new(), starts: 1 };
        for service in table::services(project, &stack.plan) {
            let log = stack.plan.log(service.name);
            secrets::note(&stack.plan, &service.command)?;
            stack.services.push(Running::start(project, service, log)?);
        }
        stack.until_ready(since)?;
        environment::write(&stack.plan)?;
        say::line("ready", format!("all {} after {}", stack.services.len(), say::seconds(since.elapsed())));
        Ok(stack)
    }

    fn until_ready(&mut self, since: Instant) -> Result<()> {
        while !self.look()? {
            if since.elapsed() > START {
                bail!("{}", self.late());
            }
            sleep(GLANCE);
        }
        Ok(())
    }

    /// Whether all are ready; fails when one has ended or the person wants to stop.
    fn look(&mut self) -> Result<bool> {
        self.ensure_alive()?;
        self.services.iter_mut().for_each(Running::look);
        Ok(self.services.iter().all(Running::is_ready))
    }

    /// Fails when one has ended or the person wants to stop.
    pub fn ensure_alive(&mut self) -> Result<()> {
        self.project.go_on()?;
        self.services.iter_mut().try_for_each(Running::ensure_alive)
    }

    fn late(&self) -> String {
        let late = self.services.iter().filter(|service| !service.is_ready());
        let words = late.map(|service| format!("{} was not ready in time. {}", service.name(), service.last_words()));
        format!("after {}: {}", say::seconds(START), words.collect::<Vec<_>>().join("\n"))
    }

    /// Ends a process and starts it anew, with some variables changed; back when it is ready.
    pub fn restart(&mut self, name: &str, env: &BTreeMap<String, String>) -> Result<()> {
        self.end(name)?;
        self.add(name, env)
    }

    /// Starts a process that does not run, with some variables changed; back when it is ready.
    pub fn add(&mut self, name: &str, env: &BTreeMap<String, String>) -> Result<()> {
        if self.id(name).is_ok() {
            bail!("{name} runs already");
        }
        let mut service = table::named(self.project, &self.plan, name).with_context(|| unknown(name))?;
        service.command.envs(env);
        self.starts += 1;
        // A log of its own: the old one says `ready` already.
        let log = self.plan.log(&format!("{name}-{}", self.starts));
        self.services.push(Running::start(self.project, service, log)?);
        self.until_ready(Instant::now())
    }

    /// Ends a process.
    pub fn end(&mut self, name: &str) -> Result<()> {
        let place = self.services.iter().position(|service| service.name() == name).with_context(|| unknown(name))?;
        self.services.remove(place).stop(GRACE);
        Ok(())
    }

    /// Blocks until the person ends it. A process that ends by itself is told of, and the rest goes on: what the page
    /// says then is worth seeing.
    pub fn watch(&mut self) {
        while !self.project.is_interrupted() {
            self.services.iter_mut().for_each(Running::mourn);
            sleep(GLANCE);
        }
    }

    /// The process id of a service.
    pub fn id(&self, name: &str) -> Result<u32> {
        let found = self.services.iter().find(|service| service.name() == name);
        found.map(Running::id).with_context(|| unknown(name))
    }
}

fn unknown(name: &str) -> String {
    format!("no process is called {name}")
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        for service in &self.services {
            service.ask_to_end();
        }
        for service in &mut self.services {
            service.stop(GRACE);
        }
    }
}
