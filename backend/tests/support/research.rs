//! A research service, as NAT's is: takes whatever comes, and authenticates nobody.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// One submission, as it arrived.
#[derive(Clone, Debug)]
pub struct Submitted {
    pub headers: HeaderMap,
    pub query: Option<String>,
    pub body: Value,
}

#[derive(Default)]
struct Desk {
    submitted: Vec<Submitted>,
    asked: Vec<HeaderMap>,
    jobs: HashMap<String, Value>,
    refuses: Option<StatusCode>,
    is_away: bool,
}

/// The service.
pub struct Research {
    pub origin: String,
    desk: Arc<Mutex<Desk>>,
}

impl Research {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::<Mutex<Desk>>::default();
        let router = Router::new()
            .route("/v1/workflow/async", post(submit))
            .route("/v1/workflow/async/job/{id}", get(job))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, desk }
    }

    pub fn submitted(&self) -> Vec<Submitted> {
        self.desk.lock().unwrap().submitted.clone()
    }

    /// The headers of every question for a job.
    pub fn asked(&self) -> Vec<HeaderMap> {
        self.desk.lock().unwrap().asked.clone()
    }

    /// The users that each job was submitted and asked for by.
    pub fn users(&self) -> HashMap<String, BTreeSet<String>> {
        let text = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
        let all = self.submitted().into_iter().map(|submitted| submitted.headers).chain(self.asked());
        let mut users = HashMap::<String, BTreeSet<String>>::new();
        for headers in all {
            users.entry(text(&headers, "x-aiq-connect-job")).or_default().insert(text(&headers, "cookie"));
        }
        users
    }

    pub fn refuse(&self, status: StatusCode) {
        self.desk.lock().unwrap().refuses = Some(status);
    }

    /// Answers no question for a job but with an error, until told otherwise.
    pub fn be_away(&self, away: bool) {
        self.desk.lock().unwrap().is_away = away;
    }

    pub fn forget(&self, job: &str) {
        self.desk.lock().unwrap().jobs.remove(job);
    }

    /// Ends a job with this text.
    pub fn finish(&self, job: &str, output: &str) {
        let done = json!({"job_id": job, "status": "success", "output": {"value": output}, "error": null,
            "created_at": "2026-01-01T00:00:00Z"});
        self.desk.lock().unwrap().jobs.insert(job.to_owned(), done);
    }
}

async fn submit(State(desk): State<Arc<Mutex<Desk>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Value = serde_json::from_slice(&axum::body::to_bytes(body, 1 << 20).await.unwrap()).unwrap();
    let mut desk = desk.lock().unwrap();
    let id = body["job_id"].as_str().unwrap().to_owned();
    let query = parts.uri.query().map(str::to_owned);
    desk.submitted.push(Submitted { headers: parts.headers, query, body });
    if let Some(status) = desk.refuses {
        return (status, "Traceback: secret of the research service").into_response();
    }
    desk.jobs.insert(id.clone(), json!({"job_id": id, "status": "running", "output": null, "error": null}));
    (StatusCode::ACCEPTED, Json(json!({"job_id": id, "status": "submitted"}))).into_response()
}

async fn job(State(desk): State<Arc<Mutex<Desk>>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.asked.push(headers);
    if desk.is_away {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    match desk.jobs.get(&id) {
        Some(job) => Json(job.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
