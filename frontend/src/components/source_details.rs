use aiq_connect_shared::{FaultCode, Intent, PerUserAuth};
use yew::prelude::*;

use super::confirm_disconnect::ConfirmDisconnect;
use crate::state::moment::Moment;
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::{Kind, RowState};
use crate::text::en::{details as words, time};

/// Props of [`SourceDetails`].
#[derive(Clone, PartialEq, Properties)]
pub struct SourceDetailsProps {
    /// The source.
    pub id: AttrValue,
    /// Its name.
    pub name: AttrValue,
    /// The connection.
    pub auth: PerUserAuth,
    /// What the row says.
    pub row: RowState,
    /// Whether it asks about disconnecting.
    pub is_confirming: bool,
    /// How many research jobs are using the source.
    #[prop_or_default]
    pub jobs: usize,
    /// Now.
    pub moment: Moment,
    /// Called with what the person chose.
    pub onevent: Callback<RowEvent>,
}

/// Who is connected, what was granted, until when; and what one rarely needs.
#[component]
pub fn SourceDetails(props: &SourceDetailsProps) -> Html {
    let SourceDetailsProps { id, name, auth, row, moment, .. } = props;
    let event = |kind: RowEventKind| {
        let (id, onevent) = (id.to_string(), props.onevent.clone());
        Callback::from(move |()| onevent.emit(RowEvent { id: id.clone(), kind }))
    };
    let button = |word: &'static str, kind: RowEventKind| {
        html! {
            <button type="button" class="button is-small" aria-label={words::named(word, name)}
                onclick={event(kind).reform(|_: MouseEvent| ())}>
                { word }
            </button>
        }
    };
    let is_settled = !matches!(row.kind, Kind::Connecting | Kind::Checking | Kind::WindowBlocked | Kind::Disconnecting);
    let can_reconnect = matches!(row.kind, Kind::Failed(FaultCode::RejectedByServer | FaultCode::IdpUnreachable));
    let is_not_set_up =
        matches!(row.kind, Kind::Failed(FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected));
    let lifetime = words::lifetime(auth, *moment);
    let has_lifetime = row.is_usable() || (row.kind == Kind::Expired && auth.expires_at.is_some());

    html! {
        <div class="details">
            <dl class="details-facts">
                if row.has_grant {
                    { fact(words::ACCOUNT, auth.account_label.as_ref().map(|label| html! { label })) }
                    { fact(words::CAN, scopes(auth, &auth.scopes)) }
                }
                { fact(words::MISSING, scopes(auth, &auth.missing_scopes)) }
                if row.has_grant {
                    { fact(words::SIGNED_IN, auth.connected_at.map(|at| html! { time::date(at, *moment) })) }
                    { fact(lifetime.0, has_lifetime.then(|| html! { lifetime.1 })) }
                }
                { fact(words::SIGNS_IN_AT, auth.provider_host.as_ref().map(|host| html! { host })) }
                { fact(words::RELAXATIONS, codes(&auth.relaxations)) }
            </dl>
            if props.is_confirming {
                <ConfirmDisconnect id={id.clone()} name={name.clone()} jobs={props.jobs}
                    onkeep={event(RowEventKind::Keep)} ondisconnect={event(RowEventKind::Disconnect)} />
            } else if is_settled {
                <div class="details-actions">
                    if can_reconnect && row.has_grant {
                        { button(words::RECONNECT, RowEventKind::Connect(Intent::Reconnect)) }
                    }
                    if is_not_set_up {
                        { button(words::TRY_AGAIN, RowEventKind::Connect(Intent::Reconnect)) }
                    }
                    if row.has_grant {
                        { button(words::OTHER_ACCOUNT, RowEventKind::Connect(Intent::SwitchAccount)) }
                        <button type="button" class="button is-small is-danger" id={format!("disconnect-{id}")}
                            aria-label={words::disconnect_name(name)} data-testid={format!("source-disconnect-{id}")}
                            onclick={event(RowEventKind::AskDisconnect).reform(|_: MouseEvent| ())}>
                            { words::DISCONNECT }
                        </button>
                    }
                </div>
            }
        </div>
    }
}

fn fact(term: &'static str, value: Option<Html>) -> Html {
    value.map_or_else(Html::default, |value| {
        html! { <div class="details-fact"><dt>{ term }</dt><dd>{ value }</dd></div> }
    })
}

/// Words for permissions where there are any, with the code beside them.
fn scopes(auth: &PerUserAuth, scopes: &[String]) -> Option<Html> {
    let item = |scope: &String| match auth.scope_labels.get(scope) {
        Some(label) => html! { <li>{ label }{ " " }<code>{ scope }</code></li> },
        None => html! { <li><code>{ scope }</code></li> },
    };
    (!scopes.is_empty()).then(|| html! { <ul class="details-scopes">{ for scopes.iter().map(item) }</ul> })
}

fn codes(codes: &[String]) -> Option<Html> {
    let item = |code: &String| html! { <li><code>{ code }</code></li> };
    (!codes.is_empty()).then(|| html! { <ul class="details-scopes">{ for codes.iter().map(item) }</ul> })
}
