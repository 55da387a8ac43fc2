use yew::prelude::*;

/// What a state feels like. Words say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Works.
    Ok,
    /// Under way.
    Info,
    /// Needs the person.
    Warn,
    /// Broken.
    Danger,
    /// Nothing to say.
    Quiet,
}

impl Tone {
    /// The class that carries it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Ok => "is-ok",
            Self::Info => "is-info",
            Self::Warn => "is-warn",
            Self::Danger => "is-danger",
            Self::Quiet => "is-quiet",
        }
    }
}

/// The shape, so that colour is never alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// ●
    Disc,
    /// ○
    Ring,
    /// ◌
    Dashes,
    /// ▲
    Triangle,
    /// ✖
    Cross,
    /// ✓
    Tick,
}

/// Props of [`Glyph`].
#[derive(Clone, PartialEq, Properties)]
pub struct GlyphProps {
    /// The colour.
    pub tone: Tone,
    /// The shape.
    pub shape: Shape,
}

/// A small decorative sign beside a status.
#[component]
pub fn Glyph(props: &GlyphProps) -> Html {
    let shape = match props.shape {
        Shape::Disc => html! { <circle cx="8" cy="8" r="5" fill="currentColor" /> },
        Shape::Ring => html! { <circle cx="8" cy="8" r="4.25" fill="none" stroke="currentColor" stroke-width="1.5" /> },
        Shape::Dashes => html! {
            <circle cx="8" cy="8" r="4.75" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="2.6 2.4" />
        },
        Shape::Triangle => {
            html! { <path d="M8 2.6 14 13H2z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" /> }
        }
        Shape::Cross => {
            html! { <path d="m4 4 8 8m0-8-8 8" stroke="currentColor" stroke-width="2.25" stroke-linecap="round" /> }
        }
        Shape::Tick => html! {
            <path d="m3 8.5 3.2 3.2L13 4.9" fill="none" stroke="currentColor" stroke-width="2.25" stroke-linecap="round" stroke-linejoin="round" />
        },
    };
    html! {
        <svg class={classes!("glyph", props.tone.class(), (props.shape == Shape::Dashes).then_some("is-moving"))}
            viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            { shape }
        </svg>
    }
}
