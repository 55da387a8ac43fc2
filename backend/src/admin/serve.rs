//! `aiq-connect serve`

use std::path::Path;

use tokio::signal::unix::{SignalKind, signal};

use super::{AdminError, Ended, configured};
use crate::{
    app::Service,
    config::{Database, Environment},
    storage::{Opened, Place},
    telemetry,
};

/// Serves until SIGINT or SIGTERM. Without `migrates`, a database of an older schema is refused and left as it is.
pub async fn serve(named: Option<&Path>, migrates: bool, environment: &dyn Environment) -> Result<Ended, AdminError> {
    telemetry::start(environment);
    let (_, config) = configured(named, environment)?;
    // Listened for from here on: whoever stops us while we start, or right after, finds us listening.
    let mut stop = std::pin::pin!(interrupted()?);
    let starting = async {
        if !migrates {
            refuse_older(&config.database).await?;
        }
        Ok::<_, AdminError>(Service::assemble(config).await?)
    };
    // A start may wait for its database for a while.
    let service = tokio::select! {
        service = starting => service?,
        () = &mut stop => return Ok(Ended::Well),
    };
    service.serve(stop).await?;
    Ok(Ended::Well)
}

async fn refuse_older(database: &Database) -> Result<(), AdminError> {
    let schema = Opened::schema(database, true).await?;
    if !schema.is_complete {
        let place = Place(database).to_string();
        return Err(AdminError::OlderSchema { place, found: schema.found, needed: schema.needed });
    }
    Ok(())
}

/// SIGINT or SIGTERM.
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
