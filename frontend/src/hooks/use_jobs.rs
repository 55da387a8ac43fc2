use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use aiq_connect_shared::JobState;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api::{ApiError, jobs};
use crate::platform::clock;
use crate::state::desk::{Desk, DeskAction};
use crate::state::job::Job;
use crate::state::job_feed::Link;
use crate::state::pace;

/// Follows every open job to its answer, through a service that goes away and comes back. Paused while nobody is
/// signed in. A job whose stream is open is asked about now and then only; its answer is fetched at once.
#[hook]
pub fn use_jobs(desk: &UseReducerHandle<Desk>, is_paused: bool, onsignedout: Callback<()>) {
    let latest = use_latest(desk.clone());
    let asked = use_mut_ref(HashMap::new);
    let open: Vec<(String, bool, bool)> = desk
        .jobs
        .iter()
        .filter(|job| job.is_open())
        .map(|job| (job.id.clone(), job.awaits_report(), is_streamed(desk, job)))
        .collect();
    use_effect_with((open, is_paused), move |(open, is_paused)| {
        let is_over = Rc::new(Cell::new(open.is_empty() || *is_paused));
        {
            let is_over = is_over.clone();
            spawn_local(async move {
                while !is_over.get() {
                    let jobs: Vec<Job> = latest.borrow().jobs.iter().filter(|job| job.is_open()).cloned().collect();
                    let mut paces = Vec::new();
                    for job in &jobs {
                        let pace = pace_of(&latest.borrow(), job);
                        paces.push(pace);
                        let key = (job.id.clone(), job.awaits_report());
                        let is_early =
                            asked.borrow().get(&key).is_some_and(|at| clock::now() - *at + pace::HASTE < pace);
                        if is_early {
                            continue;
                        }
                        asked.borrow_mut().insert(key, clock::now());
                        let action = ask(job).await;
                        if is_over.get() {
                            return;
                        }
                        match action {
                            Some(action) => latest.borrow().dispatch(action),
                            None => onsignedout.emit(()),
                        }
                    }
                    let pause = paces.into_iter().min().unwrap_or(pace::RETRY);
                    TimeoutFuture::new(pace::millis(pause)).await;
                }
            });
        }
        move || is_over.set(true)
    });
}

fn is_streamed(desk: &Desk, job: &Job) -> bool {
    desk.feeds.get(&job.id).is_some_and(|feed| feed.link == Link::Open)
}

/// How often a job is asked about.
fn pace_of(desk: &Desk, job: &Job) -> chrono::TimeDelta {
    if job.is_out_of_touch {
        pace::RETRY
    } else if is_streamed(desk, job) && !job.awaits_report() {
        pace::STREAMED_JOB
    } else {
        pace::job(clock::now() - job.asked_at)
    }
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
