use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use aiq_connect_shared::Intent;
use gloo_timers::callback::Interval;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api::{ApiError, flows};
use crate::platform::nudges::Nudges;
use crate::platform::sign_in_window::{self, SignInWindow};
use crate::platform::{chance, clock, dom, listen};
use crate::state::connections::{Action, Connections, Focus};
use crate::state::flow::OpenFlow;
use crate::state::pace;
use crate::state::walk::{self, Stop, Walk};

type Windows = Rc<RefCell<HashMap<String, SignInWindow>>>;

/// What a person can do about sign-ins.
#[derive(Clone, PartialEq)]
pub struct SignIns {
    /// Starts one. Has to be called inside the click.
    pub start: Callback<(String, Intent)>,
    /// Starts several in one window. Inside the click, too.
    pub start_all: Callback<Vec<(String, Intent)>>,
    /// Opens the window of the one under way once more. Inside the click, too.
    pub again: Callback<String>,
    /// Calls it off.
    pub cancel: Callback<String>,
}

/// Follows every open sign-in to its end. Windows only nudge; the service has the truth.
#[hook]
pub fn use_sign_ins(connections: &UseReducerHandle<Connections>) -> SignIns {
    let windows: Windows = use_mut_ref(HashMap::new);
    let latest = use_latest(connections.clone());
    use_polling(connections, &latest);
    use_window_watch(connections, &windows);

    let open = {
        let (latest, windows) = (latest.clone(), windows.clone());
        move |id: String, flow: Uuid, intent: Intent| {
            let connections = latest.borrow().clone();
            let window = SignInWindow::open(&id, &launch_url(&connections, &id, flow, intent));
            let started = OpenFlow::start(flow, intent, window.is_some(), clock::now());
            if let Some(window) = window {
                windows.borrow_mut().insert(id.clone(), window);
            }
            connections.dispatch(Action::FlowStarted(id, started));
        }
    };
    let start = {
        let open = open.clone();
        use_callback((), move |(id, intent): (String, Intent), ()| {
            if let Some(flow) = chance::flow_id() {
                open(id, flow, intent);
            }
        })
    };
    let open_all = {
        let (latest, windows) = (latest.clone(), windows.clone());
        move |walk: Walk, is_open: &dyn Fn(&Stop) -> bool| {
            let window = SignInWindow::open(sign_in_window::ALL, &flows::walk_url(&walk));
            let mut started = Vec::new();
            for stop in walk.stops.iter().filter(|stop| is_open(stop)) {
                let flow = OpenFlow::start(stop.flow, stop.intent, window.is_some(), clock::now());
                started.push((stop.id.clone(), flow));
                if let Some(window) = window.clone() {
                    windows.borrow_mut().insert(stop.id.clone(), window);
                }
            }
            latest.borrow().dispatch(Action::WalkStarted(walk, started));
        }
    };
    let start_all = {
        let open_all = open_all.clone();
        use_callback((), move |wishes: Vec<(String, Intent)>, ()| {
            let stop = |(id, intent)| Some(Stop { id, flow: chance::flow_id()?, intent });
            let stops = wishes.into_iter().take(walk::LONGEST).filter_map(stop).collect();
            open_all(Walk { stops }, &|_| true);
        })
    };
    let again = {
        let latest = latest.clone();
        use_callback((), move |id: String, ()| {
            let connections = latest.borrow().clone();
            if let Some(walk) = connections.walk_of(&id) {
                open_all(walk.clone(), &|stop| connections.flow(stop.flow).is_some());
                return;
            }
            let flow = latest.borrow().flows.get(&id).cloned();
            if let Some(flow) = flow {
                open(id, flow.id, flow.intent);
            }
        })
    };
    let cancel = use_callback((), move |id: String, ()| {
        let connections = latest.borrow().clone();
        let ended = connections.called_off_with(&id);
        for (id, _) in &ended {
            if let Some(window) = windows.borrow_mut().remove(id) {
                window.close();
            }
        }
        connections.dispatch(Action::FlowCancelled(id));
        spawn_local(async move {
            for (id, flow) in ended {
                // Unheard, it ends by itself in ten minutes.
                let _ = flows::cancel(&id, flow).await;
            }
        });
    });
    SignIns { start, start_all, again, cancel }
}

