//! Server-sent events for a person: as long as they are signed in, and the service runs.

use std::{convert::Infallible, sync::Arc};

use axum::response::{IntoResponse, Response, Sse, sse::Event};
use futures_util::stream;
use tokio::time::Instant;

use super::{App, person::Person, presence::Presence};
use crate::timing;

/// What a stream has to tell.
pub(super) trait Telling: Send + 'static {
    /// The next event, or `Some(None)`: something of the person changed, if only that they signed out, and there is
    /// nothing to tell of it. `None`: there is nothing more to tell. Loses nothing when it is dropped while it waits.
    fn next(&mut self) -> impl Future<Output = Option<Option<Event>>> + Send;
}

/// An open stream. Nothing runs for it while it has nothing to tell.
struct Open<T> {
    app: Arc<App>,
    telling: T,
    presence: Presence,
}

/// The answer. It ends when the telling does, when the person signs out or what made them known ends, and with the
/// service.
pub(super) fn answer<T: Telling>(app: Arc<App>, person: &Person, telling: T) -> Response {
    let open = Open { presence: Presence::of(person), app, telling };
    let events = stream::unfold(open, |mut open| async {
        let event = open.next().await?;
        Some((Ok::<_, Infallible>(event), open))
    });
    // Proxies that gather answers would keep the news back.
    ([("x-accel-buffering", "no")], Sse::new(events)).into_response()
}

impl<T: Telling> Open<T> {
    async fn next(&mut self) -> Option<Event> {
        let silent_until = Instant::now() + timing::STREAM_KEEPALIVE;
        let end = self.presence.left(&self.app).map(|left| Instant::now() + left);
        loop {
            let event = tokio::select! {
                // A service that stops does not wait for streams, which could stay open for hours.
                () = self.app.stopped() => return None,
                () = tokio::time::sleep_until(end.unwrap_or(silent_until)), if end.is_some() => return None,
                event = self.telling.next() => event?,
                () = tokio::time::sleep_until(silent_until) => Some(Event::default().comment("keepalive")),
            };
            if self.presence.is_over(&self.app).await {
                return None;
            }
            if event.is_some() {
                return event;
            }
        }
    }
}
