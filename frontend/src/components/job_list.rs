use std::collections::BTreeMap;

use yew::prelude::*;

use super::job_card::JobCard;
use crate::state::job::Job;
use crate::state::moment::Moment;
use crate::state::prompt::Prompt;
use crate::state::row_event::RowEvent;
use crate::state::wait_event::WaitEvent;
use crate::text::en::job as words;

/// Props of [`JobList`].
#[derive(Clone, PartialEq, Properties)]
pub struct JobListProps {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// What they need their person for, by job.
    #[prop_or_default]
    pub prompts: BTreeMap<String, Prompt>,
    /// Now.
    pub moment: Moment,
    /// Called with a question to ask it again.
    pub onagain: Callback<String>,
    /// Called with what an administrator needs to know.
    pub oncopy: Callback<String>,
    /// Called with what the person did about a source.
    #[prop_or_default]
    pub onevent: Callback<RowEvent>,
    /// Called with what the person asked a job for.
    #[prop_or_default]
    pub onwait: Callback<WaitEvent>,
}

/// The questions already asked, or an invitation.
#[component]
pub fn JobList(props: &JobListProps) -> Html {
    html! {
        <section class="jobs" aria-labelledby="jobs-title">
            <h2 id="jobs-title" class={classes!("jobs-title", props.jobs.is_empty().then_some("visually-hidden"))}>{ words::TITLE }</h2>
            if props.jobs.is_empty() {
                <div class="jobs-none">
                    <p class="jobs-none-title">{ words::NONE_YET }</p>
                    <p>{ words::NONE_YET_HINT }</p>
                </div>
            } else {
                <ul class="jobs-list">
                    { for props.jobs.iter().map(|job| html! {
                        <JobCard key={job.id.clone()} job={job.clone()} prompt={props.prompts.get(&job.id).cloned()} moment={props.moment}
                            onagain={&props.onagain} oncopy={&props.oncopy} onevent={&props.onevent} onwait={&props.onwait} />
                    }) }
                </ul>
            }
        </section>
    }
}
