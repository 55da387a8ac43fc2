//! Every component in every state, from sample facts, drawn without a browser.
//!
//! The same scenes are snapshots (`snapshots/`), pages to look at (`target/gallery`, drawn by every run of these tests,
//! photographed by `cargo xtask screens`, examined by the browser tests), and the list of words (`docs/words.md`).

mod asking;
mod outline;
mod page;
mod panel;
mod prompts;
mod proof;
mod rows;
mod site;
mod words;

use chrono::{DateTime, Utc};
use yew::{BaseComponent, LocalServerRenderer};

use crate::state::moment::Moment;
use crate::state::moment::samples::utc;

/// The time in every scene: a Tuesday, a minute past two.
pub fn now() -> DateTime<Utc> {
    "2026-11-03T14:01:00Z".parse().unwrap()
}

/// That time, for somebody who lives in UTC.
pub fn moment() -> Moment {
    utc(now())
}

/// One component in one state.
pub struct Scene {
    /// What the state is called: lowercase words with hyphens, unique in its group.
    pub name: String,
    /// What is drawn.
    pub html: String,
}

/// What surrounds the scenes of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Inside the panel, above its list.
    InPanel,
    /// A list inside the panel.
    Rows,
    /// The panel's own width.
    Panel,
    /// Beside the panel.
    Page,
    /// A page of its own.
    Whole,
}

/// Scenes that are looked at together.
pub struct Group {
    /// Sorts, and names the files.
    pub file: &'static str,
    /// What people read over it.
    pub title: &'static str,
    /// What surrounds them.
    pub frame: Frame,
    /// In the order in which a person meets them.
    pub scenes: Vec<Scene>,
}

/// Everything there is to see.
pub async fn all() -> Vec<Group> {
    let mut groups = rows::groups().await;
    groups.extend(panel::groups().await);
    groups.extend(asking::groups().await);
    groups.push(prompts::group().await);
    groups.extend(page::groups().await);
    groups
}

/// Draws one component.
async fn scene<C: BaseComponent>(name: &str, props: C::Properties) -> Scene {
    let html = LocalServerRenderer::<C>::with_props(props).hydratable(false).render().await;
    Scene { name: name.to_owned(), html }
}
