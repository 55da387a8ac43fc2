//! Everything a signed-in person works with. The one place where state, effects and components meet.

use aiq_connect_shared::Person;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::blocker::BlockerNote;
use crate::components::composer::Composer;
use crate::components::header::Header;
use crate::components::job_list::JobList;
use crate::components::toast::ToastNote;
use crate::hooks::use_blocker::use_blocker;
use crate::hooks::use_clock::use_clock;
use crate::hooks::use_connections::use_connections;
use crate::hooks::use_desk::{self, use_asking, use_desk};
use crate::hooks::use_job_streams::use_job_streams;
use crate::hooks::use_jobs::use_jobs;
use crate::hooks::use_kept_focus::use_kept_focus;
use crate::hooks::use_news::use_news;
use crate::hooks::use_row_events::use_row_events;
use crate::hooks::use_sign_ins::use_sign_ins;
use crate::hooks::use_title::use_title;
use crate::hooks::use_visibility::use_visibility;
use crate::hooks::use_waits::use_waits;
use crate::panel_host::PanelHost;
use crate::platform::dom;
use crate::state::connections::Action;
use crate::state::desk::{DeskAction, DeskNews, Toast};
use crate::text::en::composer as words;

/// Props of [`Workspace`].
#[derive(Clone, PartialEq, Properties)]
pub struct WorkspaceProps {
    /// Who is here; `None` where people are not told apart.
    #[prop_or_default]
    pub person: Option<Person>,
    /// Where signing in starts, should the session end meanwhile.
    #[prop_or_default]
    pub login_url: Option<AttrValue>,
    /// Where signing out starts.
    #[prop_or_default]
    pub logout_url: Option<AttrValue>,
}

