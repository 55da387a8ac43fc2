use aiq_connect_shared::JobState;
use yew::prelude::*;

use super::glyph::{Glyph, Shape, Tone};
use crate::state::job::Job;
use crate::state::moment::Moment;
use crate::text::en::{job as words, time};

/// Props of [`JobCard`].
#[derive(Clone, PartialEq, Properties)]
pub struct JobCardProps {
    /// The question and what became of it.
    pub job: Job,
    /// Now.
    pub moment: Moment,
    /// Called with the question to ask it again.
    pub onagain: Callback<String>,
    /// Called with what an administrator needs to know.
    pub oncopy: Callback<String>,
}

/// One question: what was asked, where it is in words, and the answer.
#[component]
pub fn JobCard(props: &JobCardProps) -> Html {
    let job = &props.job;
    let (tone, shape) = look(job);
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

    html! {
        <li>
            <article class="job" data-testid={format!("job-{}", job.id)} data-state={job.word()} aria-labelledby={heading.clone()}>
                <h3 id={heading} class="job-question">
                    <span class="visually-hidden">{ words::YOU_ASKED }{ ": " }</span>{ &job.question }
                </h3>
                <p class="job-meta">
                    <span class={classes!("job-status", tone.class())}><Glyph {tone} {shape} />{ words::status(job) }</span>
                    <span>{ words::with_sources(&job.sources) }</span>
                    <time datetime={format!("{:?}", job.asked_at)}>{ time::at(job.asked_at, props.moment) }</time>
                </p>
                if let Some(report) = &job.report {
                    <h4 class="visually-hidden">{ words::ANSWER }</h4>
                    <div class="job-report" data-testid="job-report">{ report }</div>
                }
                if let Some(second) = words::second(job) {
                    <p class="job-second">{ second }</p>
                }
                if has_failed {
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
