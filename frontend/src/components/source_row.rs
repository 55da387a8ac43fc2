use aiq_connect_shared::{DataSource, FaultCode, Intent};
use chrono::{DateTime, Utc};
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};
use super::popup_help::PopupHelp;
use super::source_details::SourceDetails;
use super::switch::Switch;
use crate::state::flow::OpenFlow;
use crate::state::moment::Moment;
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::{Kind, Notice, RowAction, RowState};
use crate::text::en::{details as details_words, row as words};

/// How much of the details is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailsView {
    /// Nothing.
    #[default]
    Closed,
    /// What is known, and what one rarely needs.
    Open,
    /// Also the question whether to disconnect.
    Confirming,
}

/// Props of [`SourceRow`].
#[derive(Clone, PartialEq, Properties)]
pub struct SourceRowProps {
    /// The source.
    pub source: DataSource,
    /// What its row says.
    pub row: RowState,
    /// Whether it is switched on.
    pub is_on: bool,
    /// The sign-in under way.
    #[prop_or_default]
    pub flow: Option<OpenFlow>,
    /// Where that sign-in's window goes.
    #[prop_or_default]
    pub launch_url: AttrValue,
    /// That window's name.
    #[prop_or_default]
    pub launch_target: AttrValue,
    /// How many sources that window visits.
    #[prop_or(1)]
    pub visits: usize,
    /// How much of the details is shown.
    #[prop_or_default]
    pub details: DetailsView,
    /// How many research jobs are using the source.
    #[prop_or_default]
    pub jobs: usize,
    /// When the facts are from, if they are old.
    #[prop_or_default]
    pub as_of: Option<DateTime<Utc>>,
    /// Now.
    pub moment: Moment,
    /// Called with what the person did.
    pub onevent: Callback<RowEvent>,
}

