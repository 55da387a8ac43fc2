use yew::prelude::*;

use super::use_latest::use_latest;
use crate::platform::nudges::Tabs;
use crate::state::connections::{Connections, News};

/// Two tabs of one person: what ends in one, the other asks about. Nothing but the hint travels.
#[hook]
pub fn use_tabs(connections: &UseReducerHandle<Connections>, refetch: &Callback<()>) {
    let tabs = use_mut_ref(|| None::<Tabs>);
    {
        let (tabs, refetch, latest) = (tabs.clone(), refetch.clone(), use_latest(connections.clone()));
        use_effect_with((), move |()| {
            *tabs.borrow_mut() = Some(Tabs::hear(move |flow| {
                // A sign-in of this tab is asked about by itself.
                let is_own = flow.is_some_and(|flow| latest.borrow().flow(flow).is_some());
                if !is_own {
                    refetch.emit(());
                }
            }));
            move || *tabs.borrow_mut() = None
        });
    }
    let is_worth_telling = |news: &News| matches!(news, News::Ended(..) | News::Disconnected(..));
    let told = connections.news.value.iter().any(is_worth_telling).then_some(connections.news.number);
    use_effect_with(told, move |told| {
        if let (Some(_), Some(tabs)) = (told, &*tabs.borrow()) {
            tabs.tell();
        }
    });
}
