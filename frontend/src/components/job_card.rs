use aiq_connect_shared::JobState;
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};
use super::job_prompt::JobPrompt;
use crate::state::job::Job;
use crate::state::moment::Moment;
use crate::state::prompt::{Phase, Prompt};
use crate::state::row_event::RowEvent;
use crate::state::wait_event::WaitEvent;
use crate::text::en::{job as words, prompt as prompt_words, time};

/// Props of [`JobCard`].
#[derive(Clone, PartialEq, Properties)]
pub struct JobCardProps {
    /// The question and what became of it.
    pub job: Job,
    /// What it needs its person for, or did without.
    #[prop_or_default]
    pub prompt: Option<Prompt>,
    /// Now.
    pub moment: Moment,
    /// Called with the question to ask it again.
    pub onagain: Callback<String>,
    /// Called with what an administrator needs to know.
    pub oncopy: Callback<String>,
    /// Called with what the person did about a source.
    #[prop_or_default]
    pub onevent: Callback<RowEvent>,
    /// Called with what the person asked the job for.
    #[prop_or_default]
    pub onwait: Callback<WaitEvent>,
}

/// One question: what was asked, where it is in words, and the answer.
#[component]
pub fn JobCard(props: &JobCardProps) -> Html {
    let job = &props.job;
    let phase = props.prompt.as_ref().map(Prompt::phase);
    let is_paused = phase == Some(Phase::Waiting) && !job.is_out_of_touch;
    let (tone, shape) = if is_paused { (Tone::Warn, Shape::Triangle) } else { look(job) };
    let status = if is_paused { words::PAUSED } else { words::status(job) };
    let heading = format!("job-title-{}", job.id);
    let again = {
        let (question, onagain) = (job.question.clone(), props.onagain.clone());
        move |_: MouseEvent| onagain.emit(question.clone())
    };
    let copy = {
        let (details, oncopy) = (words::details(job), props.oncopy.clone());
        move |_: MouseEvent| oncopy.emit(details.clone())
    };
    let has_failed = job.state.is_over() && job.state != JobState::Success;
    // An answer that lacks a source may be worth asking for once more.
    let is_short = phase == Some(Phase::Finished);

    html! {
        <li>
            <article class="job" data-testid={format!("job-{}", job.id)} data-state={job.word()} aria-labelledby={heading.clone()}>
                <h3 id={heading} class="job-question">
                    <span class="visually-hidden">{ words::YOU_ASKED }{ ": " }</span>{ &job.question }
                </h3>
                <p class="job-meta">
                    <span class={classes!("job-status", tone.class())}><Glyph {tone} {shape} />{ status }</span>
                    <span>{ words::with_sources(&job.sources) }</span>
                    <time datetime={format!("{:?}", job.asked_at)}>{ time::at(job.asked_at, props.moment) }</time>
                </p>
                if let Some(prompt) = &props.prompt {
                    <JobPrompt prompt={prompt.clone()} moment={props.moment} onevent={&props.onevent} onwait={&props.onwait} oncopy={&props.oncopy} />
                }
                if let Some(report) = &job.report {
                    <h4 class="visually-hidden">{ words::ANSWER }</h4>
                    <div class="job-report" data-testid="job-report">{ report }</div>
                }
                if let Some(second) = words::second(job) {
                    <p class="job-second">{ second }</p>
                }
                if is_short {
                    <div class="job-ways">
                        <button type="button" class="button is-small" onclick={again}>{ prompt_words::RUN_AGAIN }</button>
                    </div>
                } else if has_failed {
                    <div class="job-ways">
                        <button type="button" class="button is-small" onclick={again}>{ words::ASK_AGAIN }</button>
                        <button type="button" class="link" onclick={copy}>{ words::COPY_DETAILS }</button>
                    </div>
                }
            </article>
        </li>
    }
}

fn look(job: &Job) -> (Tone, Shape) {
    match job.state {
        _ if job.is_out_of_touch => (Tone::Warn, Shape::Triangle),
        _ if job.is_open() => (Tone::Info, Shape::Dashes),
        JobState::Success if job.report.is_some() => (Tone::Ok, Shape::Tick),
        JobState::Failure => (Tone::Danger, Shape::Cross),
        _ => (Tone::Quiet, Shape::Ring),
    }
}
