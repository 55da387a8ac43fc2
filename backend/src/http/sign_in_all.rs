//! `GET /sign-in/all`: several sources in one window, one visit each. Browsers open one window for one click.
//!
//! It keeps nothing: the address names sources and flows, and the person's own flows say where the walk is. Each visit
//! is an ordinary launch, with every check that a launch makes, whose way back leads here.

use std::{collections::BTreeSet, sync::Arc};

use aiq_connect_shared::{FlowState, Intent};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    App,
    connect::{failed, launch_address, not_a_link, who},
    extract::Query,
    person::{Person, Visitor},
    problem::ApiError,
    window::{Ended, Window},
    words,
};
use crate::{
    connections::{StartError, Stop},
    domain::{Flow, FlowId, SourceId},
};

/// More than anybody connects in one go; keeps the address short enough for every browser.
const LONGEST: usize = 20;
const PATH: &str = "/sign-in/all?";

/// Lists separated by commas, in the same order; `intents` and `skip` may be left out.
#[derive(Deserialize)]
pub(super) struct WalkQuery {
    sources: String,
    flows: String,
    intents: Option<String>,
    /// Sources that the person passed over.
    skip: Option<String>,
}

/// A walk, as its address names it.
#[derive(Clone)]
struct Walk {
    stops: Vec<Stop>,
    skipped: BTreeSet<String>,
}

/// How one stop stands.
enum Standing {
    ToDo,
    Connected,
    /// And why not, as a sentence.
    Not(String),
}

/// Whether this way back leads to the next step of a walk, and not to the page.
pub(super) fn is_walk(path: &str) -> bool {
    path.starts_with(PATH)
}

