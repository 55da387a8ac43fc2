use aiq_connect_shared::{SkipReason, WaitAction};
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};
use crate::state::moment::Moment;
use crate::state::prompt::{Item, Phase, Prompt};
use crate::state::row_event::{RowEvent, RowEventKind};
use crate::state::row_state::{Kind, RowAction};
use crate::state::wait_event::WaitEvent;
use crate::text::en::{prompt as words, row as row_words};

/// Props of [`JobPrompt`].
#[derive(Clone, PartialEq, Properties)]
pub struct JobPromptProps {
    /// What the job needs, or did without.
    pub prompt: Prompt,
    /// Now.
    pub moment: Moment,
    /// Called with what the person did about a source.
    pub onevent: Callback<RowEvent>,
    /// Called with what the person asked the job for.
    pub onwait: Callback<WaitEvent>,
    /// Called with what an administrator needs to know.
    pub oncopy: Callback<String>,
}

/// In a job's card: the sources that it needs its person for, what became of them, and the ways on.
#[component]
pub fn JobPrompt(props: &JobPromptProps) -> Html {
    let prompt = &props.prompt;
    let job = &prompt.job;
    let heading = words::heading(prompt);
    let is_alone = heading.is_none();
    let title_id = format!("prompt-title-{job}");
    let (tone, shape) = look(prompt.phase());
    html! {
        <section class={classes!("prompt", tone.class())} id={format!("prompt-{job}")} role="group"
            aria-labelledby={title_id.clone()} data-testid={format!("reconnect-prompt-{job}")}
            data-phase={prompt.phase().word()} data-focus-home={title_id.clone()}>
            if let Some(heading) = heading {
                <h4 id={title_id.clone()} class="prompt-heading" tabindex="-1">
                    if tone == Tone::Warn {
                        <Glyph {tone} {shape} />
                    }
                    <span>{ heading }</span>
                </h4>
            }
            if let Some(text) = words::text(prompt) {
                <p class="prompt-text">{ text }</p>
            }
            <ul class="prompt-items">
                { for prompt.items.iter().map(|item| entry(props, item, is_alone.then_some(&title_id))) }
            </ul>
        </section>
    }
}

/// One source: what happened, and what the person can do.
fn entry(props: &JobPromptProps, item: &Item, title_id: Option<&String>) -> Html {
    let text = words::item(item, title_id.is_some(), props.moment);
    let (tone, shape) = look(item.phase);
    let testid = format!("reconnect-prompt-{}-{}", props.prompt.job, item.wait.source_id);
    let with_title = |words: Html| match title_id {
        Some(id) => {
            html! { <h4 id={id.clone()} class="prompt-title" tabindex="-1"><Glyph {tone} {shape} /><span>{ words }</span></h4> }
        }
        None => html! { <p class="prompt-title"><Glyph {tone} {shape} /><span>{ words }</span></p> },
    };
    html! {
        <li class="prompt-item" key={item.wait.source_id.clone()} data-testid={testid} data-phase={item.phase.word()}>
            if let Some(title) = &text.title {
                { with_title(html! { title }) }
                <p class="prompt-text">{ &text.text }</p>
            } else {
                { with_title(html! { &text.text }) }
            }
            { ways(props, item) }
        </li>
    }
}

/// The ways on. The button of the sign-in stays the same element while it changes its word.
fn ways(props: &JobPromptProps, item: &Item) -> Html {
    let is_waiting = item.phase == Phase::Waiting;
    let Some(action) = item.action().map(Some).or_else(|| (is_waiting).then_some(None)) else { return Html::default() };
    let row = item.under_way();
    let is_connecting = row.is_some_and(|row| matches!(row.kind, Kind::Connecting | Kind::WindowBlocked));
    let event = |kind: RowEventKind| {
        let (id, onevent) = (item.wait.source_id.clone(), props.onevent.clone());
        Callback::from(move |_: MouseEvent| onevent.emit(RowEvent { id: id.clone(), kind }))
    };
    let wait = |action: WaitAction| {
        let event = WaitEvent { job: props.prompt.job.clone(), source: item.wait.source_id.clone(), action };
        let (onwait, is_asked) = (props.onwait.clone(), item.wait.asked.is_some());
        Callback::from(move |_: MouseEvent| {
            if !is_asked {
                onwait.emit(event.clone());
            }
        })
    };
    let busy = item.wait.asked.is_some().then_some("true");
    let name = &item.wait.source_name;
    html! {
        <>
            if is_connecting {
                <p class="prompt-under-way">{ row_words::waiting_in(name) }</p>
            }
            <div class="prompt-ways">
                if let Some(action) = action {
                    { main(props, item, action) }
                }
                if is_connecting {
                    <button type="button" class="link" onclick={event(RowEventKind::OpenAgain)}>{ row_words::OPEN_AGAIN }</button>
                }
                if is_waiting {
                    <button type="button" class="button" aria-label={words::named(words::CONTINUE, name)} aria-disabled={busy}
                        onclick={wait(WaitAction::Skip)}>
                        { words::CONTINUE }
                    </button>
                    if item.wait.can_extend {
                        <button type="button" class="link" aria-label={words::named(words::LONGER, name)} aria-disabled={busy}
                            onclick={wait(WaitAction::Extend)}>
                            { words::LONGER }
                        </button>
                    }
                }
            </div>
            if let Some(trouble) = item.wait.trouble {
                <p class="prompt-trouble">{ words::trouble(trouble) }</p>
            }
        </>
    }
}

/// The source's next step.
fn main(props: &JobPromptProps, item: &Item, action: RowAction) -> Html {
    let name = &item.wait.source_name;
    let is_next_time = item.phase == Phase::Without(SkipReason::Skipped) && action == RowAction::Reconnect;
    let (label, aria) = if is_next_time {
        (words::FOR_NEXT_TIME, words::named(words::FOR_NEXT_TIME, name))
    } else {
        (row_words::action(action), row_words::action_name(action, name))
    };
    let onclick = if action == RowAction::CopyDetails {
        let (details, oncopy) = (words::details(&props.prompt.job, item), props.oncopy.clone());
        Callback::from(move |_: MouseEvent| oncopy.emit(details.clone()))
    } else {
        let event = RowEvent { id: item.wait.source_id.clone(), kind: RowEventKind::Act(action) };
        props.onevent.reform(move |_: MouseEvent| event.clone())
    };
    let is_primary = item.phase == Phase::Waiting && action != RowAction::Cancel;
    html! {
        <button type="button" key="main" class={classes!("button", is_primary.then_some("is-primary"))} aria-label={aria} {onclick}>
            { label }
        </button>
    }
}

/// How a phase looks.
fn look(phase: Phase) -> (Tone, Shape) {
    match phase {
        Phase::Waiting => (Tone::Warn, Shape::Triangle),
        Phase::Resuming => (Tone::Info, Shape::Dashes),
        Phase::Restored => (Tone::Ok, Shape::Tick),
        Phase::Without(SkipReason::NotRecoverable) => (Tone::Danger, Shape::Cross),
        Phase::Without(_) | Phase::Finished | Phase::Ended => (Tone::Quiet, Shape::Ring),
    }
}
