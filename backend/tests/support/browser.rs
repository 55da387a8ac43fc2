//! A person's browser: keeps cookies, says where requests come from, and follows nothing by itself.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::Response,
};
use reqwest::Url;
use serde_json::Value;
use tower::ServiceExt;

use super::service::PUBLIC;

/// Our own sign-in session's cookie, and the one that ties a flow to a browser.
pub const SESSION: &str = "__Host-aiq-connect-session";
pub const BROWSER: &str = "__Host-aiq-connect";

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// One header, as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn location(&self) -> Url {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        Url::parse(PUBLIC).unwrap().join(self.header("location")).unwrap()
    }

    /// The page's heading.
    pub fn heading(&self) -> &str {
        between(&self.body, "<h1 tabindex=\"-1\">", "</h1>")
    }

    /// Where the page's one link leads.
    pub fn link(&self) -> String {
        between(&self.body, "<a class=\"action\" href=\"", "\"").replace("&amp;", "&")
    }

    /// The page's sentences.
    pub fn sentences(&self) -> Vec<&str> {
        self.body.split("<p>").skip(1).map(|rest| rest.split("</p>").next().unwrap()).collect()
    }

    /// An attribute of the page's body.
    pub fn data(&self, name: &str) -> &str {
        between(&self.body, &format!("data-{name}=\""), "\"")
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found).unwrap_or_default()
}

/// What came back to whom, for a search over a whole journey.
pub type Bodies = Arc<Mutex<Vec<String>>>;

/// A browser.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    bodies: Bodies,
}

impl Browser {
    pub fn new(router: Router, bodies: Bodies) -> Self {
        Self { router, cookies: Arc::default(), bodies }
    }

    /// The same browser, cookies and all, talking to another process of the service.
    pub fn at(&self, router: Router) -> Self {
        Self { router, ..self.clone() }
    }

    pub fn with_cookie(self, name: &str, value: &str) -> Self {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// A link followed on a page of ours.
    pub async fn follow(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("sec-fetch-site", "same-origin")], None).await
    }

    /// A link followed elsewhere, or typed.
    pub async fn arrive(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("sec-fetch-site", "cross-site")], None).await
    }

    /// A request of our page's script.
    pub async fn get(&self, path: &str) -> Answer {
        self.follow(path).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("origin", PUBLIC)], Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[("origin", PUBLIC)], None).await
    }

    /// Any request; nothing but cookies is added.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send_as_it_is(request.body(body).unwrap()).await
    }

    pub async fn send_as_it_is(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        self.bodies.lock().unwrap().push(body.clone());
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// An answer whose body is still to be read.
    pub async fn begin(&self, mut request: Request<Body>) -> Response {
        let pairs: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() && !request.headers().contains_key(header::COOKIE) {
            request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        self.keep_cookies(answer.headers());
        answer
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut kept = self.cookies.lock().unwrap();
        for set in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie::Cookie::parse(set.to_str().unwrap().to_owned()).unwrap();
            let is_removed = cookie.max_age().is_some_and(cookie::time::Duration::is_zero);
            if is_removed {
                kept.remove(cookie.name());
            } else {
                super::logs::note_secret("session_cookie", cookie.value());
                kept.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }
}