/// Goes to the first sign-in, says how the one before ended and what is next, or that all is done.
pub(super) async fn step(
    State(app): State<Arc<App>>,
    query: Result<Query<WalkQuery>, ApiError>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Response {
    let Some(walk) = query.ok().and_then(|Query(query)| Walk::read(&query)) else { return not_a_link() };
    let person = match visitor {
        Ok(person) => person,
        Err(stranger) => return stranger.page(&app, &walk.address()),
    };
    // Another site may lead a person here, but only a click on a page of ours makes or calls off anything.
    let is_from_us = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    match walk.flows(&app, &person, is_from_us).await {
        Ok(flows) => walk.page(&app, &person, &flows, is_from_us),
        Err((stop, error)) => failed(&app, &error, &stop.source, name_of(&app, &stop.source), stop.flow, None),
    }
}

impl Walk {
    fn read(query: &WalkQuery) -> Option<Self> {
        let sources: Vec<&str> = query.sources.split(',').collect();
        let flows = query.flows.split(',').map(Uuid::parse_str).collect::<Result<Vec<_>, _>>().ok()?;
        let intents = match &query.intents {
            Some(words) => words.split(',').map(Intent::from_word).collect::<Option<Vec<_>>>()?,
            None => vec![Intent::default(); sources.len()],
        };
        let is_each_named_once = sources.iter().collect::<BTreeSet<_>>().len() == sources.len()
            && flows.iter().collect::<BTreeSet<_>>().len() == sources.len();
        if sources.len() > LONGEST
            || !is_each_named_once
            || (flows.len(), intents.len()) != (sources.len(), sources.len())
        {
            return None;
        }
        let stops = sources.iter().zip(flows).zip(intents);
        let stops =
            stops.map(|((source, flow), intent)| Stop { source: (*source).to_owned(), flow: FlowId(flow), intent });
        let skipped = query.skip.iter().flat_map(|list| list.split(',')).filter(|id| sources.contains(id));
        Some(Self { stops: stops.collect(), skipped: skipped.map(str::to_owned).collect() })
    }

    /// This page again.
    fn address(&self) -> String {
        let list = |each: &dyn Fn(&Stop) -> String| self.stops.iter().map(each).collect::<Vec<_>>().join(",");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("sources", &list(&|stop| stop.source.clone()));
        query.append_pair("flows", &list(&|stop| stop.flow.0.to_string()));
        query.append_pair("intents", &list(&|stop| stop.intent.as_str().to_owned()));
        if !self.skipped.is_empty() {
            query.append_pair("skip", &self.skipped.iter().map(String::as_str).collect::<Vec<_>>().join(","));
        }
        format!("{PATH}{}", query.finish())
    }

    fn address_without(&self, source: &str) -> String {
        let mut walk = self.clone();
        walk.skipped.insert(source.to_owned());
        walk.address()
    }

    /// The flows of all stops. From a page of ours, those that are missing are made and skipped ones called off.
    async fn flows(
        &self,
        app: &App,
        person: &Person,
        is_from_us: bool,
    ) -> Result<Vec<Option<Flow>>, (Stop, StartError)> {
        let first = self.stops[0].clone();
        let mut flows = app.connections.stops(&person.id, &self.stops).await.map_err(|error| (first, error))?;
        if !is_from_us {
            return Ok(flows);
        }
        for (stop, flow) in self.stops.iter().zip(&mut flows) {
            let is_wanted = flow.is_none() && !is_off(app, &stop.source);
            if is_wanted {
                let made = app.connections.announce_stop(&person.id, stop).await;
                *flow = Some(made.map_err(|error| (stop.clone(), error))?);
            }
            if let Some(flow) = flow.as_mut().filter(|_| self.skipped.contains(&stop.source)) {
                app.connections.skip_stop(flow).await.map_err(|error| (stop.clone(), error))?;
            }
        }
        Ok(flows)
    }

    fn page(&self, app: &App, person: &Person, flows: &[Option<Flow>], is_from_us: bool) -> Response {
        let standings: Vec<Standing> =
            self.stops.iter().zip(flows).map(|(stop, flow)| self.standing(app, stop, flow.as_ref())).collect();
        let next = standings.iter().position(|standing| matches!(standing, Standing::ToDo));
        let launch = |stop: &Stop| launch_address(&stop.source, stop.flow, stop.intent, Some(&self.address()));
        let Some(next) = next else { return self.done(app, &standings).into_response() };
        let stop = &self.stops[next];
        let is_untouched = standings.iter().all(|standing| matches!(standing, Standing::ToDo));
        if is_untouched && is_from_us {
            return Redirect::to(&launch(stop)).into_response();
        }
        let (name, count) = (name_of(app, &stop.source), self.stops.len());
        let mut text = Vec::new();
        let (heading, label) = match next.checked_sub(1).map(|before| (&self.stops[before], &standings[before])) {
            None => (format!("Step 1 of {count}: {name}"), format!("Connect {name}")),
            Some((before, standing)) => {
                let before = name_of(app, &before.source);
                let heading = match standing {
                    Standing::Not(why) => {
                        text.push(why.clone());
                        format!("{before} wasn't connected")
                    }
                    _ => format!("{before} is connected"),
                };
                text.push(format!("Next, step {} of {count}: {name}.", next + 1));
                (heading, "Continue".to_owned())
            }
        };
        if !is_from_us {
            text.push(format!("You are signed in to AI-Q as {}.", who(person)));
        }
        text.push(words::where_to(app.connections.provider_host(&SourceId(stop.source.clone())).as_deref(), name));
        Window {
            heading,
            text,
            action: Some((label, launch(stop))),
            skip: Some(self.address_without(&stop.source)),
            ended: self.ended(app, &standings, next),
            ..Window::default()
        }
        .into_response()
    }

    fn done(&self, app: &App, standings: &[Standing]) -> Window<'_> {
        let count = self.stops.len();
        let connected = standings.iter().filter(|standing| matches!(standing, Standing::Connected)).count();
        let mut text = Vec::new();
        for (stop, standing) in self.stops.iter().zip(standings) {
            if let Standing::Not(why) = standing {
                text.push(format!("{}: {why}", name_of(app, &stop.source)));
            }
        }
        text.push("You can close this window.".to_owned());
        let heading = match connected {
            0 => "Nothing was connected".to_owned(),
            all if all == count => format!("All set: {count} connected"),
            some => format!("{some} of {count} connected"),
        };
        Window { heading, text, ended: self.ended(app, standings, count), closable: true, ..Window::default() }
    }

    /// What the page that waits should ask about: all that is over, the last step last.
    fn ended(&self, app: &App, standings: &[Standing], until: usize) -> Vec<Ended<'_>> {
        let over = self.stops.iter().zip(standings).take(until);
        let ended = over.map(|(stop, standing)| Ended {
            flow: stop.flow.0.to_string(),
            source: &stop.source,
            ok: matches!(standing, Standing::Connected),
            origin: app.config.public_url.origin().ascii_serialization(),
        });
        ended.collect()
    }

    fn standing(&self, app: &App, stop: &Stop, flow: Option<&Flow>) -> Standing {
        let name = name_of(app, &stop.source);
        let is_skipped = self.skipped.contains(&stop.source);
        match flow.map(Flow::state) {
            Some(FlowState::Succeeded) => Standing::Connected,
            _ if is_skipped => Standing::Not("You skipped it.".to_owned()),
            None | Some(FlowState::Pending | FlowState::Unknown) if is_off(app, &stop.source) => {
                Standing::Not(format!("Your administrator turned {name} off."))
            }
            None | Some(FlowState::Pending | FlowState::Unknown) => Standing::ToDo,
            Some(FlowState::Cancelled) => Standing::Not("This sign-in was called off.".to_owned()),
            Some(FlowState::Expired) => Standing::Not("The sign-in timed out. Nothing was saved.".to_owned()),
            Some(FlowState::Denied | FlowState::Failed) => {
                let code = flow.and_then(|flow| flow.code).unwrap_or(aiq_connect_shared::FaultCode::Unknown);
                Standing::Not(words::sentence(code, name))
            }
        }
    }
}

/// What people call a source; unknown ones are refused before they are named.
fn name_of<'a>(app: &'a App, source: &'a str) -> &'a str {
    app.config.source(&source.into()).map_or(source, |known| &known.name)
}

fn is_off(app: &App, source: &str) -> bool {
    matches!(app.connections.check_startable(source), Err(StartError::Disabled(_)))
}
