use yew::prelude::*;

use crate::text::en::page as words;

/// The look of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word for the document; `None` leaves it to the system.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// Reads that word.
    pub fn from_word(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|theme| theme.word() == word).unwrap_or_default()
    }

    fn label(self) -> &'static str {
        match self {
            Self::System => words::THEME_SYSTEM,
            Self::Light => words::THEME_LIGHT,
            Self::Dark => words::THEME_DARK,
        }
    }
}

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
                { theme.label() }
            </button>
        }
    };
    html! {
        <div class="theme" role="group" aria-label={words::THEME}>{ for Theme::ALL.map(choice) }</div>
    }
}
