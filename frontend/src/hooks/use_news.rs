use yew::prelude::*;

use super::use_announcer::Announcer;
use crate::platform::{clock, dom};
use crate::state::connections::Connections;
use crate::state::desk::Desk;
use crate::text::en::news;

/// Speaks what happened, and moves the focus where it belongs next.
#[hook]
pub fn use_news(connections: &UseReducerHandle<Connections>, desk: &UseReducerHandle<Desk>) {
    let announcer = use_context::<Announcer>();
    {
        let (announcer, connections) = (announcer.clone(), connections.clone());
        use_effect_with(connections.news.number, move |_| {
            for item in &connections.news.value {
                if let Some(announcer) = &announcer {
                    announcer.say(news::source(item, &connections));
                }
            }
        });
    }
    {
        let desk = desk.clone();
        use_effect_with(desk.news.number, move |_| {
            if let (Some(announcer), Some(item)) = (&announcer, &desk.news.value) {
                announcer.say(news::desk(item, clock::moment()));
            }
        });
    }
    use_focus(connections.focus.number, connections.focus.value.clone());
    use_focus(desk.focus.number, desk.focus.value.clone());
}

/// Moves the focus once for every number.
#[hook]
fn use_focus(number: u32, id: String) {
    use_effect_with(number, move |number| {
        if *number > 0 {
            dom::focus(&id);
        }
    });
}
