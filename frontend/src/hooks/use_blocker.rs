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
    use_next(blocker.as_ref(), announcer.clone());
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

/// One after the other: when a source has been connected from here, the next one's button gets the focus. A window
/// for each of them at once is more than browsers allow for one click.
#[hook]
fn use_next(blocker: Option<&Blocker>, announcer: Option<Announcer>) {
    let before = use_mut_ref(Vec::new);
    let ids: Vec<String> = blocker
        .map(|blocker| blocker.blocking().iter().map(|item| item.source.id.clone()).collect())
        .unwrap_or_default();
    let next = blocker.and_then(|blocker| blocker.next(&before.borrow()));
    let next = next.map(|item| (item.source.id.clone(), item.source.name.clone()));
    use_effect_with(ids, move |ids| {
        before.borrow_mut().clone_from(ids);
        if let Some((id, name)) = next
            && dom::has_focus_inside("blocker")
        {
            dom::focus(&format!("blocker-way-{id}"));
            if let Some(announcer) = announcer {
                announcer.say(news::next(&name));
            }
        }
    });
}
