use aiq_connect_shared::Person;
use yew::prelude::*;

use super::mark::Mark;
use crate::text::en::page as words;

/// Props of [`Header`].
#[derive(Clone, PartialEq, Properties)]
pub struct HeaderProps {
    /// Who is here.
    #[prop_or_default]
    pub person: Option<Person>,
    /// Whether the session is ours to end.
    #[prop_or_default]
    pub can_sign_out: bool,
    /// Called to end it.
    #[prop_or_default]
    pub onsignout: Callback<()>,
}

/// The product's name, the person's name, and the way out.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    html! {
        <header class="header">
            if props.person.is_some() {
                <a class="skip" href="#composer">{ words::SKIP }</a>
            }
            <p class="header-product">
                <Mark class="header-mark" />
                <span>{ words::PRODUCT }</span>
            </p>
            <div class="header-tools">
                if let Some(person) = &props.person {
                    <p class="header-person">
                        <span class="visually-hidden">{ words::SIGNED_IN_AS }{ " " }</span>
                        <span data-testid="person" title={person.email.clone()}>{ &person.name }</span>
                    </p>
                    if props.can_sign_out {
                        <button type="button" class="button is-small" data-testid="sign-out"
                            onclick={props.onsignout.reform(|_: MouseEvent| ())}>
                            { words::SIGN_OUT }
                        </button>
                    }
                }
            </div>
        </header>
    }
}
