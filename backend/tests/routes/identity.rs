//! Who is asking: tokens of AIQ's issuer, the one person of this machine, or nobody.

mod keys;
mod local;
mod off;
mod order;
mod person;
mod refusal;

use aiq_connect::http::{Caller, PEOPLE, Route};
use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser},
    issuer::{AUDIENCE, Issuer},
    provider::Provider,
    service::{Service, Wishes},
};

const FLOW: &str = "3f2b8c1e-52f1-4d4e-9a52-0a4f1f6a7b11";

/// A service that believes an issuer, and has no sign-in of its own.
pub struct Bench {
    pub issuer: Issuer,
    pub provider: Provider,
    pub service: Service,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(Wishes { no_sign_in: true, ..Wishes::default() }).await
    }

    pub async fn with(mut wishes: Wishes) -> Self {
        let (issuer, provider) = (Issuer::start().await, Provider::start().await);
        wishes.variables.push(("AIQ_JWT_ISSUER", issuer.name.clone()));
        wishes.variables.push(("AIQ_JWT_AUDIENCE", AUDIENCE.to_owned()));
        Self::of(issuer, provider, wishes).await
    }

    pub async fn without_audience(mut wishes: Wishes) -> Self {
        let (issuer, provider) = (Issuer::start().await, Provider::start().await);
        wishes.variables.push(("AIQ_JWT_ISSUER", issuer.name.clone()));
        Self::of(issuer, provider, wishes).await
    }

    async fn of(issuer: Issuer, provider: Provider, wishes: Wishes) -> Self {
        let service = Service::with(&provider, wishes).await;
        Self { issuer, provider, service }
    }

    /// A browser with AIQ's cookie.
    pub fn browser_of(&self, sub: &str) -> Browser {
        self.service.browser().with_cookie("idToken", &self.issuer.token(sub))
    }

    /// Asks for the listing with this token.
    pub async fn listing_with(&self, token: &str) -> Answer {
        send(&self.service.browser(), Method::GET, "/v1/data_sources", token, None).await
    }
}

/// A request with a bearer, and with nothing that a browser would add.
pub async fn send(browser: &Browser, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    browser.send(method, path, &[("authorization", &format!("Bearer {token}"))], body).await
}

/// The addresses of routes, with something in each gap.
fn addresses(wanted: impl Fn(&Route) -> bool) -> Vec<(Method, String)> {
    let fill = |path: &str| path.replace("{source}", "incidents").replace("{flow}", FLOW).replace("{job}", FLOW);
    let routes = PEOPLE.iter().filter(|route| wanted(route));
    routes.map(|route| (route.method.parse().unwrap(), fill(route.path))).collect()
}

fn of_people() -> Vec<(Method, String)> {
    addresses(|route| route.caller == Caller::Person)
}

pub fn is_refused(answer: &Answer, error: &str) {
    let detail = match error {
        "token_missing" => "Sign in first.",
        "token_expired" => "The token has expired. Sign in again.",
        _ => "The token is not valid here. Sign in again.",
    };
    assert_eq!((answer.status.as_u16(), answer.json()), (401, json!({"detail": detail, "error": error})));
}
