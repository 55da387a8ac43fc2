use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api::{ApiError, jobs};
use crate::platform::dom;
use crate::state::desk::{Desk, DeskAction, DeskNews, StreamAction, Toast};
use crate::state::job_wait::{WaitNews, WaitTrouble};
use crate::state::wait_event::WaitEvent;

/// What follows when a job needs its person: the listing is read anew, and a note is shown where nothing on the
/// screen says it. And how to answer the job.
#[hook]
pub fn use_waits(
    desk: &UseReducerHandle<Desk>,
    refetch: &Callback<()>,
    onsignedout: &Callback<()>,
) -> Callback<WaitEvent> {
    {
        let (desk, refetch) = (desk.clone(), refetch.clone());
        use_effect_with(desk.news.number, move |_| {
            let Some(DeskNews::Wait { job, news }) = &desk.news.value else { return };
            let (WaitNews::Waits { id, name, .. } | WaitNews::Back { id, name }) = news else { return };
            refetch.emit(());
            if !dom::is_on_screen(&format!("prompt-{job}")) && !dom::is_on_screen(&format!("source-{id}")) {
                let toast = match news {
                    WaitNews::Waits { .. } => Toast::JobWaits { job: job.clone(), name: name.clone() },
                    _ => Toast::Back(name.clone()),
                };
                desk.dispatch(DeskAction::Toasted(toast));
            }
        });
    }
    let latest = use_latest(desk.clone());
    let onsignedout = onsignedout.clone();
    use_callback((), move |WaitEvent { job, source, action }, ()| {
        let desk = latest.borrow().dispatcher();
        let onsignedout = onsignedout.clone();
        desk.dispatch(DeskAction::Stream(job.clone(), StreamAction::Asked(source.clone(), action)));
        spawn_local(async move {
            let answer = match jobs::wait(&job, &source, action).await {
                Ok(answer) => StreamAction::Answered(answer),
                Err(ApiError::Refused { status: 404 | 409, .. }) => StreamAction::Failed(source, WaitTrouble::Over),
                Err(error) => {
                    if error == ApiError::SignedOut {
                        onsignedout.emit(());
                    }
                    StreamAction::Failed(source, WaitTrouble::Unreachable)
                }
            };
            desk.dispatch(DeskAction::Stream(job, answer));
        });
    })
}
