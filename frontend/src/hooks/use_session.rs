use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api;
use crate::platform::{dom, listen};
use crate::state::pace;
use crate::state::session::Session;

/// Who is here; asked again by itself until somebody answers, and when the person returns: another one may have
/// signed in in another tab.
#[hook]
pub fn use_session() -> UseStateHandle<Session> {
    let session = use_state_eq(|| Session::Loading);
    {
        let session = session.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                loop {
                    if let Ok(view) = api::session::read().await {
                        session.set(Session::from_view(view, &dom::path()));
                        return;
                    }
                    session.set(Session::Unreachable);
                    TimeoutFuture::new(pace::millis(pace::RETRY)).await;
                }
            });
        });
    }
    {
        let latest = use_latest((*session).clone());
        let session = session.setter();
        use_effect_with((), move |()| {
            let listeners = listen::on_return(move || {
                let (latest, session) = (latest.clone(), session.clone());
                spawn_local(async move {
                    let Ok(view) = api::session::read().await else { return };
                    let now = Session::from_view(view, &dom::path());
                    let is_replaced = latest.borrow().is_replaced_by(&now);
                    if is_replaced {
                        session.set(now);
                    }
                });
            });
            move || drop(listeners)
        });
    }
    session
}
