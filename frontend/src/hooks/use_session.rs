use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::api;
use crate::platform::dom;
use crate::state::pace;
use crate::state::session::Session;

/// Who is here; asked again by itself until somebody answers.
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
    session
}
