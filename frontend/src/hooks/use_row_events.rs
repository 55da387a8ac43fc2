use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::use_latest::use_latest;
use super::use_sign_ins::{SignIns, launch_url};
use crate::api::{ApiError, sources};
use crate::platform::{clock, dom};
use crate::state::connections::{Action, Connections};
use crate::state::desk::{Desk, DeskAction, Toast};
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::RowAction;
use crate::text::en::page as words;

/// What follows from what a person does in a row.
#[hook]
pub fn use_row_events(
    connections: &UseReducerHandle<Connections>,
    desk: &UseReducerHandle<Desk>,
    sign_ins: &SignIns,
    refetch: &Callback<()>,
) -> Callback<RowEvent> {
    let latest = use_latest(connections.clone());
    let toasts = desk.dispatcher();
    let refetch = refetch.clone();
    use_callback(sign_ins.clone(), move |RowEvent { id, kind }, sign_ins| {
        let connections = latest.borrow().clone();
        match kind {
            RowEventKind::Act(
                action @ (RowAction::Connect | RowAction::Reconnect | RowAction::TryAgain | RowAction::AddPermission),
            ) => {
                if let Some(intent) = action.intent() {
                    sign_ins.start.emit((id, intent));
                }
            }
            RowEventKind::Act(RowAction::Cancel) => sign_ins.cancel.emit(id),
            RowEventKind::Act(RowAction::Recheck) => {
                connections.dispatch(Action::Rechecking(id));
                refetch.emit(());
            }
            RowEventKind::Act(RowAction::CopyDetails) => copy(toasts.clone(), details(&connections, &id)),
            RowEventKind::Connect(intent) => sign_ins.start.emit((id, intent)),
            RowEventKind::Switch(is_on) => connections.dispatch(Action::Switched(id, is_on)),
            RowEventKind::OpenAgain => sign_ins.again.emit(id),
            RowEventKind::LinkFollowed => connections.dispatch(Action::LinkFollowed(id)),
            RowEventKind::CopyLink => {
                if let Some(url) = launch(&connections, &id) {
                    copy(toasts.clone(), dom::absolute(&url));
                }
            }
            RowEventKind::StayHere => {
                if let Some(url) = launch(&connections, &id) {
                    dom::go(&format!("{url}&return=%2Fconnections%23source-{id}"));
                }
            }
            RowEventKind::ToggleDetails => connections.dispatch(Action::DetailsToggled(id)),
            RowEventKind::AskDisconnect => connections.dispatch(Action::Confirming(Some(id))),
            RowEventKind::Keep => connections.dispatch(Action::Confirming(None)),
            RowEventKind::Disconnect => disconnect(&connections, toasts.clone(), id),
        }
    })
}

/// The launch page of the sign-in under way.
fn launch(connections: &Connections, id: &str) -> Option<String> {
    let flow = connections.flows.get(id)?;
    Some(launch_url(connections, id, flow.id, flow.intent))
}

/// What an administrator needs to know; never a token, never a provider's text.
fn details(connections: &Connections, id: &str) -> String {
    let source = connections.sources.find(id);
    let error = source.and_then(|source| source.per_user_auth.as_ref()?.error.as_ref());
    let state = source.map(|source| connections.row(source, clock::now()).word()).unwrap_or_default();
    let reference = error.and_then(|error| error.reference.as_deref());
    let flow = connections.flows.get(id).map(|flow| flow.id).or_else(|| connections.last_flows.get(id).copied());
    words::source_details(id, &state, reference, flow, &format!("{:?}", clock::now()))
}

fn copy(toasts: UseReducerDispatcher<Desk>, text: String) {
    spawn_local(async move {
        let toast = if dom::copy(&text).await { Toast::Copied } else { Toast::NotCopied };
        toasts.dispatch(DeskAction::Toasted(toast));
    });
}

fn disconnect(connections: &UseReducerHandle<Connections>, toasts: UseReducerDispatcher<Desk>, id: String) {
    let url = connections.sources.find(&id).and_then(|source| source.per_user_auth.as_ref()?.disconnect_url.clone());
    let name = connections.sources.name(&id).to_owned();
    let dispatcher = connections.dispatcher();
    dispatcher.dispatch(Action::Disconnecting(id.clone()));
    spawn_local(async move {
        match sources::disconnect(&id, url.as_deref()).await {
            Ok(answer) => {
                let (told, jobs) = (answer.revoked_at_provider != Some(false), answer.jobs_affected);
                toasts.dispatch(DeskAction::Toasted(Toast::Disconnected { name, told, jobs }));
                dispatcher.dispatch(Action::Disconnected(answer));
            }
            Err(error) => {
                dispatcher.dispatch(Action::NotDisconnected(id));
                if error == ApiError::SignedOut {
                    dispatcher.dispatch(Action::SignedOut);
                }
            }
        }
    });
}
