//! The golden bodies of the contract are what the real routers send: the same keys, types and words.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::{
    identity, job_waits,
    support::{
        browser::Browser,
        event_stream::EventStream,
        golden::{assert_shape, golden, shape},
        provider::{Consent, Provider, TokenFault},
        research::Research,
        service::{Service, WORKER_KEY, Wishes, path_of},
        until,
    },
};

const STATUS: &str = "/v1/auth/mcp/incidents/status";
const CONNECT: &str = "/v1/auth/mcp/incidents/connect";
const DISCONNECT: &str = "/v1/auth/mcp/incidents/disconnect";
const SUBMIT: &str = "/v1/jobs/async/submit";

struct Bench {
    provider: Provider,
    service: Service,
    research: Research,
    alice: Browser,
}

impl Bench {
    async fn new() -> Self {
        let provider = Provider::start().await;
        let (service, research) = Service::with_research(&provider).await;
        let alice = service.sign_in("alice").await;
        Self { provider, service, research, alice }
    }

    async fn connected() -> Self {
        let bench = Self::new().await;
        bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
        bench
    }

    async fn get(&self, path: &str) -> Value {
        self.alice.get(path).await.json()
    }

    async fn block(&self) -> Value {
        self.service.listed(&self.alice, "incidents").await["per_user_auth"].clone()
    }
}

#[tokio::test]
async fn who_is_here_and_who_is_not() {
    let bench = Bench::new().await;
    assert_shape(&bench.get("/v1/auth/session").await, "session");
    let nobody = bench.service.browser();
    assert_shape(&nobody.get("/v1/auth/session").await.json(), "session_nobody");
    assert_shape(&nobody.get("/v1/data_sources").await.json(), "unauthenticated");
    assert_shape(&bench.get("/v1/auth/mcp/nothing/status").await, "problem");
}

#[tokio::test]
async fn connecting_disconnecting_and_polling() {
    let bench = Bench::new().await;
    let alice = &bench.alice;
    assert_shape(&alice.post(DISCONNECT, json!({})).await.json(), "disconnect_nothing");
    let announced = alice.post(CONNECT, json!({})).await.json();
    assert_shape(&announced, "connect");
    let flow = announced["flow_id"].as_str().unwrap().to_owned();
    let cancelled = alice.delete(&format!("/v1/auth/mcp/incidents/flows/{flow}")).await;
    assert_shape(&cancelled.json(), "flow_cancelled");

    let flow = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";
    let launched = alice.follow(&format!("{CONNECT}?flow={flow}")).await.location();
    alice.arrive(&path_of(&bench.provider.walk(&launched, Consent::Refused).await)).await;
    assert_shape(&bench.get(&format!("{STATUS}?flow={flow}")).await, "status_failed");

    let flow = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b12";
    let launched = alice.follow(&format!("{CONNECT}?flow={flow}")).await.location();
    alice.arrive(&path_of(&bench.provider.walk(&launched, Consent::Given).await)).await;
    assert_shape(&bench.get(&format!("{STATUS}?flow={flow}")).await, "status");
    assert_shape(&alice.post(CONNECT, json!({})).await.json(), "connect_connected");
    bench.service.submit(alice, &["incidents"]).await;
    assert_shape(&alice.post(DISCONNECT, json!({})).await.json(), "disconnect");
}

#[tokio::test]
async fn what_blocks_a_submission() {
    let bench = Bench::new().await;
    let asked = golden("request_preflight");
    let refused = bench.alice.post("/v1/auth/mcp/preflight", asked.clone()).await;
    assert_eq!(refused.status, 409);
    assert_shape(&refused.json(), "blocked");
    let refused = bench.alice.post(SUBMIT, golden("request_submit")).await;
    assert_eq!(refused.status, 409);
    assert_shape(&refused.json(), "blocked");

    let bench = Bench::connected().await;
    revoke(&bench).await;
    let refused = bench.alice.post("/v1/auth/mcp/preflight", asked).await;
    assert_shape(&refused.json(), "blocked_fault");
}

#[tokio::test]
async fn a_job_from_its_submission_to_its_report() {
    let bench = Bench::connected().await;
    let submitted = bench.alice.post(SUBMIT, golden("request_submit")).await;
    assert_eq!(submitted.status, 200, "{}", submitted.body);
    let submitted = submitted.json();
    assert_shape(&submitted, "submitted");
    let job = submitted["job_id"].as_str().unwrap();
    let path = format!("/v1/jobs/async/job/{job}");
    assert_shape(&bench.get(&format!("{path}/report")).await, "job_report_not_yet");

    let mut question = golden("request_worker_token");
    for hash in ["known_sha256", "rejected_sha256", "challenge", "wait_seconds"] {
        question.as_object_mut().unwrap().remove(hash);
    }
    question["job_id"] = job.into();
    assert_shape(&bench.service.resolve(question.clone()).await.json(), "worker_token");
    bench.service.age(TimeDelta::hours(2)).await;
    bench.provider.set(|faults| faults.token_always = Some(TokenFault::Unavailable));
    let unreachable = bench.service.resolve(question.clone()).await;
    assert_eq!(unreachable.status, 503);
    assert_shape(&unreachable.json(), "worker_unreachable");
    bench.provider.set(|faults| faults.token_always = None);
    bench.alice.post(DISCONNECT, json!({})).await;
    let refused = bench.service.resolve(question).await;
    assert_eq!(refused.status, 409);
    assert_shape(&refused.json(), "worker_reconnect_required");

    bench.research.finish(job, "Two incidents are open.");
    assert_shape(&bench.get(&path).await, "job_status");
    assert_shape(&bench.get(&format!("{path}/report")).await, "job_report");
}

