//! Somebody who uses AIQ Connect: signs in, connects, asks, disconnects.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use ureq::http::Method;
use url::Url;
use uuid::Uuid;

use crate::web::{Page, Visitor};

/// The protected source whose client registers itself.
pub const SOURCE: &str = "incidents";
/// The protected source whose client was registered by hand.
pub const TICKETS: &str = "tickets";

const GLANCE: Duration = Duration::from_millis(200);
const FLOW: Duration = Duration::from_secs(10);
const JOB: Duration = Duration::from_secs(90);

/// One of the demo's people, in a browser of their own.
pub struct Person {
    /// As the provider knows them.
    pub name: &'static str,
    home: Url,
    browser: Visitor,
}

impl Person {
    /// Opens a browser.
    pub fn new(name: &'static str, home: &str) -> Result<Self> {
        Ok(Self { name, home: Url::parse(home)?, browser: Visitor::new() })
    }

    /// Signs in to AIQ Connect at the provider, and hands back whom AIQ Connect then sees.
    pub fn sign_in(&mut self) -> Result<String> {
        self.sign_in_to("/connections")
    }

    /// The same, ending at this path instead of the page, which need not have been built.
    pub fn sign_in_to(&mut self, path: &str) -> Result<String> {
        let start = self.home.join(&format!("/v1/auth/login?return_to={path}"))?;
        let page = self.through_the_provider(&start)?.expect(200)?;
        ensure!(page.url.path() == path, "signing in ended at {}", page.url);
        let session = self.get("/v1/auth/session")?.expect(200)?.json()?;
        let person = session["person"]["sub"].as_str();
        Ok(person.context("after signing in, AIQ Connect says that nobody is signed in")?.to_owned())
    }

    /// Connects the first source and hands back the state of the flow when it is over.
    pub fn connect(&mut self) -> Result<String> {
        self.connect_to(SOURCE)
    }

    /// Connects a source and hands back the state of the flow when it is over.
    pub fn connect_to(&mut self, source: &str) -> Result<String> {
        let flow = Uuid::new_v4();
        let launch = self.home.join(&format!("/v1/auth/mcp/{source}/connect?flow={flow}"))?;
        self.through_the_provider(&launch)?.expect(200)?;
        let deadline = Instant::now() + FLOW;
        loop {
            let answer = self.get(&format!("/v1/auth/mcp/{source}/status?flow={flow}"))?.expect(200)?.json()?;
            let state = answer["flow"]["state"].as_str().context("the answer names no state of the flow")?;
            if state != "pending" {
                return Ok(state.to_owned());
            }
            ensure!(Instant::now() < deadline, "the flow was still pending after its window was done");
            sleep(GLANCE);
        }
    }

    /// The status of the source in the listing.
    pub fn status(&mut self) -> Result<String> {
        let sources = self.get("/v1/data_sources")?.expect(200)?.json()?;
        let listed = sources.as_array().and_then(|sources| sources.iter().find(|source| source["id"] == SOURCE));
        let status = listed.context("the source is not listed")?["per_user_auth"]["status"].as_str();
        Ok(status.context("the source has no status")?.to_owned())
    }

    /// Sends a question about the first source; the answer is whatever the gate says.
    pub fn ask(&mut self, question: &str) -> Result<Page> {
        self.ask_of(&[SOURCE], question)
    }

    /// Sends a question about these sources; the answer is whatever the gate says.
    fn ask_of(&mut self, sources: &[&str], question: &str) -> Result<Page> {
        let body = json!({ "agent_type": "demo", "input": question, "data_sources": sources });
        self.post("/v1/jobs/async/submit", &body)
    }

    /// Sends a question about the first source that the gate has to take; the job's id.
    pub fn submit(&mut self, question: &str) -> Result<String> {
        self.submit_to(&[SOURCE], question)
    }

    /// Sends a question about these sources that the gate has to take; the job's id.
    pub fn submit_to(&mut self, sources: &[&str], question: &str) -> Result<String> {
        let answer = self.ask_of(sources, question)?;
        ensure!((200..300).contains(&answer.status), "submit answered {}: {}", answer.status, answer.body);
        let answer = answer.json()?;
        Ok(answer["job_id"].as_str().context("the answer to submit names no job")?.to_owned())
    }

    /// Waits until a worker has the job.
    pub fn until_running(&mut self, job: &str) -> Result<()> {
        self.until(job, |status| status == "running").map(drop)
    }

    /// Waits for the end of a job; its answer.
    pub fn report(&mut self, job: &str) -> Result<String> {
        let ended = self.until(job, |status| status == "success")?;
        let report = self.get(&format!("/v1/jobs/async/job/{job}/report"))?.expect(200)?.json()?;
        let text = report["report"].as_str();
        Ok(text.with_context(|| format!("the job ended ({ended}) without a report"))?.to_owned())
    }

    /// Where this address would send them, without going there.
    pub fn sent_to(&mut self, url: &Url) -> Result<Url> {
        self.browser.sent_to(url)
    }

    /// Forgets the source; the service's answer.
    pub fn disconnect(&mut self) -> Result<Value> {
        self.post(&format!("/v1/auth/mcp/{SOURCE}/disconnect"), &json!({}))?.expect(200)?.json()
    }

    fn until(&mut self, job: &str, wanted: impl Fn(&str) -> bool) -> Result<Value> {
        let deadline = Instant::now() + JOB;
        loop {
            let answer = self.get(&format!("/v1/jobs/async/job/{job}"))?.expect(200)?.json()?;
            let status = answer["status"].as_str().unwrap_or_default();
            if wanted(status) {
                return Ok(answer);
            }
            if !matches!(status, "submitted" | "running") {
                bail!("{}'s job is over: {answer}", self.name);
            }
            ensure!(Instant::now() < deadline, "{}'s job did not get on: {answer}", self.name);
            sleep(GLANCE);
        }
    }

    fn through_the_provider(&mut self, start: &Url) -> Result<Page> {
        let page = self.browser.follow(start)?;
        self.browser.walk(page, &self.home, &[("login", self.name), ("password", "any")])
    }

    fn get(&mut self, path: &str) -> Result<Page> {
        self.browser.fetch(&Method::GET, &self.home.join(path)?, None)
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Page> {
        self.browser.fetch(&Method::POST, &self.home.join(path)?, Some(body))
    }
}
