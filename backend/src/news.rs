//! News from other processes: the database tells of them where it can, and its serials are looked at in any case. One
//! of each per process, however many listen.

mod glance;
mod hear;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    connections::{Connections, Listeners},
    domain::PrincipalId,
    storage::ChangeStore,
};

/// Tells the listeners of this process what others changed. Never ends by itself, and survives the database.
pub async fn follow(connections: Arc<Connections>, changes: Arc<dyn ChangeStore>) {
    follow_for(connections.listeners(), &|person| connections.heard(person), &*changes).await;
}

/// Whom to tell of a change.
type Tell<'a> = &'a (dyn Fn(&PrincipalId) + Sync);

async fn follow_for(listeners: &Listeners, tell: Tell<'_>, changes: &dyn ChangeStore) {
    let (is_told, told) = watch::channel(false);
    tokio::join!(hear::on(listeners, tell, changes, &is_told), glance::again_and_again(listeners, tell, changes, told));
}
