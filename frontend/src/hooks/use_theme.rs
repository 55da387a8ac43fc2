use yew::prelude::*;

use crate::platform::dom;
use crate::platform::memory::{self, Keep};
use crate::state::theme::Theme;

const EVERYBODY: &str = "everybody";

/// The look of the page, kept for the next visit.
#[hook]
pub fn use_theme() -> (Theme, Callback<Theme>) {
    let theme = use_state_eq(|| {
        let kept: Option<String> = memory::read(Keep::Browser, EVERYBODY, "theme");
        Theme::from_word(kept.as_deref())
    });
    use_effect_with(*theme, |theme| dom::set_theme(theme.word()));
    let onpick = {
        let setter = theme.setter();
        use_callback((), move |theme: Theme, ()| {
            match theme.word() {
                Some(word) => memory::write(Keep::Browser, EVERYBODY, "theme", &word),
                None => memory::forget(Keep::Browser, EVERYBODY, "theme"),
            }
            setter.set(theme);
        })
    };
    (*theme, onpick)
}
