use std::cell::RefCell;
use std::rc::Rc;

use aiq_connect_shared::Changed;
use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::use_latest::use_latest;
use super::use_visibility::use_visibility;
use crate::api::sources;
use crate::platform::clock;
use crate::platform::event_stream::{EventStream, Report};
use crate::platform::leader::{Others, Turn, Word};
use crate::state::connections::Connections;
use crate::state::news_link::{LinkEvent, NewsLink};
use crate::state::pace;

/// Reads the listing whenever the service says that it is another one, whoever changed it and wherever; and now and then
/// as long as nobody would say so. A tab that nobody looks at does neither, and reads it when it is looked at again.
#[hook]
pub fn use_listing_news(connections: &UseReducerHandle<Connections>, refetch: &Callback<()>) {
    let is_visible = use_visibility();
    let etag = use_latest(connections.sources.etag.clone());
    let was_hidden = use_mut_ref(|| false);
    let is_wanted = is_visible && !connections.is_signed_out && !connections.is_auth_off;
    let refetch = refetch.clone();
    use_effect_with((is_wanted, is_visible), move |(is_wanted, is_visible)| {
        if *is_visible && was_hidden.replace(false) {
            refetch.emit(());
        }
        if !is_visible {
            was_hidden.replace(true);
        }
        let following = is_wanted.then(|| Following::start(refetch, etag));
        move || drop(following)
    });
}

/// Everything that is open while this tab is looked at.
struct Following {
    _tick: Interval,
    _turn: Turn,
    /// Closed at once, whatever callbacks are still alive.
    desk: Rc<Desk>,
}

struct Desk {
    link: RefCell<NewsLink>,
    stream: RefCell<Option<EventStream>>,
    others: RefCell<Option<Others>>,
    etag: Rc<RefCell<Option<String>>>,
    refetch: Callback<()>,
}

impl Following {
    fn start(refetch: Callback<()>, etag: Rc<RefCell<Option<String>>>) -> Self {
        let desk = Rc::new(Desk {
            link: RefCell::new(NewsLink::new(clock::now())),
            stream: RefCell::default(),
            others: RefCell::default(),
            etag,
            refetch,
        });
        let others = {
            let desk = Rc::downgrade(&desk);
            Others::hear(move |word| {
                if let Some(desk) = desk.upgrade() {
                    desk.hear(word);
                }
            })
        };
        others.tell(Word::Who);
        desk.others.replace(Some(others));
        let turn = {
            let desk = Rc::downgrade(&desk);
            Turn::wait(move || {
                if let Some(desk) = desk.upgrade() {
                    desk.lead();
                }
            })
        };
        let tick = {
            let desk = Rc::downgrade(&desk);
            Interval::new(pace::millis(pace::LISTING), move || {
                if let Some(desk) = desk.upgrade() {
                    desk.tick();
                }
            })
        };
        Self { _tick: tick, _turn: turn, desk }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.desk.stream.replace(None);
        self.desk.others.replace(None);
    }
}

impl Desk {
    fn take(&self, event: LinkEvent) {
        let is_missed = self.link.borrow_mut().take(event, clock::now());
        if is_missed {
            self.refetch.emit(());
        }
    }

    fn tell(&self, word: Word) {
        if let Some(others) = &*self.others.borrow() {
            others.tell(word);
        }
    }

    fn tell_standing(&self) {
        let hears = self.link.borrow().hears(clock::now());
        self.tell(Word::Hears { yes: hears });
    }

    /// What another tab says.
    fn hear(&self, word: Word) {
        match word {
            Word::Changed => self.refetch.emit(()),
            Word::Hears { yes } => self.take(LinkEvent::Told(yes)),
            Word::Who if self.link.borrow().leads() => self.tell_standing(),
            Word::Who => {}
        }
    }

    /// It is this tab's turn, or nothing came of its stream.
    fn lead(self: &Rc<Self>) {
        self.take(LinkEvent::Led);
        let desk = Rc::downgrade(self);
        let opened = EventStream::open(sources::EVENTS, &["changed"], move |report| {
            if let Some(desk) = desk.upgrade() {
                desk.report(&report);
            }
        });
        match opened {
            // Dropped outside of the borrow: it may still report.
            Some(stream) => drop(self.stream.replace(Some(stream))),
            None => self.take(LinkEvent::GivenUp),
        }
        self.tell_standing();
    }

    fn report(&self, report: &Report<'_>) {
        match report {
            Report::Open => self.take(LinkEvent::Opened),
            Report::Lost => {
                let is_given_up = self.stream.borrow().as_ref().is_none_or(EventStream::is_given_up);
                self.take(if is_given_up { LinkEvent::GivenUp } else { LinkEvent::Cut });
            }
            Report::Event { data, .. } => {
                self.take(LinkEvent::Hinted);
                let is_known = serde_json::from_str::<Changed>(data)
                    .is_ok_and(|changed| self.etag.borrow().as_deref() == Some(changed.etag.as_str()));
                if !is_known {
                    self.refetch.emit(());
                }
                // They may have another one than this tab.
                self.tell(Word::Changed);
            }
        }
        self.tell_standing();
    }

    fn tick(self: &Rc<Self>) {
        let now = clock::now();
        let (leads, hears, is_useless) = {
            let link = self.link.borrow();
            (link.leads(), link.hears(now), link.is_useless(now))
        };
        if !hears {
            self.refetch.emit(());
        }
        if is_useless {
            self.lead();
        } else if leads {
            self.tell_standing();
        }
    }
}
