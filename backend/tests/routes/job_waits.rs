//! Jobs that wait for their owners: a worker's held question, and `POST …/job/{id}/waits/{source}`.

mod acts;
mod ends;
mod held;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{
    browser::{Answer, Browser},
    event_stream::EventStream,
    logs,
    provider::{Provider, TokenFault},
    research::Research,
    service::{Service, Wishes},
    until,
};

/// Alice is connected, and a job of hers runs.
pub(super) struct Bench {
    pub provider: Provider,
    pub service: Service,
    pub research: Research,
    pub alice: Browser,
    pub job: String,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with("").await
    }

    pub async fn with(settings: &str) -> Self {
        let (provider, research) = (Provider::start().await, Research::start().await);
        let wishes =
            Wishes { upstream: Some(research.origin.clone()), settings: settings.to_owned(), ..Wishes::default() };
        let service = Service::with(&provider, wishes).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        let job = service.submit(&alice, &["incidents"]).await;
        Self { provider, service, research, alice, job }
    }

    /// The provider ends Alice's grant, and a worker's next question finds out.
    pub async fn revoke(&self) {
        self.service.age(TimeDelta::hours(2)).await;
        self.provider.set(|faults| faults.token_always = Some(TokenFault::InvalidGrant));
    }

    pub async fn reconnect(&self) {
        self.provider.set(|faults| faults.token_always = None);
        self.service.connect(&self.provider, &self.alice, "incidents").await;
    }

    pub async fn resolve(&self) -> Answer {
        resolve(&self.service, &self.job, 0).await
    }

    /// A worker that asks, is told to wait, and waits.
    pub async fn waiting_worker(self: &Arc<Self>) -> JoinHandle<Answer> {
        let answer = self.resolve().await;
        assert!(waits_until(&answer).is_some(), "{answer:?}");
        let bench = Arc::clone(self);
        tokio::spawn(async move { resolve(&bench.service, &bench.job, 25).await })
    }

    pub async fn stream(&self) -> EventStream {
        EventStream::open(&self.alice, &self.job, "", &[]).await
    }

    pub async fn act(&self, action: &str) -> Answer {
        act(&self.alice, &self.job, action).await
    }

    /// The names of all events that were told of the job.
    pub async fn told(&self) -> Vec<String> {
        let mut stream = self.stream().await;
        let frames = stream.within(Duration::from_millis(300)).await;
        frames.into_iter().filter(|frame| frame.id.is_some()).map(|frame| frame.event).collect()
    }
}

pub(super) async fn resolve(service: &Service, job: &str, wait_seconds: u32) -> Answer {
    service.resolve(json!({"job_id": job, "mcp_server_id": "incidents", "wait_seconds": wait_seconds})).await
}

pub(super) async fn act(browser: &Browser, job: &str, action: &str) -> Answer {
    browser.post(&format!("/v1/jobs/async/job/{job}/waits/incidents"), json!({"action": action})).await
}

/// Until when a 409 lets the worker wait.
pub(super) fn waits_until(answer: &Answer) -> Option<DateTime<Utc>> {
    assert_eq!(answer.status, 409, "{}", answer.body);
    serde_json::from_value(answer.json()["waits_until"].clone()).unwrap()
}

/// A 409 that says: go on without, for this reason.
pub(super) fn gives_up(answer: &Answer, reason: &str) {
    assert_eq!((waits_until(answer), &answer.json()["reason"]), (None, &json!(reason)), "{}", answer.body);
}

pub(super) fn ended(bench: &Bench, reason: &Value) -> Value {
    json!({
        "job_id": bench.job, "source_id": "incidents", "source_name": "Team Incidents",
        "mcp_server_id": "incidents", "reason": reason,
    })
}

/// Waits until as many questions are held as that.
pub(super) async fn held(job: &str, workers: &[JoinHandle<Answer>]) {
    let is_held = |line: &&str| line.contains("a worker's question is held") && line.contains(job);
    until("they are held", || async { logs::so_far().lines().filter(is_held).count() >= workers.len() }).await;
    assert!(workers.iter().all(|worker| !worker.is_finished()));
}
