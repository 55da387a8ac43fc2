use yew::prelude::*;

use crate::state::desk::Trouble;
use crate::text::en::{blocker as blocker_words, composer as words};

/// Props of [`Composer`].
#[derive(Clone, PartialEq, Properties)]
pub struct ComposerProps {
    /// What is in the box.
    pub draft: AttrValue,
    /// On its way.
    pub is_sending: bool,
    /// The names of the sources that a question would use.
    pub uses: Vec<String>,
    /// The names of those that are in the way.
    pub blocking: Vec<String>,
    /// Why the last attempt failed.
    pub trouble: Option<Trouble>,
    /// Called with what the person typed.
    pub ondraft: Callback<InputEvent>,
    /// Called with every key in the box.
    pub onkey: Callback<KeyboardEvent>,
    /// Send, or say what is in the way.
    pub onsend: Callback<()>,
}

/// The box for a question. Send is never a dead button: pressed too early, it says what is missing.
#[component]
pub fn Composer(props: &ComposerProps) -> Html {
    let names: Vec<_> = props.blocking.iter().map(String::as_str).collect();
    let is_blocked = !names.is_empty();
    let uses: Vec<_> = props.uses.iter().map(String::as_str).collect();
    let onsubmit = {
        let onsend = props.onsend.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            onsend.emit(());
        }
    };
    html! {
        <form class="composer" {onsubmit}>
            <label class="composer-label" for="composer">{ words::LABEL }</label>
            <div class="composer-box">
                <textarea id="composer" class="composer-text" data-testid="composer" rows="3" value={&props.draft}
                    placeholder={words::PLACEHOLDER} aria-describedby="composer-keys"
                    oninput={&props.ondraft} onkeydown={&props.onkey} />
                <div class="composer-foot">
                    <p class="composer-uses" id="composer-uses">
                        if uses.is_empty() { { words::NO_SOURCES } } else { { words::uses(&uses) } }
                    </p>
                    <button type="submit" class={classes!("button", "is-primary", "composer-send", is_blocked.then_some("is-blocked"))}
                        data-testid="send" aria-disabled={(is_blocked || props.is_sending).then_some("true")}
                        aria-describedby={is_blocked.then_some("send-why")}>
                        if props.is_sending { { words::SENDING } } else { { words::SEND } }
                    </button>
                </div>
            </div>
            if is_blocked {
                <p id="send-why" class="composer-why">{ blocker_words::why_not(&names) }</p>
            }
            if let Some(trouble) = &props.trouble {
                <p class="composer-trouble" data-testid="trouble">{ words::trouble(trouble) }</p>
            }
            <p id="composer-keys" class="composer-keys">{ words::KEYS }</p>
        </form>
    }
}
