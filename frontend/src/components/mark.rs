use yew::prelude::*;

/// Props of [`Mark`].
#[derive(Clone, PartialEq, Properties)]
pub struct MarkProps {
    /// Where it stands.
    pub class: Classes,
}

/// The product's sign: two lines that meet.
#[component]
pub fn Mark(props: &MarkProps) -> Html {
    html! {
        <svg class={classes!("mark", props.class.clone())} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <rect width="32" height="32" rx="9" fill="currentColor" />
            <path class="mark-line" d="M6 16h6m8 0h6M12 16a4 4 0 0 0 8 0 4 4 0 0 0-8 0Z" fill="none" stroke-width="2.5" stroke-linecap="round" />
        </svg>
    }
}
