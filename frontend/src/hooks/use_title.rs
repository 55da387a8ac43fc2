use yew::prelude::*;

use crate::platform::dom;
use crate::text::en::page as words;

/// Names the page in its tab, where a person who is elsewhere sees that they are needed.
#[hook]
pub fn use_title(calls: bool) {
    use_effect_with(calls, |calls| {
        dom::set_title(&words::title(*calls));
        || dom::set_title(words::TITLE)
    });
}
