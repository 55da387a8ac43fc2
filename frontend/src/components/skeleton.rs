use yew::prelude::*;

use crate::text::en::panel as words;

/// Props of [`Skeleton`].
#[derive(Clone, PartialEq, Properties)]
pub struct SkeletonProps {
    /// Whether it takes longer than usual.
    pub is_slow: bool,
}

/// Rows to come. Shown by styles only after a moment, so that a quick answer does not flicker.
#[component]
pub fn Skeleton(props: &SkeletonProps) -> Html {
    let look = classes!((!props.is_slow).then_some("visually-hidden"), props.is_slow.then_some("skeleton-slow"));
    html! {
        <div class="skeleton" data-testid="skeleton" aria-busy="true">
            <p class={look} role="status">
                if props.is_slow { { words::SLOW } } else { { words::LOADING } }
            </p>
            { for (0..3).map(|row| html! {
                <div class="skeleton-row" key={row} aria-hidden="true">
                    <span class="skeleton-icon" /><span class="skeleton-line" /><span class="skeleton-line is-short" />
                </div>
            }) }
        </div>
    }
}
