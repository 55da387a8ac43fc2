use yew::prelude::*;

use crate::platform::dom;

/// When a button that has the focus goes away, the focus stays near: where the part of the page around it says.
#[hook]
pub fn use_kept_focus() {
    // Looked up while the old elements are still there.
    let home = dom::focus_home();
    use_effect(move || {
        if let Some(home) = home
            && dom::has_lost_focus()
        {
            dom::focus(&home);
        }
    });
}
