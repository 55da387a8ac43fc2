//! The panel with its facts: what is drawn for each source, and the one banner.

use yew::prelude::*;

use crate::components::banner::{Banner, BannerKind};
use crate::components::panel::{Loading, Panel};
use crate::components::source_row::{DetailsView, SourceRowProps};
use crate::hooks::use_sign_ins::launch_url;
use crate::platform::sign_in_window;
use crate::state::connections::{Action, Connections};
use crate::state::desk::Desk;
use crate::state::moment::Moment;
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::{Kind, RowAction};
use crate::text::en::{panel as words, row as row_words, time};

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
}

/// The panel.
#[component]
pub fn PanelHost(props: &PanelHostProps) -> Html {
    let PanelHostProps { connections, moment, refetch, onevent, login_url, .. } = props;
    let rows: Vec<SourceRowProps> = rows(props);
    let loading = match (&connections.sources.list, connections.sources.is_unreachable) {
        (Some(_), _) => Loading::Done,
        (None, true) => Loading::Failed,
        (None, false) => Loading::Waiting,
    };
    let usable: Vec<_> = rows.iter().filter(|row| row.row.is_usable()).collect();
    let is_all_on = !usable.is_empty() && usable.iter().all(|row| row.is_on);
    let onall = {
        let (dispatcher, now) = (connections.dispatcher(), moment.now);
        Callback::from(move |is_on| dispatcher.dispatch(Action::SwitchedAll(is_on, now)))
    };
    html! {
        <Panel {loading} used={connections.selected(moment.now).len()} {is_all_on} {onall} onreload={refetch} rows={rows}>
            { banner(connections, *moment, refetch, onevent, login_url.as_ref()) }
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
        SourceRowProps {
            row: connections.row(source, moment.now).with_job(jobs_wait.get(id).copied()),
            is_on: connections.switches.is_on(id),
            flow,
            launch_url: launch_url.into(),
            launch_target: sign_in_window::target(id).into(),
            details: match connections.open_details.contains(id) {
                true if connections.confirming.as_ref() == Some(id) => DetailsView::Confirming,
                true => DetailsView::Open,
                false => DetailsView::Closed,
            },
            jobs: props.desk.jobs_using(id),
            is_stale: connections.sources.is_unreachable,
            moment: *moment,
            onevent: onevent.clone(),
            source: source.clone(),
        }
    };
    connections.sources.all().iter().map(row).collect()
}

/// At most one: the most serious.
fn banner(
    connections: &Connections,
    moment: Moment,
    refetch: &Callback<()>,
    onevent: &Callback<RowEvent>,
    login_url: Option<&AttrValue>,
) -> Html {
    if connections.is_signed_out {
        return html! {
            <Banner kind={BannerKind::SignedOut} title={words::SIGNED_OUT}>
                if let Some(href) = login_url {
                    <a class="button is-small is-primary" data-testid="sign-in" {href}>{ words::SIGN_IN }</a>
                }
            </Banner>
        };
    }
    if let (true, Some(at)) = (connections.sources.is_unreachable, connections.sources.confirmed_at) {
        return html! {
            <Banner kind={BannerKind::Stale} title={words::stale(&time::at(at, moment))}>
                <button type="button" class="button is-small" onclick={refetch.reform(|_: MouseEvent| ())}>{ words::TRY_AGAIN }</button>
            </Banner>
        };
    }
    let blocking = connections.blocking(moment.now);
    if !blocking.is_empty() {
        let names: Vec<_> = blocking.iter().map(|source| source.name.as_str()).collect();
        let (title, text) = words::needs_you(&names);
        return html! { <Banner kind={BannerKind::NeedsYou} {title} {text} /> };
    }
    let is_expiring = |source: &&aiq_connect_shared::DataSource| {
        connections.switches.is_on(&source.id) && connections.row(source, moment.now).kind == Kind::ExpiringSoon
    };
    let expiring: Vec<_> = connections.sources.all().iter().filter(is_expiring).collect();
    let end = expiring.iter().filter_map(|source| source.per_user_auth.as_ref()?.expires_at).min();
    let (Some(first), Some(end)) = (expiring.first(), end) else { return Html::default() };
    let names: Vec<_> = expiring.iter().map(|source| source.name.as_str()).collect();
    let onclick = {
        let (id, onevent) = (first.id.clone(), onevent.clone());
        move |_: MouseEvent| {
            onevent.emit(RowEvent { id: id.clone(), kind: RowEventKind::Act(RowAction::Reconnect) });
        }
    };
    html! {
        <Banner kind={BannerKind::Expiring} title={words::expiring(&names, &time::at(end, moment))}>
            if expiring.len() == 1 {
                <button type="button" class="button is-small" {onclick} aria-label={row_words::action_name(RowAction::Reconnect, &first.name)}>
                    { row_words::action(RowAction::Reconnect) }
                </button>
            }
        </Banner>
    }
}
