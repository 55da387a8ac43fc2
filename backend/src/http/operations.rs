//! `/live` and `/health`

use std::sync::Arc;

use aiq_connect_shared::FaultCode;
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{App, problem::KEY_MISSING};
use crate::{
    config::KeySource,
    connections::Reach,
    domain::{JobId, ServerId},
    sealing,
    storage::StoreError,
    timing,
};

/// Something that does not work, or not as one would think.
#[derive(Serialize)]
struct Trouble {
    /// For machines.
    code: &'static str,
    /// For whoever looks. Says nothing that strangers may not know: no address, no cause, no name of a person.
    message: String,
}

/// This process answers.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "alive"}))
}

/// What works and what does not, in words. Only what keeps this process from serving anybody makes it `degraded`: a
/// provider that is away is no reason to take people's other sources from them.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let health = JobId("health".to_owned());
    let looked = tokio::time::timeout(timing::DATABASE_GLANCE, app.store.find_job(&health)).await;
    let database = matches!(looked, Ok(Ok(_)));
    // Another trouble of the database is told of as that.
    let is_sealing =
        !database || !matches!(sealing::sealer(app.store.as_ref(), &app.vault).await, Err(StoreError::KeyMissing(_)));
    let is_ready = database && is_sealing;
    let research = app.gate.research_answers().await;
    let mut problems = Vec::new();
    let mut trouble = |code, message: &str| problems.push(Trouble { code, message: message.to_owned() });
    if !database {
        trouble("database_unreachable", "The database does not answer: nothing can be connected, shown or used.");
    }
    if !is_sealing {
        trouble("key_missing", KEY_MISSING);
    }
    if research == Some(false) {
        trouble("research_service_unreachable", "The research service does not answer: no question can be sent.");
    }
    if app.config.worker.keys.is_empty() {
        trouble("workers_refused", "No worker key is configured: every worker is refused.");
    }
    if app.config.worker.insecure {
        trouble("worker_listener_insecure", "Workers are served over plain http, because the configuration says so.");
    }
    if !app.config.has_people() {
        trouble("personal_sources_off", "People cannot be told apart here, so personal sources are off.");
    }
    if let Some(failing) = app.sweeps.failing_for() {
        trouble("retention_failed", &format!("Old rows cannot be removed, for {} s now.", failing.as_secs()));
    }
    let mut servers = Map::new();
    for server in app.config.servers.keys() {
        servers.insert(server.to_string(), standing(&app, server, &mut problems).into());
    }

    let (status, word) =
        if is_ready { (StatusCode::OK, "healthy") } else { (StatusCode::SERVICE_UNAVAILABLE, "degraded") };
    let mut body = json!({
        "status": word,
        "db": if database { "ok" } else { "unreachable" },
        "encryption": {"ready": is_sealing, "mode": mode(&app)},
        "research": match research {
            None => "not configured",
            Some(true) => "ok",
            Some(false) => "unreachable",
        },
        "servers": servers,
        "problems": problems,
    });
    if !database {
        body["reason"] = "database_unreachable".into();
    } else if !is_sealing {
        body["reason"] = "key_missing".into();
    }
    (status, Json(body))
}

/// Where the keys are.
fn mode(app: &App) -> &'static str {
    match app.config.key {
        KeySource::Inline(_) => "variable",
        KeySource::File(_) => "file",
    }
}

/// What was last seen of the way to a server's sign-in, in a word; trouble is told in a sentence too.
fn standing(app: &App, server: &ServerId, problems: &mut Vec<Trouble>) -> &'static str {
    match app.connections.reachability().seen(server) {
        (Reach::Unknown, _) => "not asked yet",
        (Reach::Reachable { .. }, _) => "ok",
        (Reach::Broken { code, reference }, since) => {
            let what = if code == FaultCode::IdpUnreachable { "cannot be reached" } else { "does not work" };
            let seconds = since.as_secs();
            problems.push(Trouble {
                code: code.as_str(),
                message: format!(
                    "The sign-in of server `{server}` {what}, for {seconds} s now. The log tells why, at {reference}."
                ),
            });
            code.as_str()
        }
    }
}
