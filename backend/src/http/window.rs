//! The small pages in sign-in windows: plain HTML, one style sheet, one tiny script.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use super::{extract::Path, headers::WINDOW_POLICY, problem::problem};

/// How long a success stays on screen, in milliseconds.
const CLOSES_AFTER: &str = "1200";

/// One page.
#[derive(Default)]
pub(super) struct Window<'a> {
    pub status: StatusCode,
    pub heading: String,
    /// Sentences; escaped when written.
    pub text: Vec<String>,
    /// The log line's name.
    pub reference: Option<&'a str>,
    /// Label and address of the one thing to do.
    pub action: Option<(String, String)>,
    /// Where the person came from, if not from a page that waits behind this window.
    pub back: Option<String>,
    /// Where the window goes on without what stands here.
    pub skip: Option<String>,
    /// Which flows ended, the latest last, so that the opener asks the server again.
    pub ended: Vec<Ended<'a>>,
    /// Whether closing the window is all that is left to do.
    pub closable: bool,
}

/// A flow that ended here.
pub(super) struct Ended<'a> {
    pub flow: String,
    pub source: &'a str,
    pub ok: bool,
    /// Our own origin: the only one that is told.
    pub origin: String,
}

impl IntoResponse for Window<'_> {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(WINDOW_POLICY)),
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        ];
        let mut response = (self.status, headers, self.markup().into_string()).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl Window<'_> {
    fn markup(&self) -> Markup {
        let latest = self.ended.last();
        // One word for each flow, in the same order.
        let words = |word: &dyn Fn(&Ended<'_>) -> String| {
            latest.map(|_| self.ended.iter().map(word).collect::<Vec<_>>().join(" "))
        };
        let is_all_done = self.action.is_none() && !self.ended.is_empty() && self.ended.iter().all(|ended| ended.ok);
        let (class, mark) = match latest {
            Some(ended) if ended.ok => ("is-good", "✓"),
            _ if self.status.is_success() => ("is-quiet", "○"),
            _ => ("is-bad", "▲"),
        };
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.heading) " · AI-Q" }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href="/window/window.css";
                    script type="module" src="/window/window.js" {}
                }
                body class=(class)
                    data-flow=[words(&|ended| ended.flow.clone())]
                    data-source=[words(&|ended| ended.source.to_owned())]
                    data-ok=[words(&|ended| ended.ok.to_string())]
                    data-origin=[latest.map(|ended| ended.origin.as_str())]
                    data-closes=[is_all_done.then_some(CLOSES_AFTER)] {
                    main role="status" {
                        span class="mark" aria-hidden="true" { (mark) }
                        h1 tabindex="-1" { (self.heading) }
                        @for sentence in &self.text { p { (sentence) } }
                        @if let Some(reference) = self.reference {
                            p class="reference" { "Reference " (reference) }
                        }
                        div class="actions" {
                            @if let Some((label, address)) = &self.action {
                                a class="action" href=(address) { (label) }
                            }
                            @if let Some(address) = &self.skip {
                                a class="action is-quiet" href=(address) { "Skip" }
                            }
                            @if let Some(path) = &self.back {
                                a class="action is-quiet" href=(path) { "Back to AI-Q" }
                            }
                            @if self.closable {
                                button type="button" class="action is-quiet" data-close { "Close window" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /window/{file}`
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let (media_type, body) = match name.as_str() {
        "window.css" => ("text/css; charset=utf-8", include_str!("window/window.css")),
        "window.js" => ("text/javascript; charset=utf-8", include_str!("window/window.js")),
        _ => return problem(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address."),
    };
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}
