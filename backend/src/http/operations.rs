//! `/live` and `/health`

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};

use super::App;
use crate::{connections::Reach, domain::JobId};

/// This process answers.
pub(super) async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({"status": "alive"}))
}

/// What works and what does not, in words. A provider that is away degrades nothing here: only the database does.
pub(super) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<serde_json::Value>) {
    let database = app.store.find_job(&JobId("health".to_owned())).await;
    let servers: serde_json::Map<String, serde_json::Value> = app
        .config
        .servers
        .keys()
        .map(|server| {
            let word = match app.connections.reachability().of(server) {
                Reach::Unknown => "not asked yet",
                Reach::Reachable { .. } => "ok",
                Reach::Broken { code, .. } => code.as_str(),
            };
            (server.to_string(), word.into())
        })
        .collect();
    let (status, word, database) = match database {
        Ok(_) => (StatusCode::OK, "healthy", "ok"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "degraded", "unreachable"),
    };
    (status, Json(serde_json::json!({"status": word, "db": database, "servers": servers})))
}
