use yew::prelude::*;

use crate::text::en::composer as words;

/// Props of [`ToastNote`].
#[derive(Clone, PartialEq, Properties)]
pub struct ToastNoteProps {
    /// What it says.
    pub text: AttrValue,
    /// The way back, if there is one.
    #[prop_or_default]
    pub undo: Option<AttrValue>,
    /// Called when the person takes the way back.
    pub onundo: Callback<()>,
    /// Called when the person has read it.
    pub ondismiss: Callback<()>,
    /// Called when the person begins or ends to look at it.
    #[prop_or_default]
    pub onhold: Callback<bool>,
}

/// A note that goes by itself; never the only place of an error.
#[component]
pub fn ToastNote(props: &ToastNoteProps) -> Html {
    let onkeydown = {
        let ondismiss = props.ondismiss.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                ondismiss.emit(());
            }
        }
    };
    html! {
        <div class="toast" data-testid="toast" {onkeydown}
            onmouseenter={props.onhold.reform(|_: MouseEvent| true)} onmouseleave={props.onhold.reform(|_: MouseEvent| false)}
            onfocusin={props.onhold.reform(|_: FocusEvent| true)} onfocusout={props.onhold.reform(|_: FocusEvent| false)}>
            <span>{ &props.text }</span>
            if let Some(undo) = &props.undo {
                <button type="button" class="link" onclick={props.onundo.reform(|_: MouseEvent| ())}>{ undo }</button>
            }
            <button type="button" class="toast-dismiss" aria-label={words::DISMISS}
                onclick={props.ondismiss.reform(|_: MouseEvent| ())}>
                <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                    <path d="m4 4 8 8m0-8-8 8" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" />
                </svg>
            </button>
        </div>
    }
}
