//! The panel with its facts: what is drawn for each source, and the one banner.

use aiq_connect_shared::Intent;
use yew::prelude::*;

use crate::components::banner::BannerNote;
use crate::components::panel::{Loading, Panel};
use crate::components::source_row::{DetailsView, SourceRowProps};
use crate::hooks::use_sign_ins::launch_url;
use crate::hooks::use_slow::use_slow;
use crate::platform::{dom, sign_in_window};
use crate::state::banner::Banner;
use crate::state::connections::{Action, Connections};
use crate::state::desk::Desk;
use crate::state::moment::Moment;
use crate::state::row_event::RowEvent;
use crate::state::{search, switches};

/// Props of [`PanelHost`].
#[derive(Clone, PartialEq, Properties)]
pub struct PanelHostProps {
    /// What the page knows.
    pub connections: UseReducerHandle<Connections>,
    /// Where signing in starts, should the session end.
    pub login_url: Option<AttrValue>,
    /// The questions already asked: some may wait for a source, or use it.
    pub desk: UseReducerHandle<Desk>,
    /// Now.
    pub moment: Moment,
    /// Asks the service anew.
    pub refetch: Callback<()>,
    /// Called with what the person did in a row.
    pub onevent: Callback<RowEvent>,
    /// Called with what is to be connected in one window, and what for.
    pub onall: Callback<Vec<(String, Intent)>>,
}

/// The panel.
#[component]
pub fn PanelHost(props: &PanelHostProps) -> Html {
    let PanelHostProps { connections, moment, refetch, onevent, login_url, .. } = props;
    let text = use_state_eq(AttrValue::default);
    let is_waiting = connections.sources.list.is_none() && !connections.sources.is_unreachable;
    let is_slow = use_slow(is_waiting);
    let rows: Vec<SourceRowProps> = rows(props);
    let loading = match &connections.sources.list {
        Some(_) => Loading::Done,
        None if !is_waiting => Loading::Failed,
        None if is_slow => Loading::Slow,
        None => Loading::Waiting,
    };
    let is_all_on = switches::is_all_on(rows.iter().map(|row| (&row.row, row.is_on)));
    let onall = {
        let (dispatcher, now) = (connections.dispatcher(), moment.now);
        Callback::from(move |is_on| dispatcher.dispatch(Action::SwitchedAll(is_on, now)))
    };
    let onsearch = {
        let text = text.setter();
        use_callback((), move |event: InputEvent, ()| text.set(dom::text_of(&event).unwrap_or_default().into()))
    };
    let onclear = {
        let text = text.setter();
        use_callback((), move |(), ()| {
            text.set(AttrValue::default());
            dom::focus("source-search");
        })
    };
    let total = rows.len();
    let is_searchable = search::is_worth_it(total);
    let shown =
        rows.into_iter().filter(|row| !is_searchable || search::matches(&row.source, &text)).collect::<Vec<_>>();
    html! {
        <Panel {loading} used={connections.selected(moment.now).len()} {is_all_on} {onall} rows={shown} {total}
            search={is_searchable.then(|| (*text).clone())} {onsearch} {onclear}>
            <BannerNote banner={Banner::look(connections, moment.now)} host={dom::host()} login_url={login_url.clone()}
                moment={*moment} onreload={refetch} {onevent} onall={&props.onall} />
        </Panel>
    }
}

fn rows(props: &PanelHostProps) -> Vec<SourceRowProps> {
    let PanelHostProps { connections, moment, onevent, .. } = props;
    let jobs_wait = props.desk.jobs_wait();
    let row = |source: &aiq_connect_shared::DataSource| {
        let id = &source.id;
        let flow = connections.flows.get(id).cloned();
        let launch_url =
            flow.as_ref().map(|flow| launch_url(connections, id, flow.id, flow.intent)).unwrap_or_default();
        let visits = connections.walk_of(id).map_or(1, |walk| walk.stops.len());
        SourceRowProps {
            row: connections.row(source, moment.now).with_job(jobs_wait.get(id).copied()),
            is_on: connections.switches.is_on(id),
            flow,
            launch_url: launch_url.into(),
            launch_target: sign_in_window::target(if visits > 1 { sign_in_window::ALL } else { id }).into(),
            visits,
            details: match connections.open_details.contains(id) {
                true if connections.confirming.as_ref() == Some(id) => DetailsView::Confirming,
                true => DetailsView::Open,
                false => DetailsView::Closed,
            },
            jobs: props.desk.jobs_using(id),
            as_of: connections.sources.confirmed_at.filter(|_| connections.sources.is_unreachable),
            moment: *moment,
            onevent: onevent.clone(),
            source: source.clone(),
        }
    };
    connections.sources.all().iter().map(row).collect()
}
