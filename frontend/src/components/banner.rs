use aiq_connect_shared::Intent;
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};
use crate::state::banner::{Banner, Named};
use crate::state::moment::Moment;
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::RowAction;
use crate::text::en::{banner as words, blocker as blocker_words, row as row_words};

/// Props of [`BannerNote`].
#[derive(Clone, PartialEq, Properties)]
pub struct BannerNoteProps {
    /// What it is about; `None` keeps its place for screen readers, and shows nothing.
    pub banner: Option<Banner>,
    /// The host of this page, as browsers name it in their settings.
    pub host: AttrValue,
    /// Where signing in starts.
    #[prop_or_default]
    pub login_url: Option<AttrValue>,
    /// Now.
    pub moment: Moment,
    /// Called to ask the service anew.
    pub onreload: Callback<()>,
    /// Called with what the person did about a source.
    pub onevent: Callback<RowEvent>,
    /// Called with what is to be connected in one window, and what for.
    pub onall: Callback<Vec<(String, Intent)>>,
}

/// One thing the person should know before the list. Both places are there before there is something to say, because
/// screen readers hear only what changes.
#[component]
pub fn BannerNote(props: &BannerNoteProps) -> Html {
    let is_urgent = props.banner.as_ref().is_some_and(Banner::is_urgent);
    let note = props.banner.as_ref().map(|banner| note(banner, props)).unwrap_or_default();
    html! {
        <>
            <div role="alert">if is_urgent { { note.clone() } }</div>
            <div role="status">if !is_urgent { { note } }</div>
        </>
    }
}

fn note(banner: &Banner, props: &BannerNoteProps) -> Html {
    let (tone, shape) = match banner {
        Banner::SignedOut | Banner::Offline => (Tone::Danger, Shape::Cross),
        Banner::AuthOff => (Tone::Quiet, Shape::Ring),
        Banner::Stale(_) | Banner::PopupsOff | Banner::NeedsYou(_) | Banner::Expiring(..) => {
            (Tone::Warn, Shape::Triangle)
        }
    };
    let text = words::words(banner, &props.host, props.moment);
    html! {
        <div class={classes!("banner", tone.class())} data-testid="banner" data-kind={banner.word()}>
            <Glyph {tone} {shape} />
            <div class="banner-words">
                <p class="banner-title">{ text.title }</p>
                if let Some(second) = text.second {
                    <p class="banner-text">{ second }</p>
                }
                if *banner == Banner::PopupsOff {
                    <details class="banner-how">
                        <summary>{ words::HOW }</summary>
                        <p>{ words::how(&props.host) }</p>
                    </details>
                }
            </div>
            <div class="banner-way">{ way(banner, props) }</div>
        </div>
    }
}

/// The one way on.
fn way(banner: &Banner, props: &BannerNoteProps) -> Html {
    match banner {
        Banner::SignedOut => props.login_url.as_ref().map_or_else(Html::default, |href| {
            html! { <a class="button is-small is-primary" data-testid="sign-in" {href}>{ words::SIGN_IN }</a> }
        }),
        Banner::Offline | Banner::Stale(_) => html! {
            <button type="button" class="button is-small" onclick={props.onreload.reform(|_: MouseEvent| ())}>
                { words::TRY_AGAIN }
            </button>
        },
        Banner::NeedsYou(sources) if to_connect(sources).len() > 1 => all(to_connect(sources), props),
        Banner::NeedsYou(sources) | Banner::Expiring(sources, _) => {
            sources.iter().find_map(|source| act(source, sources.len() == 1, props)).unwrap_or_default()
        }
        Banner::PopupsOff | Banner::AuthOff => Html::default(),
    }
}

/// Those that the person can connect, and what for.
fn to_connect(sources: &[Named]) -> Vec<(String, Intent)> {
    sources.iter().filter_map(|source| Some((source.id.clone(), source.action?.intent()?))).collect()
}

/// All of them in one window.
fn all(sources: Vec<(String, Intent)>, props: &BannerNoteProps) -> Html {
    let home = sources.first().map(|(id, _)| format!("details-{id}"));
    let onclick = props.onall.reform(move |_: MouseEvent| sources.clone());
    html! {
        // It goes away with the click; the rows, where the sign-ins go on, stay.
        <button type="button" class="button is-small" data-testid="banner-connect-all" {onclick} data-focus-home={home}>
            { blocker_words::CONNECT_ALL }
        </button>
    }
}

/// A source's next step, named unless the banner names only this one.
fn act(source: &Named, is_only: bool, props: &BannerNoteProps) -> Option<Html> {
    // Calling a sign-in off is no way on.
    let action = source.action.filter(|action| *action != RowAction::Cancel)?;
    let onclick = {
        let (id, onevent) = (source.id.clone(), props.onevent.clone());
        move |_: MouseEvent| onevent.emit(RowEvent { id: id.clone(), kind: RowEventKind::Act(action) })
    };
    let name = row_words::action_name(action, &source.name);
    let label = if is_only { row_words::action(action).to_owned() } else { name.clone() };
    Some(html! {
        // It goes away with the click; the row, where the sign-in goes on, stays.
        <button type="button" class="button is-small" {onclick} aria-label={name}
            data-focus-home={format!("details-{}", source.id)}>{ label }</button>
    })
}
