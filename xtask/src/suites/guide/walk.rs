//! What the guide asks its reader to do in a browser, done over HTTP as the page does it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::check::person::Person;

const GLANCE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_mins(1);

/// The people who walk, each in a browser of their own from their first step on.
pub struct Walkers {
    home: String,
    people: Vec<Person>,
    /// The job that somebody started and nobody has read yet.
    job: Option<String>,
}

impl Walkers {
    /// Nobody yet.
    pub fn at(home: String) -> Self {
        Self { home, people: Vec::new(), job: None }
    }

    /// Takes one step; what it says is what the reader sees after it.
    pub fn step(&mut self, words: &str) -> Result<String> {
        let (name, deed) = words.split_once(' ').with_context(|| format!("`{words}` names nobody or nothing"))?;
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        let question = rest.trim_matches('"');
        let person = self.person(name)?;
        match (verb, rest) {
            ("signs", "in") => person.sign_in(),
            ("connects", _) => person.connect(),
            ("disconnects", _) => Ok(person.disconnect()?.to_string()),
            ("asks", _) => {
                let job = person.submit(question)?;
                person.report(&job)
            }
            ("tries", _) => Ok(person.ask(question)?.body),
            ("starts", _) => {
                let job = person.submit(question)?;
                person.until_running(&job)?;
                self.job = Some(job.clone());
                Ok(job)
            }
            ("sees", wanted) => until_seen(person, wanted),
            ("reads", "the answer") => {
                let job = self.job.take().context("nobody has started a job")?;
                self.person(name)?.report(&job)
            }
            _ => bail!("`{words}` is no step that is known"),
        }
    }

    fn person(&mut self, name: &str) -> Result<&mut Person> {
        let name = ["alice", "bob"].into_iter().find(|known| *known == name);
        let name = name.context("only alice and bob walk")?;
        let known = self.people.iter().position(|person| person.name == name);
        let at = if let Some(at) = known {
            at
        } else {
            self.people.push(Person::new(name, &self.home)?);
            self.people.len() - 1
        };
        Ok(&mut self.people[at])
    }
}

/// Waits until the source's row has this status.
fn until_seen(person: &mut Person, wanted: &str) -> Result<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = person.status()?;
        if status == wanted {
            return Ok(status);
        }
        ensure!(Instant::now() < deadline, "the source's status stays `{status}`");
        sleep(GLANCE);
    }
}
