use yew::prelude::*;

use crate::state::theme::Theme;
use crate::text::en::page as words;

/// Props of [`ThemePicker`].
#[derive(Clone, PartialEq, Properties)]
pub struct ThemePickerProps {
    /// The present look.
    pub theme: Theme,
    /// Called with the wanted one.
    pub onpick: Callback<Theme>,
}

/// Three looks, one of them pressed.
#[component]
pub fn ThemePicker(props: &ThemePickerProps) -> Html {
    let choice = |theme: Theme| {
        html! {
            <button type="button" class="theme-choice" aria-pressed={(theme == props.theme).to_string()}
                onclick={props.onpick.reform(move |_: MouseEvent| theme)}>
                { label(theme) }
            </button>
        }
    };
    html! {
        <div class="theme" role="group" aria-label={words::THEME}>{ for Theme::ALL.map(choice) }</div>
    }
}

fn label(theme: Theme) -> &'static str {
    match theme {
        Theme::System => words::THEME_SYSTEM,
        Theme::Light => words::THEME_LIGHT,
        Theme::Dark => words::THEME_DARK,
    }
}
