//! Research jobs that need their person, and what became of that.

use aiq_connect_shared::{AuthStatus, Intent, JobEvent, JobState, SkipReason, WaitAction};
use chrono::TimeDelta;
use uuid::Uuid;
use yew::Callback;

use super::{Frame, Group, moment, now, scene};
use crate::components::job_list::{JobList, JobListProps};
use crate::state::connections::samples::protected;
use crate::state::connections::{Action, Connections};
use crate::state::flow::OpenFlow;
use crate::state::job::Job;
use crate::state::job_wait::samples::{required, restored, skipped};
use crate::state::job_wait::{JobWaits, WaitTrouble};
use crate::state::prompt::Prompt;

/// The group.
pub async fn group() -> Group {
    let mut scenes = Vec::new();
    for (name, job, prompt) in all() {
        let props = JobListProps {
            jobs: vec![job],
            prompts: [(prompt.job.clone(), prompt)].into(),
            moment: moment(),
            onagain: Callback::noop(),
            oncopy: Callback::noop(),
            onevent: Callback::noop(),
            onwait: Callback::noop(),
        };
        scenes.push(scene::<JobList>(name, props).await);
    }
    Group { file: "34-prompts", title: "Research jobs that need their person", frame: Frame::Page, scenes }
}

/// Every phase.
pub fn all() -> Vec<(&'static str, Job, Prompt)> {
    let lost = || required("servicenow", "expired", Some(139));
    let end = |reason| vec![lost(), skipped("servicenow", reason)];
    let several = vec![
        lost(),
        required("github", "revoked", Some(150)),
        required("box", "expired", Some(150)),
        skipped("box", SkipReason::Skipped),
    ];
    let unset = vec![required("servicenow", "client_misconfigured", None)];
    let unset = [unset, vec![skipped("servicenow", SkipReason::NotRecoverable)]].concat();
    let running = JobState::Running;
    let mut scenes = vec![
        ("waiting", drawn(running, vec![lost()], |_| (), |_| ())),
        ("waiting-for-a-permission", {
            drawn(running, vec![required("servicenow", "scope_mismatch", Some(139))], |_| (), |_| ())
        }),
        ("waiting-no-longer", drawn(running, vec![lost()], |waits| waits.waits[0].can_extend = false, |_| ())),
        ("waiting-signing-in", drawn(running, vec![lost()], |_| (), sign_in)),
        ("waiting-asked", drawn(running, vec![lost()], |waits| waits.ask("servicenow", WaitAction::Skip), |_| ())),
        ("waiting-unreachable", {
            let failed = |waits: &mut JobWaits| drop(waits.failed("servicenow", WaitTrouble::Unreachable));
            drawn(running, vec![lost()], failed, |_| ())
        }),
        ("resuming", drawn(running, vec![lost()], |_| (), connected)),
        ("restored", drawn(running, vec![lost(), restored("servicenow")], |_| (), connected)),
        ("skipped", drawn(running, end(SkipReason::Skipped), |_| (), |_| ())),
        ("deadline-passed", drawn(running, end(SkipReason::DeadlinePassed), |_| (), |_| ())),
        ("disconnected", drawn(running, end(SkipReason::Disconnected), |_| (), |_| ())),
        ("too-many-waiting", drawn(running, end(SkipReason::TooManyWaiting), |_| (), |_| ())),
        ("not-recoverable", drawn(running, unset, |_| (), |_| ())),
        ("several", drawn(running, several, |_| (), |_| ())),
        ("finished-without", drawn(JobState::Success, end(SkipReason::DeadlinePassed), |_| (), |_| ())),
        ("finished-connected-since", drawn(JobState::Success, end(SkipReason::Skipped), |_| (), connected)),
        ("failed-without", drawn(JobState::Failure, end(SkipReason::DeadlinePassed), |_| (), |_| ())),
    ];
    scenes.drain(..).map(|(name, (job, prompt))| (name, job, prompt)).collect()
}

fn sign_in(connections: &mut Connections) {
    let flow = OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, true, now());
    connections.apply(Action::FlowStarted("servicenow".to_owned(), flow));
}

fn connected(connections: &mut Connections) {
    let list = vec![protected("servicenow", AuthStatus::Connected)];
    connections.apply(Action::Loaded { list, etag: None, at: now() + TimeDelta::seconds(1) });
}

fn drawn(
    state: JobState,
    events: Vec<JobEvent>,
    change: impl FnOnce(&mut JobWaits),
    meanwhile: impl FnOnce(&mut Connections),
) -> (Job, Prompt) {
    let mut waits = JobWaits::default();
    for (id, event) in (1..).zip(events) {
        waits.hear(Some(id), event, now() - TimeDelta::minutes(4), true);
    }
    change(&mut waits);
    let list = ["servicenow", "github", "box"].map(|id| protected(id, AuthStatus::Expired)).to_vec();
    let mut connections = Connections::default();
    connections.apply(Action::Loaded { list, etag: None, at: now() });
    meanwhile(&mut connections);
    let job = Job {
        id: "j1".to_owned(),
        question: "Which of my incidents are open?".to_owned(),
        sources: vec!["ServiceNow".to_owned(), "GitHub".to_owned()],
        asked_at: now() - TimeDelta::minutes(5),
        state,
        report: (state == JobState::Success).then(|| "ServiceNow was left out of this answer.".to_owned()),
        has_no_report: false,
        is_out_of_touch: false,
    };
    let prompt = Prompt::look(&job, &waits, &connections, now()).expect("there is something to say");
    (job, prompt)
}
