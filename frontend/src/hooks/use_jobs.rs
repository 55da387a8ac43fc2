use aiq_connect_shared::JobState;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api::{ApiError, jobs};
use crate::platform::clock;
use crate::state::desk::{Desk, DeskAction};
use crate::state::job::Job;
use crate::state::pace;

/// Follows every open job to its answer, through a service that goes away and comes back. Paused while nobody is
/// signed in.
#[hook]
pub fn use_jobs(desk: &UseReducerHandle<Desk>, is_paused: bool, onsignedout: Callback<()>) {
    let latest = use_latest(desk.clone());
    let open: Vec<String> = desk.jobs.iter().filter(|job| job.is_open()).map(|job| job.id.clone()).collect();
    use_effect_with((open, is_paused), move |(open, is_paused)| {
        let is_over = std::rc::Rc::new(std::cell::Cell::new(open.is_empty() || *is_paused));
        {
            let is_over = is_over.clone();
            spawn_local(async move {
                while !is_over.get() {
                    let jobs: Vec<Job> = latest.borrow().jobs.iter().filter(|job| job.is_open()).cloned().collect();
                    for job in &jobs {
                        let action = ask(job).await;
                        if is_over.get() {
                            return;
                        }
                        match action {
                            Some(action) => latest.borrow().dispatch(action),
                            None => onsignedout.emit(()),
                        }
                    }
                    let paces = jobs.iter().map(|job| {
                        if job.is_out_of_touch { pace::RETRY } else { pace::job(clock::now() - job.asked_at) }
                    });
                    TimeoutFuture::new(pace::millis(paces.min().unwrap_or(pace::RETRY))).await;
                }
            });
        }
        move || is_over.set(true)
    });
}

/// What the service says about a job; `None` when nobody is signed in any more.
async fn ask(job: &Job) -> Option<DeskAction> {
    let answer = if job.state == JobState::Success {
        jobs::report(&job.id).await.map(DeskAction::JobAnswered)
    } else {
        jobs::status(&job.id).await.map(DeskAction::JobHeard)
    };
    match answer {
        Ok(action) => Some(action),
        Err(ApiError::SignedOut) => None,
        Err(ApiError::Refused { status: 404, .. }) => Some(DeskAction::JobGone(job.id.clone())),
        Err(_) => Some(DeskAction::JobUnheard(job.id.clone())),
    }
}
