//! Asking: the box, what keeps a question from being sent, and the questions already asked.

use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, JobState};
use yew::Callback;

use super::{Frame, Group, Scene, moment, now, scene};
use crate::components::blocker::{BlockerNote, BlockerNoteProps};
use crate::components::composer::{Composer, ComposerProps};
use crate::components::job_list::{JobList, JobListProps};
use crate::components::toast::{ToastNote, ToastNoteProps};
use crate::state::blocker::Blocker;
use crate::state::connections::samples::{faulty, protected};
use crate::state::connections::{Action, Connections};
use crate::state::desk::{Toast, Trouble};
use crate::state::job::Job;
use crate::text::en::composer as words;

/// Every group of the place beside the panel.
pub async fn groups() -> Vec<Group> {
    let frame = Frame::Page;
    vec![
        Group { file: "30-composer", title: "The question", frame, scenes: composers().await },
        Group { file: "31-blocker", title: "What keeps a question from being sent", frame, scenes: blockers().await },
        Group { file: "32-jobs", title: "Questions already asked", frame, scenes: jobs().await },
        Group { file: "33-toasts", title: "Notes", frame, scenes: toasts().await },
    ]
}

/// Why a question may not be sent.
pub fn troubles() -> [(&'static str, Trouble); 6] {
    [
        ("unreachable", Trouble::Unreachable),
        ("signed-out", Trouble::SignedOut),
        ("not-ready", Trouble::NotReady),
        ("too-many", Trouble::TooMany),
        ("too-long", Trouble::TooLong),
        ("refused", Trouble::Refused { code: "job_exists".to_owned() }),
    ]
}

/// Every note, and whom it names.
pub fn notes() -> [(&'static str, Toast, Vec<&'static str>); 10] {
    [
        ("sent-without", Toast::SentWithout(vec!["servicenow".to_owned()]), vec!["ServiceNow"]),
        ("copied", Toast::Copied, vec![]),
        ("not-copied", Toast::NotCopied, vec![]),
        ("job-waits", Toast::JobWaits { job: "5f0c".to_owned(), name: "ServiceNow".to_owned() }, vec![]),
        ("back", Toast::Back("ServiceNow".to_owned()), vec![]),
        ("connected", Toast::Connected("ServiceNow".to_owned()), vec![]),
        ("disconnected", disconnected(true, 0), vec![]),
        ("disconnected-while-a-job-runs", disconnected(true, 1), vec![]),
        ("disconnected-provider-not-told", disconnected(false, 2), vec![]),
        ("draft-replaced", Toast::DraftReplaced("Why?".to_owned()), vec![]),
    ]
}

fn disconnected(told: bool, jobs: u32) -> Toast {
    Toast::Disconnected { name: "ServiceNow".to_owned(), told, jobs }
}

async fn composers() -> Vec<Scene> {
    let props = |draft: &str| ComposerProps {
        draft: draft.to_owned().into(),
        is_sending: false,
        uses: vec!["ServiceNow".to_owned(), "Web search".to_owned()],
        blocking: Vec::new(),
        trouble: None,
        ondraft: Callback::noop(),
        onkey: Callback::noop(),
        onsend: Callback::noop(),
    };
    let question = "Which of my incidents are open?";
    let blocking = |names: &[&str]| ComposerProps {
        blocking: names.iter().map(|name| (*name).to_owned()).collect(),
        ..props(question)
    };
    let mut scenes = vec![
        scene::<Composer>("empty", props("")).await,
        scene::<Composer>("without-sources", ComposerProps { uses: Vec::new(), ..props(question) }).await,
        scene::<Composer>("one-blocks", blocking(&["ServiceNow"])).await,
        scene::<Composer>("two-block", blocking(&["ServiceNow", "GitHub"])).await,
        scene::<Composer>("sending", ComposerProps { is_sending: true, ..props(question) }).await,
    ];
    for (name, trouble) in troubles() {
        let props = ComposerProps { trouble: Some(trouble), ..props(question) };
        scenes.push(scene::<Composer>(&format!("trouble-{name}"), props).await);
    }
    scenes
}

/// Every blocker, by what blocks.
pub fn blocked() -> Vec<(&'static str, Blocker)> {
    let disconnected = || protected("servicenow", AuthStatus::Disconnected);
    let not_set_up = || faulty("servicenow", AuthStatus::Error, FaultCode::ClientMisconfigured);
    let unreachable = || faulty("github", AuthStatus::Error, FaultCode::IdpUnreachable);
    let on = |list: Vec<DataSource>| {
        let mut connections = Connections::default();
        let ids: Vec<_> = list.iter().map(|source| source.id.clone()).collect();
        connections.apply(Action::Loaded { list, etag: None, at: now() });
        for id in &ids {
            connections.apply(Action::Switched(id.clone(), true));
        }
        Blocker::look(&ids, &connections, now())
    };
    vec![
        ("one", on(vec![disconnected()])),
        ("two", on(vec![disconnected(), protected("github", AuthStatus::Expired)])),
        ("one-not-set-up", on(vec![not_set_up()])),
        ("one-unreachable", on(vec![unreachable()])),
        ("mixed", on(vec![not_set_up(), unreachable(), protected("box", AuthStatus::Expired)])),
        ("ready", on(vec![protected("servicenow", AuthStatus::Connected)])),
    ]
}

async fn blockers() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (name, blocker) in blocked() {
        let props = BlockerNoteProps {
            blocker,
            moment: moment(),
            onevent: Callback::noop(),
            onall: Callback::noop(),
            ondisable: Callback::noop(),
            onclose: Callback::noop(),
            onsend: Callback::noop(),
        };
        scenes.push(scene::<BlockerNote>(name, props).await);
    }
    scenes
}

