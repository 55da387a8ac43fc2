use gloo_timers::callback::Interval;
use yew::prelude::*;

use crate::platform::clock;
use crate::state::moment::Moment;
use crate::state::pace;

/// Now, looked at twice a minute and whenever `news` changes.
#[hook]
pub fn use_clock(news: u32) -> Moment {
    let moment = use_state_eq(clock::moment);
    {
        let moment = moment.setter();
        use_effect_with(news, move |_| moment.set(clock::moment()));
    }
    {
        let moment = moment.setter();
        use_effect_with((), move |()| {
            let tick = Interval::new(pace::millis(pace::CLOCK), move || moment.set(clock::moment()));
            move || drop(tick)
        });
    }
    *moment
}
