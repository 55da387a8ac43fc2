use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::state::pace;

/// Whether it has been waited for longer than usual.
#[hook]
pub fn use_slow(is_waiting: bool) -> bool {
    let is_slow = use_state_eq(|| false);
    let setter = is_slow.setter();
    use_effect_with(is_waiting, move |is_waiting| {
        setter.set(false);
        let late = is_waiting.then(|| Timeout::new(pace::millis(pace::SLOW), move || setter.set(true)));
        move || drop(late)
    });
    *is_slow && is_waiting
}
