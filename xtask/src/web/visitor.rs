//! Requests as a browser makes them, with the headers by which a server tells a click from an attack.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use ureq::http::{Method, Request};
use url::{Url, form_urlencoded};

use super::cookies::Cookies;
use super::form::Form;

const TIMEOUT: Duration = Duration::from_secs(30);
const MOST_STEPS: usize = 20;

/// What came back.
pub struct Page {
    /// Where it is, after all redirects.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The whole text.
    pub body: String,
    location: Option<String>,
}

impl Page {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("{} answered {} without JSON", self.url.path(), self.status))
    }

    /// Fails, naming what was asked and answered, unless the status is this one.
    pub fn expect(self, status: u16) -> Result<Self> {
        let said: String = self.body.chars().take(300).collect();
        ensure!(self.status == status, "{} answered {} instead of {status}: {said}", self.url.path(), self.status);
        Ok(self)
    }
}

/// One browser.
pub struct Visitor {
    agent: ureq::Agent,
    cookies: Cookies,
}

impl Visitor {
    /// A browser without any history.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Self { agent: config.new_agent(), cookies: Cookies::default() }
    }

    /// Clicks a link on a page of the same origin and follows where it leads.
    pub fn follow(&mut self, url: &Url) -> Result<Page> {
        let page = self.navigate(Method::GET, url, None, "same-origin")?;
        self.follow_redirects(page)
    }

    /// Clicks a link and goes nowhere: where the answer would send the browser.
    pub fn sent_to(&mut self, url: &Url) -> Result<Url> {
        let page = self.navigate(Method::GET, url, None, "same-origin")?;
        let location = page.location.as_deref();
        let location =
            location.with_context(|| format!("{} answered {} and sends nowhere", url.path(), page.status))?;
        Ok(url.join(location)?)
    }

    /// Fills in and sends the page's form, once for each page that has one, until a page of `until`'s origin is reached.
    pub fn walk(&mut self, mut page: Page, until: &Url, answers: &[(&str, &str)]) -> Result<Page> {
        for _ in 0..MOST_STEPS {
            if page.url.origin() == until.origin() {
                return Ok(page);
            }
            let form = Form::first_in(&page.body);
            let mut form = form.with_context(|| format!("{} answered {} and has no form", page.url, page.status))?;
            for (name, value) in answers {
                form.fill(name, value);
            }
            let action = page.url.join(&form.action)?;
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
            let answer = self.navigate(Method::POST, &action, Some(body), "same-origin")?;
            page = self.follow_redirects(answer)?;
        }
        bail!("{MOST_STEPS} forms did not lead back to {until}")
    }

    /// Asks as the page's own code does.
    pub fn fetch(&mut self, method: &Method, url: &Url, body: Option<&Value>) -> Result<Page> {
        let mut request = Request::builder().method(method).uri(url.as_str());
        for (name, value) in
            [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")]
        {
            request = request.header(name, value);
        }
        if *method != Method::GET {
            request =
                request.header(ORIGIN, url.origin().ascii_serialization()).header(CONTENT_TYPE, "application/json");
        }
        self.send(url, request, body.map(Value::to_string))
    }

    fn follow_redirects(&mut self, mut page: Page) -> Result<Page> {
        let started_at = page.url.origin();
        let mut site = "same-origin";
        for _ in 0..MOST_STEPS {
            let Some(location) = page.location.take() else { return Ok(page) };
            let next = page.url.join(&location)?;
            // Once a chain of redirects has left its site, it stays foreign, even when it comes home.
            if next.origin() != started_at {
                site = "cross-site";
            }
            page = self.navigate(Method::GET, &next, None, site)?;
        }
        bail!("more than {MOST_STEPS} redirects, the last to {}", page.url)
    }

    fn navigate(&mut self, method: Method, url: &Url, form: Option<String>, site: &str) -> Result<Page> {
        let mut request = Request::builder().method(method).uri(url.as_str());
        let fixed = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-user", "?1")];
        for (name, value) in fixed.into_iter().chain([("sec-fetch-site", site), ("accept", "text/html")]) {
            request = request.header(name, value);
        }
        if form.is_some() {
            request = request.header(ORIGIN, url.origin().ascii_serialization());
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        self.send(url, request, form)
    }

    fn send(&mut self, url: &Url, mut request: ureq::http::request::Builder, body: Option<String>) -> Result<Page> {
        if let Some(cookies) = self.cookies.header(url) {
            request = request.header(COOKIE, cookies);
        }
        let answer = match body {
            Some(body) => self.agent.run(request.body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let mut answer = answer.with_context(|| format!("{}://{} did not answer", url.scheme(), url.authority()))?;
        for header in answer.headers().get_all(SET_COOKIE) {
            self.cookies.set(url, header.to_str()?);
        }
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = answer.status().as_u16();
        let location = location.filter(|_| (300..400).contains(&status));
        Ok(Page { url: url.clone(), status, body: answer.body_mut().read_to_string()?, location })
    }
}
