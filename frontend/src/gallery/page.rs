//! The page around panel and question.

use aiq_connect_shared::Person;
use yew::Callback;

use super::{Frame, Group, Scene, scene};
use crate::components::header::{Header, HeaderProps};
use crate::components::theme_picker::{ThemePicker, ThemePickerProps};
use crate::components::welcome::{Welcome, WelcomeProps};
use crate::state::theme::Theme;

/// Every group of the page.
pub async fn groups() -> Vec<Group> {
    let welcome = |url: Option<&str>| WelcomeProps { login_url: url.map(|url| url.to_owned().into()) };
    let here = vec![scene::<Welcome>("sign-in-here", welcome(Some("/v1/auth/login?return_to=/connections"))).await];
    let elsewhere = vec![scene::<Welcome>("sign-in-elsewhere", welcome(None)).await];
    vec![
        Group { file: "40-header", title: "Header and appearance", frame: Frame::Page, scenes: bars().await },
        Group { file: "41-welcome", title: "Nobody is signed in", frame: Frame::Whole, scenes: here },
        Group { file: "42-welcome-elsewhere", title: "Sign-in is elsewhere", frame: Frame::Whole, scenes: elsewhere },
    ]
}

async fn bars() -> Vec<Scene> {
    let person = Some(Person { sub: "1".to_owned(), name: "Alice Moreau".to_owned(), email: None });
    let header = |person, can_sign_out| HeaderProps { person, can_sign_out, onsignout: Callback::noop() };
    let theme = |theme| ThemePickerProps { theme, onpick: Callback::noop() };
    vec![
        scene::<Header>("signed-in", header(person.clone(), true)).await,
        scene::<Header>("signed-in-elsewhere", header(person, false)).await,
        scene::<Header>("nobody", header(None, false)).await,
        scene::<ThemePicker>("appearance-system", theme(Theme::System)).await,
        scene::<ThemePicker>("appearance-light", theme(Theme::Light)).await,
        scene::<ThemePicker>("appearance-dark", theme(Theme::Dark)).await,
    ]
}
