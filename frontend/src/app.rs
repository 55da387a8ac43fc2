//! The page as a whole: who is here decides what is shown.

use yew::prelude::*;

use crate::components::header::Header;
use crate::components::live_regions::LiveRegions;
use crate::components::theme_picker::ThemePicker;
use crate::components::welcome::Welcome;
use crate::hooks::use_announcer::{Announcer, use_announcer};
use crate::hooks::use_session::use_session;
use crate::hooks::use_theme::use_theme;
use crate::state::session::Session;
use crate::text::en::page as words;
use crate::workspace::Workspace;

/// The page.
#[component]
pub fn App() -> Html {
    let session = use_session();
    let (theme, onpick) = use_theme();
    let (live, announcer) = use_announcer();
    let content = match &*session {
        Session::Loading => html! {
            <>
                <Header />
                <main class="waiting" aria-busy="true"><p class="waiting-words">{ words::LOADING }</p></main>
            </>
        },
        Session::Unreachable => html! {
            <>
                <Header />
                <main class="waiting"><p role="alert">{ words::UNREACHABLE }</p></main>
            </>
        },
        Session::SignedOut { login_url } => html! {
            <>
                <Header />
                <Welcome login_url={login_url.clone()} />
            </>
        },
        Session::SignedIn { person, login_url, logout_url } => html! {
            <Workspace key={person.sub.clone()} person={Some(person.clone())} login_url={login_url.clone()} logout_url={logout_url.clone()} />
        },
        Session::Open => html! { <Workspace key="everybody" /> },
    };
    html! {
        <ContextProvider<Announcer> context={announcer}>
            { content }
            <footer class="page-foot"><ThemePicker {theme} {onpick} /></footer>
            <LiveRegions live={std::rc::Rc::new((*live).clone())} />
        </ContextProvider<Announcer>>
    }
}
