//! `GET /v1/auth/mcp/events`: hints that the listing is another one.

use std::sync::Arc;

use aiq_connect_shared::Changed;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Response, sse::Event},
};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    App,
    listing::{Listing, is_named, unwritten},
    person::Person,
    problem::{ApiError, problem},
    same_site,
    stream::{self, Telling},
};
use crate::{
    connections::Ear,
    domain::PrincipalId,
    jobs::Seat,
    timing::{EVENTS_AGAIN, EVENTS_PAUSE, EVENTS_RETRY},
};

/// Streams of one person at one process. A page needs one for all of its tabs; whoever has that many open asks instead.
pub const MOST_STREAMS: usize = 16;

/// `?etag=`: the version that the page has.
#[derive(Deserialize)]
pub(super) struct Known {
    etag: Option<String>,
}

/// Says once when the listing is another one than the page has, and then at every change. Nothing is stored: the page
/// reads the listing anew whenever it hears this or anything opens again.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    person: Person,
    Query(known): Query<Known>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !same_site::may_listen(&app, &headers) {
        let message = "This request does not come from a page of this service.";
        return Err(ApiError::of(problem(StatusCode::FORBIDDEN, "cross_site", message)));
    }
    let Some(seat) = app.event_seats.take(person.id.clone()) else { return Err(too_many()) };
    // First listen, then look.
    let ear = app.connections.listen(&person.id);
    let sources = app.connections.data_sources(&person.id).await?;
    let listing = Listing::of(&app, &sources).map_err(|_| ApiError::of(unwritten()))?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let is_known = [known.etag.as_deref(), last].into_iter().flatten().any(|names| is_named(&listing.etag, names));
    let greeting = greeting(&app, (!is_known).then_some(&listing));
    let telling = News {
        app: Arc::clone(&app),
        person: person.id.clone(),
        ear,
        greeting: Some(greeting),
        told: Told { etag: listing.etag, parts: listing.parts },
        not_before: Instant::now() + EVENTS_PAUSE,
        is_due: false,
        _seat: seat,
    };
    Ok(stream::answer(app, &person, telling))
}

fn too_many() -> ApiError {
    let message = "You have too many of these streams open. Close some pages of this service; until then, ask by \
                   `GET /v1/data_sources`.";
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", message);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
    ApiError::of(response)
}

/// The first thing said, whatever there is to say: it gets the head of the answer through proxies. And how long to
/// wait before opening the stream anew, differently long for each.
fn greeting(app: &App, listing: Option<&Listing>) -> Event {
    let [byte] = app.chance.bytes::<1>();
    let (shortest, more) = EVENTS_RETRY;
    let event = Event::default().retry(shortest + more * u32::from(byte) / 255);
    match listing {
        Some(listing) => {
            let sources = listing.parts.iter().map(|(id, _)| id.clone()).collect();
            hint(event, sources, &listing.etag)
        }
        None => event.comment("nothing changed"),
    }
}

fn hint(event: Event, sources: Vec<String>, etag: &str) -> Event {
    let changed = Changed { sources, etag: etag.to_owned() };
    // What was last said comes back as `Last-Event-ID`.
    event.id(etag).event("changed").data(serde_json::json!(changed).to_string())
}

/// What was said last.
struct Told {
    etag: String,
    parts: Vec<(String, [u8; 8])>,
}

struct News {
    app: Arc<App>,
    person: PrincipalId,
    ear: Ear,
    greeting: Option<Event>,
    told: Told,
    /// Many changes at once are one look.
    not_before: Instant,
    /// A look is owed.
    is_due: bool,
    _seat: Seat,
}

impl Telling for News {
    async fn next(&mut self) -> Option<Option<Event>> {
        if let Some(greeting) = self.greeting.take() {
            return Some(Some(greeting));
        }
        loop {
            if !self.is_due {
                self.ear.heard().await;
                self.is_due = true;
            }
            tokio::time::sleep_until(self.not_before).await;
            self.ear.forget();
            let looked = self.look().await;
            let Ok(listing) = looked else {
                // The database is away, and whoever looks for changes has said so.
                self.not_before = Instant::now() + EVENTS_AGAIN;
                continue;
            };
            (self.not_before, self.is_due) = (Instant::now() + EVENTS_PAUSE, false);
            return Some((listing.etag != self.told.etag).then(|| self.tell(listing)));
        }
    }
}

impl News {
    async fn look(&self) -> Result<Listing, ()> {
        let sources = self.app.connections.data_sources(&self.person).await.map_err(drop)?;
        Listing::of(&self.app, &sources).map_err(drop)
    }

    fn tell(&mut self, listing: Listing) -> Event {
        let new = listing.parts.iter().filter(|part| !self.told.parts.contains(part));
        let event = hint(Event::default(), new.map(|(id, _)| id.clone()).collect(), &listing.etag);
        self.told = Told { etag: listing.etag, parts: listing.parts };
        event
    }
}
