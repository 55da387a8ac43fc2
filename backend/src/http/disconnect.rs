//! `POST` and `DELETE /v1/auth/mcp/{source}/disconnect`

use std::sync::Arc;

use aiq_connect_shared::{AuthStatus, DisconnectAnswer};
use axum::{Json, extract::State};

use super::{App, extract::Path, person::Person, problem::ApiError};

/// Forgets the person's grant at once and tells the provider. Doing it twice is no error.
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    person: Person,
    Path(source): Path<String>,
) -> Result<Json<DisconnectAnswer>, ApiError> {
    let done = app.connections.disconnect(&person.id, &source).await?;
    Ok(Json(DisconnectAnswer {
        source_id: source,
        status: AuthStatus::Disconnected,
        revoked_at_provider: done.revoked_at_provider,
        jobs_affected: done.jobs_affected,
    }))
}