#[tokio::test]
async fn a_job_that_waits_from_its_first_event_to_its_last() {
    let bench = job_waits::Bench::new().await;
    let [required, restored, skipped] = &golden("job_events").as_array().unwrap().clone()[..] else { panic!("three") };
    let mut stream = bench.stream().await;
    bench.revoke().await;
    let refused = bench.resolve().await;
    assert_eq!(refused.status, 409);
    assert_shape(&refused.json(), "worker_waits");
    is_event(&mut stream, required).await;
    let extended = bench.act("extend").await;
    assert_eq!(extended.status, 200, "{}", extended.body);
    assert_shape(&extended.json(), "job_wait");
    bench.reconnect().await;
    is_event(&mut stream, restored).await;

    bench.revoke().await;
    bench.resolve().await;
    assert_eq!(bench.alice.post(&waits(&bench.job), golden("request_wait")).await.status, 200);
    is_event(&mut stream, skipped).await;
    assert_shape(&bench.alice.post(&waits(&bench.job), golden("request_wait")).await.json(), "wait_over");
}

fn waits(job: &str) -> String {
    format!("/v1/jobs/async/job/{job}/waits/incidents")
}

/// Fails unless the next event of that name has the golden one's data.
async fn is_event(stream: &mut EventStream, expected: &Value) {
    let mut data = expected.clone();
    let name = data.as_object_mut().unwrap().remove("type").unwrap();
    let frame = stream.until(name.as_str().unwrap()).await;
    assert_eq!(shape(&frame.data, ""), shape(&data, ""), "{name}: {}", frame.data);
}

#[tokio::test]
async fn a_job_that_a_worker_registers() {
    let bench = identity::Bench::new().await;
    bench.service.connect(&bench.provider, &bench.browser_of("alice"), "incidents").await;
    let mut body = golden("request_worker_job");
    body["subject_token"] = bench.issuer.token("alice").into();
    let key = format!("Bearer {WORKER_KEY}");
    let answer = bench.service.worker_asks("/v1/worker/jobs", &[("authorization", &key)], body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_shape(&answer.json(), "job_registered");
}

/// Ends the grant at the provider, and lets a job find out.
async fn revoke(bench: &Bench) {
    let job = bench.service.submit(&bench.alice, &["incidents"]).await;
    bench.service.age(TimeDelta::hours(2)).await;
    bench.provider.set(|faults| faults.token_always = Some(TokenFault::InvalidGrant));
    bench.service.resolve(json!({"job_id": job, "mcp_server_id": "incidents"})).await;
}

/// Fails unless the block has the shape of that row of `data_sources_states.json`.
fn is_row(block: &Value, id: &str) {
    let rows = golden("data_sources_states");
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(shape(block, ""), shape(&row["per_user_auth"], ""), "{id}");
}

async fn reaches(service: &Service, word: &str) {
    until("the service has looked at its provider", || async {
        service.browser().get("/health").await.json()["servers"]["incidents"] == word
    })
    .await;
}

#[tokio::test]
async fn rows_that_wait_lapse_or_were_ended() {
    let bench = Bench::new().await;
    bench.alice.follow(CONNECT).await;
    reaches(&bench.service, "ok").await;
    is_row(&bench.block().await, "servicenow");

    let bench = Bench::connected().await;
    revoke(&bench).await;
    is_row(&bench.block().await, "github");

    let provider = Provider::start().await;
    provider.set(|faults| faults.gives_refresh_tokens = false);
    let service = Service::start(&provider).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    service.age(TimeDelta::hours(2)).await;
    is_row(&service.listed(&alice, "incidents").await["per_user_auth"], "salesforce");
}

#[tokio::test]
async fn rows_whose_provider_is_away() {
    let provider = Provider::start().await;
    let service = Service::start(&provider).await;
    let (alice, bob) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.connect(&provider, &alice, "incidents").await;
    provider.set(|faults| faults.metadata_unavailable = true);
    let service = service.another_process().await;
    reaches(&service, "idp_unreachable").await;
    is_row(&service.listed(&service.same_person(&alice), "incidents").await["per_user_auth"], "gdrive");
    is_row(&service.listed(&service.same_person(&bob), "incidents").await["per_user_auth"], "sharepoint");
}

#[tokio::test]
async fn rows_that_lack_permissions_or_were_turned_off() {
    let provider = Provider::start().await;
    provider.set(|faults| faults.granted_scope = Some("rows:read"));
    let settings = "  servers: {incidents: {scopes: [rows:read, rows:write], scope_labels: {\"rows:read\": Read your \
                    rows, \"rows:write\": Change your rows}}}\n  sources: {tickets: {disabled: true}}\n";
    let service = Service::with(&provider, Wishes { settings: settings.to_owned(), ..Wishes::default() }).await;
    let alice = service.sign_in("alice").await;
    service.connect(&provider, &alice, "incidents").await;
    is_row(&service.listed(&alice, "incidents").await["per_user_auth"], "jira");
    until("both were looked at", || async {
        service.browser().get("/health").await.json()["servers"]["tickets"] == "ok"
    })
    .await;
    is_row(&service.listed(&alice, "tickets").await["per_user_auth"], "crm");
}
