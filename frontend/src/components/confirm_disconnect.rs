use yew::prelude::*;

use crate::text::en::details as words;

/// Props of [`ConfirmDisconnect`].
#[derive(Clone, PartialEq, Properties)]
pub struct ConfirmDisconnectProps {
    /// The source.
    pub id: AttrValue,
    /// Its name.
    pub name: AttrValue,
    /// How many research jobs are using it.
    #[prop_or_default]
    pub jobs: usize,
    /// The safe choice.
    pub onkeep: Callback<()>,
    /// The other one.
    pub ondisconnect: Callback<()>,
}

/// Asks in place, with the focus on the safe choice. Escape keeps.
#[component]
pub fn ConfirmDisconnect(props: &ConfirmDisconnectProps) -> Html {
    let question_id = format!("confirm-{}", props.id);
    let onkeydown = {
        let onkeep = props.onkeep.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                event.stop_propagation();
                onkeep.emit(());
            }
        }
    };
    html! {
        <div class="confirm" role="group" aria-labelledby={question_id.clone()} data-testid="confirm-disconnect" {onkeydown}>
            <p id={question_id} class="confirm-question">{ words::confirm_question(&props.name) }</p>
            <p class="confirm-text">
                { words::confirm_text(&props.name) }
                if let Some(jobs) = words::confirm_jobs(props.jobs) {
                    { " " }{ jobs }
                }
            </p>
            <div class="confirm-choices">
                <button type="button" class="button" id={format!("keep-{}", props.id)}
                    onclick={props.onkeep.reform(|_: MouseEvent| ())}>
                    { words::KEEP }
                </button>
                <button type="button" class="button is-danger" onclick={props.ondisconnect.reform(|_: MouseEvent| ())}>
                    { words::DISCONNECT }
                </button>
            </div>
        </div>
    }
}
