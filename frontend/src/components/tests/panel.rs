use aiq_connect_shared::AuthStatus;
use yew::{Callback, Html};

use super::{assert_clean, count, render, text};
use crate::components::panel::{Loading, Panel, PanelProps};
use crate::components::source_row::{DetailsView, SourceRowProps};
use crate::state::connections::samples::{free, noon, protected};
use crate::state::moment::samples::utc;
use crate::state::row_state::RowState;

fn rows() -> Vec<SourceRowProps> {
    let row = |source: aiq_connect_shared::DataSource| SourceRowProps {
        row: RowState::derive(&source, None, None, None, noon()),
        source,
        is_on: true,
        flow: None,
        launch_url: "".into(),
        launch_target: "".into(),
        visits: 1,
        details: DetailsView::Closed,
        jobs: 0,
        as_of: None,
        moment: utc(noon()),
        onevent: Callback::noop(),
    };
    vec![row(free("web", true)), row(protected("servicenow", AuthStatus::Connected))]
}

fn panel(loading: Loading, rows: Vec<SourceRowProps>) -> PanelProps {
    PanelProps {
        loading,
        used: rows.len(),
        total: rows.len(),
        is_all_on: true,
        rows,
        children: Html::default(),
        onall: Callback::noop(),
        search: None,
        onsearch: Callback::noop(),
        onclear: Callback::noop(),
    }
}

#[tokio::test]
async fn own_accounts_come_first_and_each_group_has_a_heading() {
    let html = render::<Panel>(panel(Loading::Done, rows())).await;
    assert_clean(&html);
    let (mine, open) = (html.find("Your accounts").unwrap(), html.find("Always available").unwrap());
    assert!(mine < open);
    assert_eq!((count(&html, "<h2"), count(&html, "<h3"), count(&html, "<li")), (1, 2, 2));
    assert!(
        text(&html).contains("2 of 2 sources will be used. You see only what your own accounts are allowed to see.")
    );
}

#[tokio::test]
async fn a_group_without_sources_has_no_heading() {
    let only_open = rows().into_iter().filter(|row| row.source.per_user_auth.is_none()).collect();
    let html = render::<Panel>(panel(Loading::Done, only_open)).await;
    assert!(!html.contains("Your accounts"));
    assert!(html.contains("1 of 1 source will be used."));
}

#[tokio::test]
async fn loading_empty_and_failed_each_say_what_they_are() {
    let waiting = render::<Panel>(panel(Loading::Waiting, Vec::new())).await;
    assert!(waiting.contains(r#"data-testid="skeleton""#) && waiting.contains(r#"aria-busy="true""#));
    assert!(text(&waiting).contains("Loading your sources."));
    let empty = text(&render::<Panel>(panel(Loading::Done, Vec::new())).await);
    assert!(empty.contains("No sources here yet. Your administrator can add them."));
    let slow = text(&render::<Panel>(panel(Loading::Slow, Vec::new())).await);
    assert!(slow.contains("Still loading. This is slower than usual."));
    let failed = render::<Panel>(panel(Loading::Failed, Vec::new())).await;
    assert!(failed.contains(r#"data-testid="load-error""#));
}
