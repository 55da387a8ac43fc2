use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::state::live::{Live, LiveAction, Message};

/// Speaks to screen readers. Never changes, so that its readers are not rendered again.
#[derive(Clone, PartialEq)]
pub struct Announcer(UseReducerDispatcher<Live>);

impl Announcer {
    /// Says something.
    pub fn say(&self, message: Message) {
        self.0.dispatch(LiveAction::Say(message));
    }
}

/// What is being said, and how to say something; at most once per second.
#[hook]
pub fn use_announcer() -> (UseReducerHandle<Live>, Announcer) {
    let live = use_reducer(Live::default);
    let announcer = Announcer(live.dispatcher());
    {
        let dispatcher = live.dispatcher();
        use_effect_with(live.clone(), move |live| {
            let pause = live.is_pausing.then(|| Timeout::new(1_000, move || dispatcher.dispatch(LiveAction::Next)));
            move || drop(pause)
        });
    }
    (live, announcer)
}
