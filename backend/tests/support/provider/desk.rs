//! Token requests that a test answers by hand: what is done about each, when, and whether the answer arrives.

use std::{sync::Arc, time::Duration};

use axum::{http::HeaderMap, response::Response};
use tokio::sync::{mpsc, oneshot};

use super::{
    tokens::{self, Fields},
    world::{TokenFault, World},
};

/// How long a request is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where token requests wait for the test, in the order in which they came.
pub struct Desk {
    pub(super) waiting: mpsc::UnboundedReceiver<Held>,
    pub(super) world: Arc<World>,
}

/// A request of which nothing was done yet. Dropped, its connection breaks.
pub struct Held {
    world: Arc<World>,
    headers: HeaderMap,
    form: Fields,
    answer: oneshot::Sender<Response>,
}

/// A request that was done: the provider has changed, and whoever asked does not know it yet. Dropped, they never will.
pub struct Done {
    answer: oneshot::Sender<Response>,
    response: Response,
}

impl Desk {
    /// The next request.
    pub async fn next(&mut self) -> Held {
        let next = tokio::time::timeout(PATIENCE, self.waiting.recv()).await;
        next.unwrap().unwrap()
    }

    /// Whether no further request has come.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// From here on requests are answered as they come; those that wait lose their connections.
impl Drop for Desk {
    fn drop(&mut self) {
        self.world.faults.lock().unwrap().desk = None;
    }
}

impl Held {
    /// Does it. Whether whoever asked is still there makes no difference, as in the field.
    pub fn serve(self) -> Done {
        let response = tokens::work(&self.world, &self.headers, &self.form);
        Done { answer: self.answer, response }
    }

    /// Does something else instead.
    pub fn refuse(self, fault: TokenFault) {
        let response = tokens::refused(fault).unwrap();
        drop(self.answer.send(response));
    }

    /// One field of the request.
    pub fn field(&self, name: &str) -> &str {
        &self.form[name]
    }
}

impl Done {
    /// Sends the answer; whoever asked may be gone.
    pub fn send(self) {
        drop(self.answer.send(self.response));
    }
}

/// Brings a request to the desk, and what becomes of it back.
pub(super) async fn hold(
    desk: &mpsc::UnboundedSender<Held>,
    world: &Arc<World>,
    headers: HeaderMap,
    form: Fields,
) -> Response {
    let (answer, answered) = oneshot::channel();
    drop(desk.send(Held { world: Arc::clone(world), headers, form, answer }));
    answered.await.unwrap_or_else(|_| tokens::broken())
}
