use std::rc::Rc;

use yew::prelude::*;

use crate::state::live::Live;

/// Props of [`LiveRegions`].
#[derive(Clone, PartialEq, Properties)]
pub struct LiveRegionsProps {
    /// What is being said.
    pub live: Rc<Live>,
}

/// The two places that screen readers listen to; there before anything is said.
#[component]
pub fn LiveRegions(props: &LiveRegionsProps) -> Html {
    html! {
        <div class="visually-hidden">
            <div role="status" data-testid="live-polite">{ &props.live.polite }</div>
            <div role="alert" data-testid="live-assertive">{ &props.live.urgent }</div>
        </div>
    }
}