/// One data source: its name, its switch, its status in words, and the one next step.
#[component]
pub fn SourceRow(props: &SourceRowProps) -> Html {
    let SourceRowProps { source, row, is_on, .. } = props;
    let id = &source.id;
    let facts = words::RowFacts {
        name: &source.name,
        auth: source.per_user_auth.as_ref(),
        is_on: *is_on,
        flow_ends: props.flow.as_ref().map(|flow| flow.expires_at),
        moment: props.moment,
    };
    let text = words::words(row, &facts);
    let status = props.as_of.map_or_else(|| text.status.clone(), |at| words::as_of(&text.status, at, props.moment));
    let status_id = format!("source-status-{id}");
    let event = |kind: RowEventKind| {
        let (id, onevent) = (id.clone(), props.onevent.clone());
        Callback::from(move |()| onevent.emit(RowEvent { id: id.clone(), kind }))
    };
    let onswitch = {
        let (id, onevent) = (id.clone(), props.onevent.clone());
        Callback::from(move |is_on| onevent.emit(RowEvent { id: id.clone(), kind: RowEventKind::Switch(is_on) }))
    };
    let (tone, shape) = look(row, *is_on);
    let is_open = props.details != DetailsView::Closed;
    let is_away = matches!(row.kind, Kind::Unavailable(_));
    let has_status = row.kind != Kind::Free;

    html! {
        <li id={format!("source-{id}")} class={classes!("source", props.as_of.is_some().then_some("is-stale"), is_away.then_some("is-away"))}
            data-testid={format!("source-row-{id}")} data-state={row.word()} data-enabled={is_on.to_string()}>
            <span class="source-icon" aria-hidden="true">{ monogram(&source.name) }</span>
            <div class="source-head">
                <span class="source-name">{ &source.name }</span>
                if let Some(description) = &source.description {
                    <p class="source-description">{ description }</p>
                }
            </div>
            <Switch is_on={*is_on && !row.is_locked()} label={words::switch_name(&source.name)} {onswitch}
                is_locked={row.is_locked()} testid={format!("source-switch-{id}")}
                describedby={has_status.then(|| AttrValue::from(status_id.clone()))} />
            if has_status {
                <div class="source-state">
                    <div class="source-line">
                        <p id={status_id} class={classes!("source-status", tone.class())}
                            data-testid={format!("source-status-{id}")}>
                            <Glyph {tone} {shape} /><span>{ status }</span>
                        </p>
                        if let Some(action) = row.action() {
                            <button type="button" key="action" data-testid={format!("source-action-{id}")}
                                class={classes!("button", "source-action", weight(action, row.kind, *is_on))}
                                aria-label={words::action_name(action, &source.name)}
                                onclick={event(RowEventKind::Act(action)).reform(|_: MouseEvent| ())}>
                                { words::action(action) }
                            </button>
                        }
                    </div>
                    if row.kind == Kind::WindowBlocked {
                        <PopupHelp id={id.clone()} name={source.name.clone()} visits={props.visits} href={&props.launch_url}
                            target={&props.launch_target} onevent={&props.onevent} />
                    } else if let Some(second) = text.second {
                        <p class="source-second">
                            { second }
                            if row.kind == Kind::Connecting {
                                if row.notice != Some(Notice::WindowGone) {
                                    { " " }{ words::CANT_SEE_IT }
                                }
                                { " " }
                                <button type="button" class="link" onclick={event(RowEventKind::OpenAgain).reform(|_: MouseEvent| ())}>
                                    { words::OPEN_AGAIN }
                                </button>
                            }
                            if matches!(row.notice, Some(Notice::AccountChanged { .. } | Notice::Listed(FaultCode::AccountChanged))) {
                                { " " }
                                <button type="button" class="link"
                                    onclick={event(RowEventKind::Connect(Intent::SwitchAccount)).reform(|_: MouseEvent| ())}>
                                    { words::OTHER_ACCOUNT }
                                </button>
                            }
                        </p>
                    }
                    if !is_away {
                    <button type="button" class="source-details-toggle" id={format!("details-{id}")}
                        aria-expanded={is_open.to_string()} aria-controls={format!("details-of-{id}")}
                        aria-label={details_words::details_name(&source.name)} data-testid={format!("source-details-{id}")}
                        onclick={event(RowEventKind::ToggleDetails).reform(|_: MouseEvent| ())}>
                        <svg class="chevron" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                            <path d="m4 6 4 4 4-4" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" />
                        </svg>
                        { details_words::DETAILS }
                    </button>
                    }
                    <div id={format!("details-of-{id}")} hidden={!is_open || is_away}>
                        if let (true, Some(auth)) = (is_open && !is_away, &source.per_user_auth) {
                            <SourceDetails id={id.clone()} name={source.name.clone()} auth={auth.clone()} row={row.clone()}
                                is_confirming={props.details == DetailsView::Confirming} jobs={props.jobs} moment={props.moment} onevent={&props.onevent} />
                        }
                    </div>
                </div>
            }
        </li>
    }
}

/// Actions that bring the person further stand out, most of all where the source is wanted; others do not.
fn weight(action: RowAction, kind: Kind, is_on: bool) -> Option<&'static str> {
    match action {
        RowAction::Cancel | RowAction::CopyDetails | RowAction::Recheck => None,
        RowAction::Connect => Some("is-primary"),
        _ if kind == Kind::Connected => None,
        _ if is_on => Some("is-primary"),
        _ => Some("is-wanted"),
    }
}

/// How a state looks.
pub fn look(row: &RowState, is_on: bool) -> (Tone, Shape) {
    match row.kind {
        Kind::Disconnected if is_on => (Tone::Warn, Shape::Triangle),
        Kind::Connected => (Tone::Ok, Shape::Disc),
        Kind::ExpiringSoon => (Tone::Warn, Shape::Disc),
        Kind::Connecting | Kind::Checking | Kind::Disconnecting => (Tone::Info, Shape::Dashes),
        Kind::Expired
        | Kind::WindowBlocked
        | Kind::Failed(FaultCode::ScopeMismatch | FaultCode::ProviderMoved | FaultCode::AccountChanged) => {
            (Tone::Warn, Shape::Triangle)
        }
        Kind::Failed(code) if code != FaultCode::ConsentDenied => (Tone::Danger, Shape::Cross),
        Kind::Failed(_) | Kind::Disconnected | Kind::Free | Kind::Denied | Kind::TurnedOff | Kind::Unavailable(_) => {
            (Tone::Quiet, Shape::Ring)
        }
    }
}

/// The first letters of the first two words.
fn monogram(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next()).take(2);
    letters.flat_map(char::to_uppercase).collect()
}