/// Composer, panel and answers.
#[component]
pub fn Workspace(props: &WorkspaceProps) -> Html {
    let subject = props.person.as_ref().map_or(AttrValue::from("everybody"), |person| person.sub.clone().into());
    let (connections, refetch) = use_connections(subject.clone(), props.person.is_none());
    let desk = use_desk(subject.clone());
    let sign_ins = use_sign_ins(&connections);
    let asking = use_asking(&desk, &connections, &refetch);
    let moment = use_clock(connections.news.number);
    let onsignedout = {
        let dispatcher = connections.dispatcher();
        use_callback((), move |(), ()| dispatcher.dispatch(Action::SignedOut))
    };
    let is_visible = use_visibility();
    let onwait = use_waits(&desk, &refetch, &onsignedout);
    use_job_streams(&desk, connections.is_signed_out, is_visible);
    use_jobs(&desk, connections.is_signed_out, onsignedout);
    use_title(!is_visible && desk.needs_person());
    use_kept_focus();
    use_news(&connections, &desk);
    let blocker = use_blocker(&desk, &connections, moment);
    let onevent = use_row_events(&connections, &desk, &sign_ins, &refetch);
    {
        // What a page that was left open lists may be over meanwhile. Once for each end, whatever the answer is.
        let refetch = refetch.clone();
        use_effect_with(connections.lapsed(moment.now), move |lapsed| {
            if !lapsed.is_empty() {
                refetch.emit(());
            }
        });
    }
    {
        // A job that ended may have learned something about a source.
        let refetch = refetch.clone();
        let ended = matches!(desk.news.value, Some(DeskNews::Over(_))).then_some(desk.news.number);
        use_effect_with(ended, move |ended| {
            if ended.is_some() {
                refetch.emit(());
            }
        });
    }

    let act = |action: DeskAction| {
        let dispatcher = desk.dispatcher();
        Callback::from(move |()| dispatcher.dispatch(action.clone()))
    };
    let ondraft = {
        let dispatcher = desk.dispatcher();
        use_callback((), move |event: InputEvent, ()| {
            if let Some(text) = dom::text_of(&event) {
                dispatcher.dispatch(DeskAction::Drafted(text));
            }
        })
    };
    let onkey = {
        let send = asking.send.clone();
        use_callback((), move |event: KeyboardEvent, ()| {
            if dom::means_send(&event) {
                event.prevent_default();
                send.emit(());
            }
        })
    };
    let onagain = {
        let dispatcher = desk.dispatcher();
        use_callback((), move |question: String, ()| dispatcher.dispatch(DeskAction::AskedAgain(question)))
    };
    let oncopy = {
        let dispatcher = desk.dispatcher();
        use_callback((), move |text: String, ()| {
            let dispatcher = dispatcher.clone();
            spawn_local(async move {
                let toast = if dom::copy(&text).await { Toast::Copied } else { Toast::NotCopied };
                dispatcher.dispatch(DeskAction::Toasted(toast));
            });
        })
    };
    let onsignout = {
        let (url, subject) = (props.logout_url.clone(), subject);
        Callback::from(move |()| {
            let (url, subject) = (url.clone(), subject.clone());
            spawn_local(async move {
                if let Some(url) = url
                    && crate::api::session::end(&url).await.is_ok()
                {
                    use_desk::forget(&subject);
                    dom::reload();
                }
            });
        })
    };

    let names = |sources: Vec<&aiq_connect_shared::DataSource>| -> Vec<String> {
        sources.into_iter().map(|source| source.name.clone()).collect()
    };
    let is_lost = connections.sources.is_unreachable || desk.is_out_of_touch();

    html! {
        <>
            <Header person={props.person.clone()} can_sign_out={props.logout_url.is_some()} {onsignout} />
            <main class="page">
                <h1 class="visually-hidden">{ crate::text::en::page::TITLE }</h1>
                <div class="page-ask">
                    if is_lost {
                        <p class="page-lost" role="alert" data-testid="out-of-touch">{ words::LOST_TOUCH }</p>
                    }
                    if let Some(blocker) = blocker {
                        <BlockerNote {blocker} {moment} onevent={&onevent} onall={&sign_ins.start_all} ondisable={&asking.send_without}
                            onclose={act(DeskAction::BlockerClosed)} onsend={&asking.send} />
                    }
                    <Composer draft={desk.draft.clone()} is_sending={desk.is_sending} trouble={desk.trouble.clone()}
                        uses={names(connections.selected(moment.now))} blocking={names(connections.blocking(moment.now))}
                        {ondraft} {onkey} onsend={&asking.send} />
                </div>
                <div class="page-panel">
                    <PanelHost connections={connections.clone()} login_url={props.login_url.clone()} {moment} {refetch} onevent={&onevent} onall={&sign_ins.start_all}
                        desk={desk.clone()} />
                </div>
                <div class="page-jobs">
                    <JobList jobs={desk.jobs.clone()} prompts={desk.prompts(&connections, moment.now)} {moment} {onagain} {oncopy} {onevent} {onwait} />
                </div>
            </main>
            { toast(&connections, &desk, act(DeskAction::ToastOver)) }
        </>
    }
}

/// The note at the bottom.
fn toast(
    connections: &UseReducerHandle<crate::state::connections::Connections>,
    desk: &UseReducerHandle<crate::state::desk::Desk>,
    ondismiss: Callback<()>,
) -> Html {
    let Some(toast) = desk.toast.clone() else { return Html::default() };
    let without = desk.toast_sources().to_vec();
    let names: Vec<_> = without.iter().map(|id| connections.sources.name(id)).collect();
    let text = words::toast(&toast, &names);
    let undo = words::way_back(&toast).map(AttrValue::from);
    let onundo = {
        let (connections, desk, ondismiss) = (connections.dispatcher(), desk.dispatcher(), ondismiss.clone());
        Callback::from(move |()| {
            for id in &without {
                connections.dispatch(Action::Switched(id.clone(), true));
            }
            match &toast {
                Toast::JobWaits { job, .. } => dom::focus(&format!("prompt-title-{job}")),
                Toast::DraftReplaced(draft) => desk.dispatch(DeskAction::Drafted(draft.clone())),
                _ => {}
            }
            ondismiss.emit(());
        })
    };
    let onhold = {
        let desk = desk.dispatcher();
        Callback::from(move |is_held| desk.dispatch(DeskAction::ToastHeld(is_held)))
    };
    html! { <div class="toasts"><ToastNote {text} {undo} {onundo} {ondismiss} {onhold} /></div> }
}
