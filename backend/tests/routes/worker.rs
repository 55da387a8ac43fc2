//! `POST /v1/worker/tokens/resolve` and `POST /v1/worker/jobs`, on the workers' own listener.

mod answer;
mod behind;
mod jobs;
mod keeping;
mod never_old;
mod races;
mod refresh;
mod refusal;
mod rejection;

use aiq_connect::domain::LeaseOwner;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser},
    kept::{Kept, Place},
    provider::Provider,
    research::Research,
    service::Service,
};

/// Alice is connected, and a job of hers runs.
struct Bench {
    provider: Provider,
    service: Service,
    research: Research,
    alice: Browser,
    job: String,
}

impl Bench {
    async fn new() -> Self {
        Self::on(Kept::in_a_file).await
    }

    async fn on(place: Place) -> Self {
        let provider = Provider::start().await;
        let (service, research) = Service::with_research_at(&provider, place).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        let job = service.submit(&alice, &["incidents"]).await;
        Self { provider, service, research, alice, job }
    }

    fn question(&self, more: &Value) -> Value {
        let mut question = json!({"job_id": self.job, "mcp_server_id": "incidents"});
        for (name, value) in more.as_object().unwrap() {
            question[name] = value.clone();
        }
        question
    }

    async fn resolve(&self) -> Answer {
        self.service.resolve(self.question(&json!({}))).await
    }

    async fn token(&self) -> String {
        let answer = self.resolve().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Lets the access token lapse.
    async fn lapse(&self) {
        self.service.age(TimeDelta::hours(2)).await;
    }

    /// Another process takes the lease, says that it sends, and is not heard of again.
    async fn leave_a_lease(&self) -> bool {
        let (store, another) = (&self.service.store, LeaseOwner("another".into()));
        let grant = self.service.grant("alice", "incidents").await.unwrap();
        store.lease(grant.id, grant.version, &another, false).await.unwrap().is_some()
            && store.mark_in_doubt(grant.id, grant.version, &another).await.unwrap()
    }

    /// How many refreshes the provider saw.
    fn refreshes(&self) -> usize {
        self.provider.seen("/token").iter().filter(|seen| seen.form["grant_type"] == "refresh_token").count()
    }
}

fn sha256(token: &str) -> String {
    aiq_connect::vault::Secret::new(token).sha256_hex()
}
