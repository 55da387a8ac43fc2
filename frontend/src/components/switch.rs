use yew::prelude::*;

/// Props of [`Switch`].
#[derive(Clone, PartialEq, Properties)]
pub struct SwitchProps {
    /// Where it stands.
    pub is_on: bool,
    /// Its name.
    pub label: AttrValue,
    /// The element that describes it.
    #[prop_or_default]
    pub describedby: Option<AttrValue>,
    /// For tests.
    pub testid: AttrValue,
    /// Not to be moved; the description says why.
    #[prop_or_default]
    pub is_locked: bool,
    /// Called with where it should stand.
    pub onswitch: Callback<bool>,
}

/// Whether a source is used. Moving it never opens a window.
#[component]
pub fn Switch(props: &SwitchProps) -> Html {
    let (is_on, is_locked) = (props.is_on, props.is_locked);
    let onclick = {
        let onswitch = props.onswitch.clone();
        move |_: MouseEvent| {
            if !is_locked {
                onswitch.emit(!is_on);
            }
        }
    };
    html! {
        <button type="button" class="switch" role="switch" aria-checked={is_on.to_string()} {onclick}
            aria-label={&props.label} aria-describedby={props.describedby.clone()}
            aria-disabled={is_locked.then_some("true")} data-testid={&props.testid}>
            <span class="switch-track"><span class="switch-thumb" /></span>
        </button>
    }
}
