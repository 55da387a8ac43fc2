use yew::prelude::*;

use super::job_card::JobCard;
use crate::state::job::Job;
use crate::state::moment::Moment;
use crate::text::en::job as words;

/// Props of [`JobList`].
#[derive(Clone, PartialEq, Properties)]
pub struct JobListProps {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Now.
    pub moment: Moment,
    /// Called with a question to ask it again.
    pub onagain: Callback<String>,
    /// Called with what an administrator needs to know.
    pub oncopy: Callback<String>,
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
                        <JobCard key={job.id.clone()} job={job.clone()} moment={props.moment} onagain={&props.onagain} oncopy={&props.oncopy} />
                    }) }
                </ul>
            }
        </section>
    }
}
