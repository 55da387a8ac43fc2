use yew::prelude::*;

use super::use_announcer::Announcer;
use crate::platform::{clock, dom};
use crate::state::connections::{Connections, News};
use crate::state::desk::{Desk, DeskAction, Toast};
use crate::state::flow::Ended;
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
        let announcer = announcer.clone();
        use_effect_with(desk.news.number, move |_| {
            if let (Some(announcer), Some(item)) = (&announcer, &desk.news.value) {
                announcer.say(news::desk(item, clock::moment()));
            }
        });
    }
    {
        let (announcer, desk, connections) = (announcer.clone(), desk.clone(), connections.clone());
        use_effect_with(desk.toast.clone(), move |toast| {
            let Some(toast) = toast else { return };
            let without = desk.toast_sources();
            let names: Vec<_> = without.iter().map(|id| connections.sources.name(id)).collect();
            if let (Some(announcer), Some(message)) = (announcer, news::note(toast, &names)) {
                announcer.say(message);
            }
        });
    }
    {
        let (desk, connections) = (desk.clone(), connections.clone());
        use_effect_with(connections.news.number, move |_| {
            for item in &connections.news.value {
                let News::Ended(id, Ended::Succeeded) = item else { continue };
                let is_seen = dom::is_on_screen(&format!("source-{id}")) || dom::is_on_screen("blocker");
                if !is_seen && !desk.jobs_wait().contains_key(id) {
                    let name = connections.sources.name(id).to_owned();
                    desk.dispatch(DeskAction::Toasted(Toast::Connected(name)));
                }
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
