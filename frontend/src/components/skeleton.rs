use yew::prelude::*;

use crate::text::en::panel as words;

/// Rows to come. Shown by styles only after a moment, so that a quick answer does not flicker.
#[component]
pub fn Skeleton() -> Html {
    html! {
        <div class="skeleton" data-testid="skeleton" aria-busy="true">
            <p class="visually-hidden">{ words::LOADING }</p>
            { for (0..3).map(|row| html! {
                <div class="skeleton-row" key={row} aria-hidden="true">
                    <span class="skeleton-icon" /><span class="skeleton-line" /><span class="skeleton-line is-short" />
                </div>
            }) }
        </div>
    }
}
