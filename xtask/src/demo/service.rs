//! One process of the stack: how it is started, and how it says that it is ready.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::group::Group;
use crate::project::Project;
use crate::{run, say};

const GLANCE: Duration = Duration::from_millis(500);

/// What is started, and what people are told about it.
pub struct Service {
    /// Also the name of its log.
    pub name: &'static str,
    /// What it is and what for.
    pub what: &'static str,
    /// What no longer works when it has ended.
    pub without: &'static str,
    /// The program, its arguments and its environment.
    pub command: Command,
    /// When it can be used.
    pub ready: Ready,
}

/// The fact that makes a process ready.
pub enum Ready {
    /// A line of its log begins so (after spaces), this many times.
    Says(&'static str, usize),
    /// Something accepts connections on this port of 127.0.0.1.
    Listens(u16),
    /// This address answers a GET with anything but an error of its own.
    Answers(String),
}

impl Ready {
    fn is_there(&self, log: &Path) -> bool {
        match self {
            Self::Says(words, times) => {
                let said = std::fs::read(log).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                said.lines().filter(|line| line.contains(words)).count() >= *times
            }
            Self::Listens(port) => {
                TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, *port)), GLANCE).is_ok()
            }
            Self::Answers(url) => {
                let config = ureq::Agent::config_builder().timeout_global(Some(GLANCE)).proxy(None).build();
                config.new_agent().get(url).call().is_ok()
            }
        }
    }
}

/// A started service.
pub struct Running<'a> {
    name: &'static str,
    without: &'static str,
    ready: Ready,
    log: PathBuf,
    group: Group<'a>,
    since: Instant,
    is_ready: bool,
    is_mourned: bool,
}

impl<'a> Running<'a> {
    /// Starts it; everything that it says goes to `log`.
    pub fn start(project: &'a Project, mut service: Service, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        service.command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        say::line("start", format!("{}: {}", service.name, service.what));
        let group = Group::spawn(project, &mut service.command)?;
        let Service { name, without, ready, .. } = service;
        Ok(Self { name, without, ready, log, group, since: Instant::now(), is_ready: false, is_mourned: false })
    }

    /// Its name in the table.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.group.id()
    }

    /// Looks whether it is ready by now, and says so once.
    pub fn look(&mut self) {
        if !self.is_ready && self.ready.is_there(&self.log) {
            self.is_ready = true;
            say::line("ready", format!("{} after {}", self.name, say::seconds(self.since.elapsed())));
        }
    }

    /// Whether it was ready when it was last looked at.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Fails, in words, when it has ended.
    pub fn ensure_alive(&mut self) -> Result<()> {
        let Some(status) = self.group.ended()? else { return Ok(()) };
        let when = if self.is_ready { "while it was needed" } else { "before it was ready" };
        bail!("{} ended {when} ({status}). {}\n{}", self.name, self.without, self.last_words())
    }

    /// Says once, in words, that it has ended.
    pub fn mourn(&mut self) {
        if let (false, Err(end)) = (self.is_mourned, self.ensure_alive()) {
            self.is_mourned = true;
            say::line("ended", format!("{end:#}"));
            say::line("demo", "the rest goes on; Ctrl-C and the same command again start everything anew");
        }
    }

    /// The end of its log, and where the rest is.
    pub fn last_words(&self) -> String {
        match run::tail(&self.log) {
            words if words.trim().is_empty() => format!("It said nothing ({}).", self.log.display()),
            words => format!("The end of {}:\n{words}", self.log.display()),
        }
    }

    /// Asks it to end.
    pub fn ask_to_end(&self) {
        self.group.ask_to_end();
    }

    /// Ends it.
    pub fn stop(&mut self, grace: Duration) {
        self.group.stop(grace);
    }
}
