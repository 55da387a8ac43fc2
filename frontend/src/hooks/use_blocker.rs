use yew::prelude::*;

use super::use_announcer::Announcer;
use crate::platform::dom;
use crate::state::blocker::{Blocker, Tone};
use crate::state::connections::Connections;
use crate::state::desk::Desk;
use crate::state::moment::Moment;
use crate::text::en::news;

/// What is in the way right now. When nothing is any more, it says so; the focus goes to Send only if it was here.
#[hook]
pub fn use_blocker(desk: &Desk, connections: &Connections, moment: Moment) -> Option<Blocker> {
    let blocker = desk.blocker.as_ref().map(|ids| Blocker::look(ids, connections, moment.now));
    let announcer = use_context::<Announcer>();
    let is_ready = blocker.as_ref().is_some_and(|blocker| blocker.tone() == Tone::Ready);
    use_effect_with(is_ready, move |is_ready| {
        if *is_ready {
            if let Some(announcer) = announcer {
                announcer.say(news::ready());
            }
            if dom::has_focus_inside("blocker") {
                dom::focus("blocker-send");
            }
        }
    });
    blocker
}
