use aiq_connect_shared::Intent;
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone as GlyphTone};
use super::source_row::look;
use crate::state::blocker::{Blocker, Item, Tone};
use crate::state::moment::Moment;

use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::RowAction;
use crate::text::en::{blocker as words, row as row_words};

/// Props of [`BlockerNote`].
#[derive(Clone, PartialEq, Properties)]
pub struct BlockerNoteProps {
    /// What is in the way.
    pub blocker: Blocker,
    /// Now.
    pub moment: Moment,
    /// Called with what the person did about a source.
    pub onevent: Callback<RowEvent>,
    /// Called with what is to be connected in one window, and what for.
    pub onall: Callback<Vec<(String, Intent)>>,
    /// Send without the sources that block.
    pub ondisable: Callback<()>,
    /// Not now.
    pub onclose: Callback<()>,
    /// Nothing blocks any more: send.
    pub onsend: Callback<()>,
}

/// Why the question was not sent, and the ways out. In place, not a window over the page.
#[component]
pub fn BlockerNote(props: &BlockerNoteProps) -> Html {
    let tone = props.blocker.tone();
    let blocking = props.blocker.blocking();
    let names: Vec<_> = blocking.iter().map(|item| item.source.name.as_str()).collect();
    let onkeydown = {
        let onclose = props.onclose.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                onclose.emit(());
            }
        }
    };
    let (glyph_tone, shape) = match tone {
        Tone::Ready => (GlyphTone::Ok, Shape::Tick),
        Tone::Connect | Tone::Unreachable => (GlyphTone::Warn, Shape::Triangle),
        Tone::NotSetUp => (GlyphTone::Danger, Shape::Cross),
    };
    let first = props.blocker.first_to_connect().map(|item| &item.source.id);
    let all = props.blocker.to_connect();
    let has_all = all.len() > 1;
    let onall = props.onall.reform(move |_: MouseEvent| all.clone());
    let only =
        (matches!(tone, Tone::Connect | Tone::Unreachable) && blocking.len() == 1).then(|| blocking.first()).flatten();

    html! {
        <section class={classes!("blocker", glyph_tone.class())} role="group" aria-labelledby="blocker-title"
            data-testid="blocker" id="blocker" data-focus-home="blocker-title" {onkeydown}>
            <h2 id="blocker-title" class="blocker-title" tabindex="-1">
                <Glyph tone={glyph_tone} {shape} />
                <span>{ words::title(tone, &names) }</span>
            </h2>
            <p class="blocker-text">{ words::text(tone, blocking.len()) }</p>
            <ul class="blocker-items">
                { for props.blocker.items.iter().map(|item| entry(props, item, only.is_none(), !has_all && first == Some(&item.source.id))) }
            </ul>
            <div class="blocker-ways">
                if tone == Tone::Ready {
                    <button type="button" id="blocker-send" class="button is-primary" data-testid="blocker-send"
                        onclick={props.onsend.reform(|_: MouseEvent| ())}>
                        { words::SEND }
                    </button>
                } else {
                    if let Some(item) = only {
                        { way_out(props, item, true, true) }
                    }
                    if has_all {
                        <button type="button" class="button is-primary" data-testid="blocker-connect-all" onclick={onall}>
                            { words::CONNECT_ALL }
                        </button>
                    }
                    <button type="button" data-testid="blocker-disable-continue"
                        class={classes!("button", (tone == Tone::NotSetUp).then_some("is-primary"))}
                        onclick={props.ondisable.reform(|_: MouseEvent| ())}>
                        { words::disable(blocking.len()) }
                    </button>
                }
                <button type="button" class="link" data-testid="blocker-not-now" onclick={props.onclose.reform(|_: MouseEvent| ())}>
                    { words::NOT_NOW }
                </button>
            </div>
        </section>
    }
}

/// One source: name, status, and its own way out unless the only one stands below.
fn entry(props: &BlockerNoteProps, item: &Item, with_action: bool, is_first: bool) -> Html {
    let facts = row_words::RowFacts {
        name: &item.source.name,
        auth: item.source.per_user_auth.as_ref(),
        is_on: true,
        flow_ends: None,
        moment: props.moment,
    };
    let text = row_words::words(&item.row, &facts);
    let (tone, shape) = look(&item.row, true);
    html! {
        <li class="blocker-item" key={item.source.id.clone()} data-testid={format!("blocker-item-{}", item.source.id)}>
            <span class="blocker-name">{ &item.source.name }</span>
            <span class={classes!("blocker-status", tone.class())}><Glyph {tone} {shape} />{ text.status }</span>
            if with_action {
                { way_out(props, item, false, is_first) }
            }
        </li>
    }
}

/// The id of a source's button.
fn way_id(source: &str) -> String {
    format!("blocker-way-{source}")
}

/// The source's next step; with the source's name, where no row says it.
fn way_out(props: &BlockerNoteProps, item: &Item, with_name: bool, is_main: bool) -> Html {
    let Some(action) = item.row.action() else { return Html::default() };
    let name = row_words::action_name(action, &item.source.name);
    let onclick = {
        let (id, onevent) = (item.source.id.clone(), props.onevent.clone());
        move |_: MouseEvent| onevent.emit(RowEvent { id: id.clone(), kind: RowEventKind::Act(action) })
    };
    let label = if with_name { name.clone() } else { row_words::action(action).to_owned() };
    html! {
        // Calling a sign-in off is a way back and not the thing to do.
        <button type="button" id={way_id(&item.source.id)} class={classes!("button", (is_main && action != RowAction::Cancel).then_some("is-primary"))}
            aria-label={name} {onclick}>
            { label }
        </button>
    }
}
