//! The panel around its rows.

use aiq_connect_shared::{AuthStatus, DataSource};
use chrono::TimeDelta;
use yew::{Callback, Html, html};

use super::rows::{row, servicenow};
use super::{Frame, Group, Scene, moment, now, scene};
use crate::components::banner::{BannerNote, BannerNoteProps};
use crate::components::panel::{Loading, Panel, PanelProps};
use crate::components::source_row::SourceRowProps;
use crate::state::banner::{Banner, Named};
use crate::state::connections::samples;
use crate::state::row_state::RowAction;
use crate::state::switches::is_all_on;

/// Every group of the panel.
pub async fn groups() -> Vec<Group> {
    vec![
        Group { file: "20-panel", title: "The panel", frame: Frame::Panel, scenes: panels().await },
        Group { file: "21-banners", title: "Banners", frame: Frame::InPanel, scenes: banner_scenes().await },
    ]
}

/// Every banner, by name.
pub fn banners() -> Vec<(&'static str, Banner)> {
    let named = |id: &str, name: &str, action| Named { id: id.to_owned(), name: name.to_owned(), action };
    let one = || named("servicenow", "ServiceNow", Some(RowAction::Connect));
    let two = || vec![one(), named("github", "GitHub", Some(RowAction::Reconnect))];
    let soon = now() + TimeDelta::minutes(9);
    vec![
        ("signed-out", Banner::SignedOut),
        ("offline", Banner::Offline),
        ("stale", Banner::Stale(now() - TimeDelta::minutes(9))),
        ("popups-off", Banner::PopupsOff),
        ("one-needs-you", Banner::NeedsYou(vec![one()])),
        ("two-need-you", Banner::NeedsYou(two())),
        ("one-ends-soon", Banner::Expiring(vec![named("github", "GitHub", Some(RowAction::Reconnect))], soon)),
        ("two-end-soon", Banner::Expiring(two(), soon)),
        ("auth-off", Banner::AuthOff),
    ]
}

fn note(banner: Option<Banner>) -> BannerNoteProps {
    BannerNoteProps {
        banner,
        host: "aiq.example".into(),
        login_url: Some("/v1/auth/login?return_to=/connections".into()),
        moment: moment(),
        onreload: Callback::noop(),
        onevent: Callback::noop(),
        onall: Callback::noop(),
    }
}

async fn banner_scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (name, banner) in banners() {
        scenes.push(scene::<BannerNote>(name, note(Some(banner))).await);
    }
    scenes
}

fn free(id: &str, name: &str) -> SourceRowProps {
    let description = Some("Open to everybody here".to_owned());
    row(DataSource { name: name.to_owned(), description, ..samples::free(id, true) }, true)
}

fn protected(id: &str, name: &str, status: AuthStatus) -> SourceRowProps {
    let description = Some("What your own account may see".to_owned());
    let is_on = status == AuthStatus::Connected;
    row(DataSource { name: name.to_owned(), description, ..samples::protected(id, status) }, is_on)
}

fn some() -> Vec<SourceRowProps> {
    vec![
        row(servicenow(AuthStatus::Disconnected), true),
        protected("github", "GitHub", AuthStatus::Connected),
        protected("drive", "Google Drive", AuthStatus::Disconnected),
        free("web", "Web search"),
        free("handbook", "Company handbook"),
    ]
}

fn many() -> Vec<SourceRowProps> {
    let names = ["Salesforce", "Slack", "Jira", "Confluence"];
    let more = names.map(|name| protected(&name.to_lowercase(), name, AuthStatus::Disconnected));
    some().into_iter().chain(more).collect()
}

fn panel(loading: Loading, rows: Vec<SourceRowProps>, banner: Option<Banner>) -> PanelProps {
    let children: Html = html! { <BannerNote ..note(banner) /> };
    PanelProps {
        loading,
        used: rows.iter().filter(|row| row.is_on).count(),
        total: rows.len(),
        is_all_on: is_all_on(rows.iter().map(|row| (&row.row, row.is_on))),
        rows,
        search: None,
        children,
        onall: Callback::noop(),
        onsearch: Callback::noop(),
        onclear: Callback::noop(),
    }
}

async fn panels() -> Vec<Scene> {
    let needs = banners().into_iter().find(|(name, _)| *name == "one-needs-you").map(|(_, banner)| banner);
    let searched = |text: &str, keep: usize| PanelProps {
        rows: many().into_iter().filter(|row| row.source.name.contains("Jira")).take(keep).collect(),
        search: Some(text.to_owned().into()),
        ..panel(Loading::Done, many(), None)
    };
    let only_free = vec![free("web", "Web search"), free("handbook", "Company handbook")];
    vec![
        scene::<Panel>("sources", panel(Loading::Done, some(), needs)).await,
        scene::<Panel>(
            "eight-sources-or-more",
            PanelProps { search: Some("".into()), ..panel(Loading::Done, many(), None) },
        )
        .await,
        scene::<Panel>("search-with-a-hit", searched("jira", 1)).await,
        scene::<Panel>("search-without-a-hit", searched("payroll", 0)).await,
        scene::<Panel>("only-unprotected", panel(Loading::Done, only_free, None)).await,
        scene::<Panel>("none-configured", panel(Loading::Done, Vec::new(), None)).await,
        scene::<Panel>("loading", panel(Loading::Waiting, Vec::new(), None)).await,
        scene::<Panel>("loading-slow", panel(Loading::Slow, Vec::new(), None)).await,
        scene::<Panel>("load-failed", panel(Loading::Failed, Vec::new(), Some(Banner::Offline))).await,
    ]
}
