//! `GET /v1/jobs/async/job/{id}/stream`, and `…/stream/{last event id}`

use std::sync::Arc;

use aiq_connect_shared::JobEvent;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Response, sse::Event},
};
use serde_json::json;

use super::{
    App,
    extract::Path,
    person::Person,
    problem::{ApiError, problem},
    stream::{self, Telling},
};
use crate::{
    connections::Ear,
    domain::JobId,
    jobs::{Frame, JobStream},
    timing,
};

/// The stream of the person's own job, from its beginning or after `Last-Event-ID`; 404 for anybody else's.
pub(super) async fn from_start(
    State(app): State<Arc<App>>,
    person: Person,
    Path(job): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    open(app, &person, JobId(job), last_event_id(&headers)).await
}

/// The same, after the event that the path names; the larger of path and header wins.
pub(super) async fn after(
    State(app): State<Arc<App>>,
    person: Person,
    Path((job, last)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Ok(last) = last.parse::<i64>() else {
        let message = "The last part of this address is the id of an event: a whole number.";
        return Err(ApiError::of(problem(StatusCode::BAD_REQUEST, "event_id_invalid", message)));
    };
    open(app, &person, JobId(job), last.max(last_event_id(&headers))).await
}

/// What browsers send when they open a stream anew (HTML, "Server-sent events"). What is no id of ours says nothing.
fn last_event_id(headers: &HeaderMap) -> i64 {
    let header = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    header.and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

async fn open(app: Arc<App>, person: &Person, job: JobId, after: i64) -> Result<Response, ApiError> {
    let stream = app.gate.stream(&person.session.principal, &job, after).await?;
    let ear = app.connections.listen(&person.id);
    Ok(stream::answer(app, person, News { stream, ear }))
}

struct News {
    stream: JobStream,
    /// Somebody who signs out is news too. And whoever listens is told what other processes change.
    ear: Ear,
}

impl Telling for News {
    async fn next(&mut self) -> Option<Option<Event>> {
        tokio::select! {
            frame = self.stream.next_frame() => frame.map(|frame| Some(event(&frame))),
            () = self.ear.heard() => Some(None),
        }
    }
}

fn event(frame: &Frame) -> Event {
    match frame {
        Frame::Mode => {
            let body = json!({"mode": "polling", "interval_ms": timing::STREAM_POLL.as_millis()});
            Event::default().event("stream.mode").data(body.to_string())
        }
        // Without an id: it would move the client's cursor.
        Frame::Status(seen) => {
            let mut body = json!({"status": seen.state});
            if let Some(error) = &seen.error {
                body["error"] = json!(error);
            }
            Event::default().event("job.status").data(body.to_string())
        }
        Frame::Event(id, event) => told(event).id(id.to_string()),
        // Without an id too: it is older than what was said last.
        Frame::Again(event) => told(event),
    }
}

fn told(event: &JobEvent) -> Event {
    let mut body = json!(event);
    if let Some(fields) = body.as_object_mut() {
        // The name says it already, as in AIQ's own frames.
        fields.remove("type");
    }
    Event::default().event(event.name()).data(body.to_string())
}
