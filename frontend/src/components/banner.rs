use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};

/// What a banner is about; the most serious one is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BannerKind {
    /// Nobody is signed in any more.
    SignedOut,
    /// Older facts are shown.
    Stale,
    /// Sources are on and block.
    NeedsYou,
    /// Sources will need the person soon.
    Expiring,
}

impl BannerKind {
    fn word(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Stale => "stale",
            Self::NeedsYou => "needs_you",
            Self::Expiring => "expiring",
        }
    }
}

/// Props of [`Banner`].
#[derive(Clone, PartialEq, Properties)]
pub struct BannerProps {
    /// What it is about.
    pub kind: BannerKind,
    /// The sentence.
    pub title: AttrValue,
    /// A second one.
    #[prop_or_default]
    pub text: Option<AttrValue>,
    /// The one way on, as a button or a link.
    #[prop_or_default]
    pub children: Html,
}

/// One thing the person should know before the list.
#[component]
pub fn Banner(props: &BannerProps) -> Html {
    let (tone, shape) = match props.kind {
        BannerKind::SignedOut => (Tone::Danger, Shape::Cross),
        BannerKind::Stale | BannerKind::NeedsYou | BannerKind::Expiring => (Tone::Warn, Shape::Triangle),
    };
    html! {
        <div class={classes!("banner", tone.class())} data-testid="banner" data-kind={props.kind.word()}>
            <Glyph {tone} {shape} />
            <div class="banner-words">
                <p class="banner-title">{ &props.title }</p>
                if let Some(text) = &props.text {
                    <p class="banner-text">{ text }</p>
                }
            </div>
            <div class="banner-way">{ props.children.clone() }</div>
        </div>
    }
}
