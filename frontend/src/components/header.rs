use aiq_connect_shared::Person;
use yew::prelude::*;

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
    /// The theme picker.
    #[prop_or_default]
    pub children: Html,
}

/// The product's name, the person's name, and the way out.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    html! {
        <header class="header">
            <a class="skip" href="#composer">{ words::SKIP }</a>
            <p class="header-product">
                <svg class="header-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
                    <rect width="32" height="32" rx="9" fill="currentColor" />
                    <path class="header-mark-line" d="M9 16h4m6 0h4m-6-4v8a3 3 0 0 1-4-3v-2a3 3 0 0 1 4-3Z" fill="none" stroke-width="2.25" stroke-linecap="round" stroke-linejoin="round" />
                </svg>
                <span>{ words::PRODUCT }</span>
            </p>
            <div class="header-tools">
                { props.children.clone() }
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
