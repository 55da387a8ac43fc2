use aiq_connect_shared::FaultCode;
use gloo_timers::callback::Interval;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use super::use_listing_news::use_listing_news;
use super::use_tabs::use_tabs;
use crate::api::ApiError;
use crate::api::sources::{self, Listing};
use crate::platform::memory::{self, Keep};
use crate::platform::{clock, dom, listen};
use crate::state::connections::{Action, Connections, News};
use crate::state::pace;
use crate::state::row_state::Kind;
use crate::state::switches::Switches;

/// What the page knows about sources, kept fresh; and how to ask anew at once. `is_auth_off`: people are not told apart.
#[hook]
pub fn use_connections(person: AttrValue, is_auth_off: bool) -> (UseReducerHandle<Connections>, Callback<()>) {
    let connections = {
        let person = person.clone();
        use_reducer(move || {
            let mut connections = Connections::new(is_auth_off);
            if let Some(switches) = memory::read::<Switches>(Keep::Browser, &person, "switches") {
                connections.apply(Action::Remembered(switches));
            }
            connections
        })
    };
    let refetch = use_refetch(&connections);
    use_fresh(&connections, &refetch);
    use_tabs(&connections, &refetch);
    use_listing_news(&connections, &refetch);
    use_effect_with((person, connections.switches.decisions()), |(person, decisions)| {
        memory::write(Keep::Browser, person, "switches", decisions);
    });
    (connections, refetch)
}

/// Asks for the listing. A late answer to an older question is dropped.
#[hook]
fn use_refetch(connections: &UseReducerHandle<Connections>) -> Callback<()> {
    let etag = use_latest(connections.sources.etag.clone());
    let generation = use_mut_ref(|| 0_u32);
    let dispatcher = connections.dispatcher();
    use_callback((), move |(), ()| {
        *generation.borrow_mut() += 1;
        let mine = *generation.borrow();
        let (etag, generation, dispatcher) = (etag.borrow().clone(), generation.clone(), dispatcher.clone());
        spawn_local(async move {
            let answer = sources::list(etag.as_deref()).await;
            if *generation.borrow() != mine {
                return;
            }
            dispatcher.dispatch(match answer {
                Ok(Listing::New { list, etag }) => Action::Loaded { list, etag, at: clock::now() },
                Ok(Listing::Same) => Action::Confirmed(clock::now()),
                Err(ApiError::SignedOut) => Action::SignedOut,
                Err(_) => Action::Unreachable,
            });
        });
    })
}

/// Decides when to ask: at the start, when something ended, when the person returns, and while it is worth it.
#[hook]
fn use_fresh(connections: &UseReducerHandle<Connections>, refetch: &Callback<()>) {
    {
        let refetch = refetch.clone();
        use_effect_with((), move |()| refetch.emit(()));
    }
    {
        let refetch = refetch.clone();
        let has_ended = |news: &News| {
            !matches!(
                news,
                News::Waiting(_)
                    | News::WaitingForAll(_)
                    | News::WindowBlocked(_)
                    | News::AllBlocked(_)
                    | News::TurnedOn { .. }
            )
        };
        let ended = connections.news.value.iter().any(has_ended).then_some(connections.news.number);
        use_effect_with(ended, move |ended| {
            if ended.is_some() {
                refetch.emit(());
            }
        });
    }
    {
        let refetch = refetch.clone();
        use_effect_with(connections.sources.is_unreachable, move |is_unreachable| {
            let retry = is_unreachable.then(|| Interval::new(pace::millis(pace::RETRY), move || refetch.emit(())));
            move || drop(retry)
        });
    }
    {
        let refetch = refetch.clone();
        let confirmed_at = use_latest(connections.sources.confirmed_at);
        use_effect_with((), move |()| {
            let listeners = listen::on_return(move || {
                let is_old = |at| clock::now() - at >= pace::REFRESH_ON_FOCUS;
                if confirmed_at.borrow().is_none_or(is_old) {
                    refetch.emit(());
                }
            });
            move || drop(listeners)
        });
    }
    {
        let refetch = refetch.clone();
        let is_away = connections.sources.all().iter().any(|source| {
            let row = connections.row(source, connections.sources.confirmed_at.unwrap_or_default());
            row.kind == Kind::Failed(FaultCode::IdpUnreachable)
        });
        use_effect_with(is_away, move |is_away| {
            let since = clock::now();
            let recheck = is_away.then(|| {
                Interval::new(pace::millis(pace::RECHECK_UNREACHABLE), move || {
                    if dom::is_visible() && clock::now() - since < pace::RECHECK_AT_MOST {
                        refetch.emit(());
                    }
                })
            });
            move || drop(recheck)
        });
    }
}
