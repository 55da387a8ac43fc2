use yew::prelude::*;

use super::mark::Mark;
use crate::text::en::page as words;

/// Props of [`Welcome`].
#[derive(Clone, PartialEq, Properties)]
pub struct WelcomeProps {
    /// Where signing in starts; `None` when that is somebody else's.
    pub login_url: Option<AttrValue>,
}

/// For those who are not signed in: what this is, and the one step.
#[component]
pub fn Welcome(props: &WelcomeProps) -> Html {
    html! {
        <main class="welcome">
            <Mark class="welcome-mark" />
            <h1 class="welcome-title">{ words::WELCOME }</h1>
            <p class="welcome-text">{ words::WELCOME_TEXT }</p>
            if let Some(url) = &props.login_url {
                <a class="button is-primary is-large" data-testid="sign-in" href={url}>{ words::SIGN_IN }</a>
            } else {
                <p class="welcome-elsewhere">{ words::SIGN_IN_ELSEWHERE }</p>
            }
        </main>
    }
}
