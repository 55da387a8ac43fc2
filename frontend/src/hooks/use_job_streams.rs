use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use yew::prelude::*;

use super::use_latest::use_latest;
use crate::api::jobs;
use crate::platform::clock;
use crate::platform::event_stream::{EventStream, Report};
use crate::state::desk::{Desk, DeskAction, StreamAction};
use crate::state::job_feed::{self, Said};
use crate::state::pace;

type Streams = Rc<RefCell<HashMap<String, EventStream>>>;
type Latest = Rc<RefCell<UseReducerHandle<Desk>>>;

/// Listens to the open jobs. Where there is no stream, [`use_jobs`](super::use_jobs) asks instead.
#[hook]
pub fn use_job_streams(desk: &UseReducerHandle<Desk>, is_paused: bool, is_visible: bool) {
    let streams: Streams = use_mut_ref(HashMap::new);
    let latest = use_latest(desk.clone());
    let generations = use_mut_ref(|| 0_u32);
    let turn = use_state(|| 0_usize);
    let open: Vec<String> = desk.jobs.iter().filter(|job| !job.state.is_over()).map(|job| job.id.clone()).collect();
    {
        let takes_turns = !is_paused && job_feed::takes_turns(open.len(), is_visible);
        let turn = turn.clone();
        use_effect_with((takes_turns, *turn), move |(takes_turns, now)| {
            let next = now + 1;
            let tick = takes_turns.then(|| Timeout::new(pace::millis(pace::STREAM_TURN), move || turn.set(next)));
            move || drop(tick)
        });
    }
    let wanted = if is_paused { Vec::new() } else { job_feed::listened(&open, *turn, is_visible) };
    {
        let (streams, latest, generations) = (streams.clone(), latest.clone(), generations.clone());
        use_effect_with(wanted.clone(), move |wanted| {
            let gone: Vec<String> = streams.borrow().keys().filter(|job| !wanted.contains(job)).cloned().collect();
            for job in gone {
                close(&streams, &latest, job);
            }
            for job in wanted {
                if !streams.borrow().contains_key(job) {
                    open_stream(&streams, &latest, &generations, job);
                }
            }
        });
    }
    {
        let streams = streams.clone();
        use_effect_with(wanted, move |wanted| {
            let wanted = wanted.clone();
            let again = (!wanted.is_empty()).then(|| {
                Interval::new(pace::millis(pace::STREAM_AGAIN), move || {
                    for job in &wanted {
                        if streams.borrow().get(job).is_none_or(EventStream::is_given_up) {
                            open_stream(&streams, &latest, &generations, job);
                        }
                    }
                })
            });
            move || drop(again)
        });
    }
    use_effect_with((), move |()| move || streams.borrow_mut().clear());
}

fn open_stream(streams: &Streams, latest: &Latest, generations: &Rc<RefCell<u32>>, job: &str) {
    *generations.borrow_mut() += 1;
    let generation = *generations.borrow();
    let tell = {
        let (latest, job) = (latest.clone(), job.to_owned());
        move |action| latest.borrow().dispatch(DeskAction::Stream(job.clone(), action))
    };
    let last_event = latest.borrow().waits.get(job).map_or(0, |waits| waits.last_event);
    tell(StreamAction::Opening(generation));
    let opened_at = Rc::new(Cell::new(None));
    let call = {
        let (tell, job) = (tell.clone(), job.to_owned());
        move |report: Report<'_>| match report {
            Report::Open => {
                opened_at.set(Some(clock::now()));
                tell(StreamAction::Opened(generation));
            }
            Report::Lost => tell(StreamAction::Lost(generation)),
            Report::Event { name, id, data } => {
                let at = clock::now();
                let is_live = opened_at.get().is_some_and(|opened| at - opened >= pace::REPLAY);
                if let Some(said) = Said::read(&job, name, data) {
                    tell(StreamAction::Said { generation, id, said, at, is_live });
                }
            }
        }
    };
    match EventStream::open(&jobs::stream_url(job, last_event), &Said::NAMES, call) {
        Some(stream) => {
            streams.borrow_mut().insert(job.to_owned(), stream);
        }
        None => tell(StreamAction::Lost(generation)),
    }
}

/// Closes a stream. That of a job which is over may still tell what was missing, and closes a little later; the
/// browser would open it anew for ever.
fn close(streams: &Streams, latest: &Latest, job: String) {
    let is_over = latest.borrow().jobs.iter().any(|known| known.id == job && known.state.is_over());
    let Some(stream) = streams.borrow_mut().remove(&job) else { return };
    let latest = latest.clone();
    let end = move || {
        drop(stream);
        latest.borrow().dispatch(DeskAction::Stream(job, StreamAction::Closed));
    };
    if is_over {
        Timeout::new(pace::millis(pace::STREAM_TAIL), end).forget();
    } else {
        end();
    }
}
