use aiq_connect_shared::SubmitRequest;
use gloo_timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use super::use_visibility::use_visibility;
use crate::api::{ApiError, jobs};
use crate::platform::memory::{self, Keep};
use crate::platform::{clock, dom};
use crate::state::connections::{Action, Connections};
use crate::state::desk::{Desk, DeskAction, Trouble};
use crate::state::job::Job;
use crate::state::pace;

/// How many questions are kept for a page that is loaded again.
const KEPT: usize = 20;

/// What a person can do with a question.
#[derive(Clone, PartialEq)]
pub struct Asking {
    /// Sends it, or says what is in the way.
    pub send: Callback<()>,
    /// Switches off what is in the way, and sends.
    pub send_without: Callback<()>,
}

/// The draft and the questions, kept over a reload.
#[hook]
pub fn use_desk(person: AttrValue) -> UseReducerHandle<Desk> {
    let desk = {
        let person = person.clone();
        use_reducer(move || {
            let mut desk = Desk::default();
            desk.apply(DeskAction::Remembered {
                draft: memory::read(Keep::Tab, &person, "draft").unwrap_or_default(),
                jobs: memory::read(Keep::Tab, &person, "jobs").unwrap_or_default(),
            });
            let waits = memory::read(Keep::Tab, &person, "waits").unwrap_or_default();
            desk.apply(DeskAction::WaitsRemembered(waits));
            desk
        })
    };
    use_effect_with((person.clone(), desk.draft.clone()), |(person, draft)| {
        memory::write(Keep::Tab, person, "draft", draft);
    });
    use_effect_with((person.clone(), desk.jobs.clone()), |(person, jobs)| {
        memory::write(Keep::Tab, person, "jobs", &jobs.iter().take(KEPT).collect::<Vec<_>>());
    });
    use_effect_with((person, desk.waits_of_first(KEPT)), |(person, waits)| {
        memory::write(Keep::Tab, person, "waits", waits);
    });
    {
        let dispatcher = desk.dispatcher();
        // A note that nobody can see is not over.
        let is_visible = use_visibility();
        let is_held = desk.is_toast_held || !is_visible;
        use_effect_with((desk.toast.clone(), is_held), move |(toast, is_held)| {
            let over = (toast.is_some() && !is_held)
                .then(|| Timeout::new(pace::millis(pace::TOAST), move || dispatcher.dispatch(DeskAction::ToastOver)));
            move || drop(over)
        });
    }
    desk
}

/// Forgets what belongs to this visit, when the person leaves.
pub fn forget(person: &str) {
    memory::forget(Keep::Tab, person, "draft");
    memory::forget(Keep::Tab, person, "jobs");
    memory::forget(Keep::Tab, person, "waits");
}

/// How a question is sent. Nothing is asked beforehand: the service checks in the same step in which it accepts, and
/// says what is in the way just as a check before would, only never too late.
#[hook]
pub fn use_asking(
    desk: &UseReducerHandle<Desk>,
    connections: &UseReducerHandle<Connections>,
    refetch: &Callback<()>,
) -> Asking {
    let latest = use_latest((desk.clone(), connections.clone()));
    let submit = {
        let (latest, refetch) = (latest.clone(), refetch.clone());
        move |without: Vec<String>| {
            let (desk, connections) = latest.borrow().clone();
            desk.dispatch(DeskAction::Sending);
            let refetch = refetch.clone();
            spawn_local(async move { submit(desk, connections, without, refetch).await });
        }
    };
    let send = {
        let (latest, submit) = (latest.clone(), submit.clone());
        use_callback((), move |(), ()| {
            let (desk, connections) = latest.borrow().clone();
            if desk.is_sending {
                return;
            }
            if desk.draft.trim().is_empty() {
                dom::focus("composer");
                return;
            }
            let blocking = ids(&connections);
            if blocking.is_empty() { submit(Vec::new()) } else { desk.dispatch(DeskAction::Blocked(blocking)) }
        })
    };
    let send_without = use_callback((), move |(), ()| {
        let (desk, connections) = latest.borrow().clone();
        if desk.is_sending {
            return;
        }
        let blocking = ids(&connections);
        for id in &blocking {
            connections.dispatch(Action::Switched(id.clone(), false));
        }
        submit(blocking);
    });
    Asking { send, send_without }
}

fn ids(connections: &Connections) -> Vec<String> {
    connections.blocking(clock::now()).iter().map(|source| source.id.clone()).collect()
}

async fn submit(
    desk: UseReducerHandle<Desk>,
    connections: UseReducerHandle<Connections>,
    without: Vec<String>,
    refetch: Callback<()>,
) {
    let question = desk.draft.trim().to_owned();
    let used: Vec<_> =
        connections.selected(clock::now()).into_iter().filter(|source| !without.contains(&source.id)).collect();
    let source_ids: Vec<_> = used.iter().map(|source| source.id.clone()).collect();
    let request = SubmitRequest {
        agent_type: String::new(),
        input: question.clone(),
        data_sources: Some(source_ids.clone()),
        expiry_seconds: None,
    };
    let sources = used.iter().map(|source| source.name.clone()).collect();
    let action = match jobs::submit(&request).await {
        Ok(answer) => {
            desk.dispatch(DeskAction::Uses(answer.job_id.clone(), source_ids));
            let job = Job {
                id: answer.job_id,
                question,
                sources,
                asked_at: clock::now(),
                state: answer.status,
                report: None,
                has_no_report: false,
                is_out_of_touch: false,
            };
            DeskAction::Sent(job, without)
        }
        Err(ApiError::AuthRequired(body)) => {
            let ids = body.sources.iter().map(|source| source.source_id.clone()).collect();
            let is_listed = body.sources.iter().any(|source| connections.sources.find(&source.source_id).is_some());
            let code = body.error.clone();
            connections.dispatch(Action::Refused(body));
            refetch.emit(());
            // What is not on this page cannot be connected on it.
            if is_listed { DeskAction::Blocked(ids) } else { DeskAction::NotSent(Trouble::Refused { code }) }
        }
        Err(error) => {
            if error == ApiError::SignedOut {
                connections.dispatch(Action::SignedOut);
            }
            DeskAction::NotSent(trouble(error))
        }
    };
    desk.dispatch(action);
}

fn trouble(error: ApiError) -> Trouble {
    match error {
        ApiError::Unreachable => Trouble::Unreachable,
        ApiError::SignedOut => Trouble::SignedOut,
        ApiError::Refused { status: 413, .. } => Trouble::TooLong,
        ApiError::Refused { status: 429, .. } => Trouble::TooMany,
        ApiError::Refused { status, .. } if status >= 500 => Trouble::NotReady,
        ApiError::Refused { code, .. } => Trouble::Refused { code },
        ApiError::AuthRequired(body) => Trouble::Refused { code: body.error },
    }
}