/// A job in every state.
pub fn every_job() -> Vec<(&'static str, Job)> {
    let job = |state: JobState| Job {
        id: "5f0c".to_owned(),
        question: "Which of my incidents are open?".to_owned(),
        sources: vec!["ServiceNow".to_owned()],
        asked_at: now(),
        state,
        report: None,
        has_no_report: false,
        is_out_of_touch: false,
    };
    let report = "Two of your incidents are open:\nINC-1 · Printer on floor 3\nINC-7 · VPN drops every hour";
    vec![
        ("submitted", job(JobState::Submitted)),
        ("running", job(JobState::Running)),
        ("state-this-page-does-not-know", job(JobState::Unknown)),
        ("out-of-touch", Job { is_out_of_touch: true, ..job(JobState::Running) }),
        ("fetching-the-answer", job(JobState::Success)),
        ("answered", Job { report: Some(report.to_owned()), ..job(JobState::Success) }),
        ("without-an-answer", Job { has_no_report: true, ..job(JobState::Success) }),
        ("failure", job(JobState::Failure)),
        ("interrupted", job(JobState::Interrupted)),
        ("not-found", job(JobState::NotFound)),
    ]
}

async fn jobs() -> Vec<Scene> {
    let props = |jobs| JobListProps {
        jobs,
        prompts: std::collections::BTreeMap::new(),
        moment: moment(),
        onagain: Callback::noop(),
        oncopy: Callback::noop(),
        onevent: Callback::noop(),
        onwait: Callback::noop(),
    };
    let mut scenes = vec![scene::<JobList>("none-yet", props(Vec::new())).await];
    for (name, job) in every_job() {
        scenes.push(scene::<JobList>(name, props(vec![job])).await);
    }
    scenes
}

async fn toasts() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (name, toast, names) in notes() {
        let props = ToastNoteProps {
            text: words::toast(&toast, &names).into(),
            undo: words::way_back(&toast).map(Into::into),
            onundo: Callback::noop(),
            ondismiss: Callback::noop(),
            onhold: Callback::noop(),
        };
        scenes.push(scene::<ToastNote>(name, props).await);
    }
    scenes
}
