use yew::prelude::*;

use crate::platform::{dom, listen};

/// Whether the page has the person's eyes.
#[hook]
pub fn use_visibility() -> bool {
    let is_visible = use_state_eq(dom::is_visible);
    {
        let is_visible = is_visible.setter();
        use_effect_with((), move |()| {
            let listener = listen::on_visibility(move |now| is_visible.set(now));
            move || drop(listener)
        });
    }
    *is_visible
}
