use yew::prelude::*;

use crate::state::row_event::{RowEvent, RowEventKind};
use crate::text::en::row as words;

/// Props of [`PopupHelp`].
#[derive(Clone, PartialEq, Properties)]
pub struct PopupHelpProps {
    /// The source.
    pub id: AttrValue,
    /// Its name.
    pub name: AttrValue,
    /// How many sources that window would have visited.
    #[prop_or(1)]
    pub visits: usize,
    /// Where the window would have gone.
    pub href: AttrValue,
    /// The window's name.
    pub target: AttrValue,
    /// Called with what the person chose.
    pub onevent: Callback<RowEvent>,
}

/// The ways on when the browser refused the window: links are never refused.
#[component]
pub fn PopupHelp(props: &PopupHelpProps) -> Html {
    let event = |kind: RowEventKind| {
        let (id, onevent) = (props.id.clone(), props.onevent.clone());
        move |_: MouseEvent| onevent.emit(RowEvent { id: id.to_string(), kind })
    };
    html! {
        <div class="popup-help" data-testid={format!("popup-blocked-{}", props.id)}>
            <p><strong>{ words::BLOCKED }</strong>{ " " }{ words::OPEN_YOURSELF }</p>
            <p class="popup-help-ways">
                <a id={format!("popup-link-{}", props.id)} class="button is-primary" href={&props.href}
                    target={&props.target} onclick={event(RowEventKind::LinkFollowed)}>
                    { match props.visits {
                        0 | 1 => words::open_sign_in(&props.name),
                        many => words::open_sign_in_for(many),
                    } }<span aria-hidden="true">{ "↗" }</span>
                </a>
                <button type="button" class="link" onclick={event(RowEventKind::CopyLink)}>{ words::COPY_LINK }</button>
                if props.visits < 2 {
                    <button type="button" class="link" onclick={event(RowEventKind::StayHere)}>{ words::STAY }</button>
                }
            </p>
        </div>
    }
}
