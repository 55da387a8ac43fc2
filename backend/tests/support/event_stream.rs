//! A page's `EventSource`, frame by frame.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request, StatusCode},
};
use futures_util::StreamExt;
use serde_json::Value;

use super::{PATIENCE, browser::Browser};

/// One frame, or a comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// If it is a number.
    pub id: Option<i64>,
    pub event: String,
    pub data: Value,
}

/// An open stream.
pub struct EventStream {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The last id as it was sent, and the pause that was asked for before the stream is opened anew, in milliseconds.
    pub last_id: Option<String>,
    pub retry: Option<u64>,
    body: BodyDataStream,
    text: String,
}

impl EventStream {
    /// Opens a job's stream; `more` is what follows `/stream`.
    pub async fn open(browser: &Browser, job: &str, more: &str, headers: &[(&str, &str)]) -> Self {
        Self::open_at(browser, &format!("/v1/jobs/async/job/{job}/stream{more}"), headers).await
    }

    /// Opens any stream.
    pub async fn open_at(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, body) = browser.begin(request.body(Body::empty()).unwrap()).await.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            last_id: None,
            retry: None,
            body: body.into_data_stream(),
            text: String::new(),
        }
    }

    /// The next frame, comments aside; `None` when the stream has ended. Comments are said all the time, so they do not
    /// make the wait longer.
    pub async fn next(&mut self) -> Option<Frame> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, lines, rest) = (parse(frame), frame.to_owned(), rest.to_owned());
                self.text = rest;
                for line in lines.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => self.last_id = Some(id.to_owned()),
                        Some(("retry", pause)) => self.retry = Some(pause.parse().unwrap()),
                        _ => {}
                    }
                }
                match frame {
                    Some(frame) => return Some(frame),
                    None => continue,
                }
            }
            let Ok(piece) = tokio::time::timeout_at(deadline, self.body.next()).await else {
                panic!("the stream says nothing for {PATIENCE:?}")
            };
            self.text += std::str::from_utf8(&piece?.unwrap()).unwrap();
        }
    }

    /// The next frame of that name; those before it are passed over.
    pub async fn until(&mut self, event: &str) -> Frame {
        loop {
            let frame = self.next().await;
            let frame = frame.unwrap_or_else(|| panic!("the stream ended without {event}"));
            if frame.event == event {
                return frame;
            }
        }
    }

    /// Everything that is said within that time.
    pub async fn within(&mut self, time: Duration) -> Vec<Frame> {
        let (mut frames, deadline) = (Vec::new(), tokio::time::Instant::now() + time);
        while let Ok(Some(frame)) = tokio::time::timeout_at(deadline, self.next()).await {
            frames.push(frame);
        }
        frames
    }

    /// Everything that is said until the end.
    pub async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }
}

fn parse(text: &str) -> Option<Frame> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = field("data")?;
    Some(Frame {
        id: field("id").and_then(|id| id.parse().ok()),
        event: field("event").unwrap_or("message").to_owned(),
        data: serde_json::from_str(data).unwrap(),
    })
}