/// Where the window of a sign-in goes.
pub fn launch_url(connections: &Connections, id: &str, flow: Uuid, intent: Intent) -> String {
    if connections.walk.has(flow) {
        return flows::walk_url(&connections.walk);
    }
    let auth = connections.sources.find(id).and_then(|source| source.per_user_auth.as_ref());
    flows::launch_url(id, auth.and_then(|auth| auth.connect_url.as_deref()), flow, intent)
}

/// Where the focus is, as seen from one source.
fn focus_of(id: &str) -> Focus {
    if dom::has_focus_inside(&format!("source-{id}")) {
        Focus::Row
    } else if dom::has_focus_inside("blocker") {
        Focus::Blocker
    } else {
        Focus::Elsewhere
    }
}

/// Asks the service about one sign-in.
fn ask(connections: &UseReducerHandle<Connections>, id: String, flow: Uuid) {
    let dispatcher = connections.dispatcher();
    spawn_local(async move {
        let answer = flows::status(&id, Some(flow)).await;
        let focus = focus_of(&id);
        dispatcher.dispatch(match answer {
            Ok(answer) => Action::FlowHeard { flow, answer, at: clock::now(), focus },
            Err(ApiError::SignedOut) => Action::SignedOut,
            Err(_) => Action::FlowUnheard(id, clock::now()),
        });
    });
}

/// Asks on time, on a nudge, and when the person returns.
#[hook]
fn use_polling(connections: &UseReducerHandle<Connections>, latest: &Rc<RefCell<UseReducerHandle<Connections>>>) {
    let ids: Vec<Uuid> = connections.flows.values().map(|flow| flow.id).collect();
    let paces = connections.flows.values().filter_map(|flow| pace::flow(clock::now() - flow.started_at));
    let every = paces.min();
    {
        let latest = latest.clone();
        use_effect_with((ids.clone(), every), move |(ids, every)| {
            let tick = every.filter(|_| !ids.is_empty()).map(|every| {
                Interval::new(pace::millis(every), move || {
                    if dom::is_visible() {
                        ask_all(&latest);
                    }
                })
            });
            move || drop(tick)
        });
    }
    {
        let latest = latest.clone();
        use_effect_with(ids.is_empty(), move |is_empty| {
            let listeners = (!is_empty).then(|| listen::on_return(move || ask_all(&latest)));
            move || drop(listeners)
        });
    }
    {
        let latest = latest.clone();
        use_effect_with((), move |()| {
            let nudges = Nudges::hear(move |flow| {
                let connections = latest.borrow().clone();
                if let Some(id) = connections.flow(flow).map(|(id, _)| id.clone()) {
                    connections.dispatch(Action::Nudged(flow, focus_of(&id)));
                    ask(&connections, id, flow);
                }
            });
            move || drop(nudges)
        });
    }
}

fn ask_all(latest: &Rc<RefCell<UseReducerHandle<Connections>>>) {
    let connections = latest.borrow().clone();
    // While nobody is signed in there is nobody to ask for.
    for (id, flow) in connections.flows.iter().filter(|_| !connections.is_signed_out) {
        ask(&connections, id.clone(), flow.id);
    }
}

/// Notices, as a hint, that a window is gone although its sign-in is not over: only once the person is back here.
#[hook]
fn use_window_watch(connections: &UseReducerHandle<Connections>, windows: &Windows) {
    let sources: Vec<String> = connections.flows.keys().cloned().collect();
    let windows = windows.clone();
    let dispatcher = connections.dispatcher();
    use_effect_with(sources, move |sources| {
        windows.borrow_mut().retain(|id, _| sources.contains(id));
        let mut seconds_here = 0;
        let watch = (!sources.is_empty()).then(|| {
            Interval::new(1_000, move || {
                seconds_here = if dom::has_focus() { seconds_here + 1 } else { 0 };
                for (id, window) in windows.borrow().iter() {
                    let is_gone = seconds_here >= 2 && window.seems_gone();
                    dispatcher.dispatch(Action::WindowGone(id.clone(), is_gone));
                }
            })
        });
        move || drop(watch)
    });
}
