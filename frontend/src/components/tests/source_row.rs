use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, Intent};
use chrono::TimeDelta;
use uuid::Uuid;
use yew::Callback;

use super::{assert_clean, count, render, text};
use crate::components::source_row::{DetailsView, SourceRow, SourceRowProps};
use crate::state::connections::samples::{faulty, noon, protected};
use crate::state::flow::OpenFlow;
use crate::state::moment::Moment;
use crate::state::moment::samples::East;
use crate::state::row_state::RowState;

fn props(source: DataSource, is_on: bool) -> SourceRowProps {
    SourceRowProps {
        row: RowState::derive(&source, None, None, None, noon()),
        source,
        is_on,
        flow: None,
        launch_url: "/v1/auth/mcp/servicenow/connect?flow=1".into(),
        launch_target: "aiq-connect-servicenow".into(),
        visits: 1,
        details: DetailsView::Closed,
        jobs: 0,
        as_of: None,
        moment: Moment { now: noon(), wall: &East(60) },
        onevent: Callback::noop(),
    }
}

fn with_flow(mut props: SourceRowProps, has_window: bool, minutes: i64, window_gone: bool) -> SourceRowProps {
    let mut flow =
        OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, has_window, noon() - TimeDelta::minutes(minutes));
    flow.window_gone = window_gone;
    props.row = RowState::derive(&props.source, Some(&flow), None, None, noon());
    props.flow = Some(flow);
    props
}

async fn says(props: SourceRowProps) -> String {
    let html = render::<SourceRow>(props).await;
    assert_clean(&html);
    assert!(count(&html, "data-testid=\"source-action-") <= 1, "more than one next step: {html}");
    text(&html)
}

fn servicenow(status: AuthStatus) -> DataSource {
    protected("servicenow", status)
}

fn broken(code: FaultCode) -> DataSource {
    faulty("servicenow", AuthStatus::Error, code)
}

#[tokio::test]
async fn missing_permissions_are_named_in_words() {
    let mut source = broken(FaultCode::ScopeMismatch);
    let auth = source.per_user_auth.as_mut().unwrap();
    auth.missing_scopes = vec!["incidents:read".to_owned(), "kb".to_owned()];
    assert!(says(props(source, true)).await.contains("Still missing: Read incidents and kb."));
}

#[tokio::test]
async fn what_an_administrator_turned_off_cannot_be_switched() {
    let mut source = servicenow(AuthStatus::Disconnected);
    source.per_user_auth.as_mut().unwrap().admin_disabled = true;
    let html = render::<SourceRow>(props(source, true)).await;
    assert!(html.contains(r#"aria-disabled="true""#));
    assert!(html.contains(r#"aria-checked="false""#));
    assert!(text(&html).contains("Turned off by your administrator"));
}

#[tokio::test]
async fn the_row_names_its_state_its_switch_and_its_action() {
    let html = render::<SourceRow>(props(servicenow(AuthStatus::Disconnected), true)).await;
    for part in [
        r#"data-testid="source-row-servicenow""#,
        r#"data-state="disconnected""#,
        r#"data-enabled="true""#,
        r#"role="switch""#,
        r#"aria-label="Use ServiceNow""#,
        r#"aria-label="Connect ServiceNow""#,
        r#"aria-label="Details, ServiceNow""#,
        r#"aria-describedby="source-status-servicenow""#,
    ] {
        assert!(html.contains(part), "{part} is missing in {html}");
    }
}

#[tokio::test]
async fn open_details_tell_who_what_and_until_when() {
    let mut open = props(servicenow(AuthStatus::Connected), true);
    open.details = DetailsView::Open;
    insta::assert_snapshot!(says(open).await, @"S ServiceNow Open to everybody. Connected as mona-lisa Details Account mona-lisa Can Read incidents incidents:read Signed in 3 November Renews automatically Signs in at servicenow.example Use a different account Disconnect");
}

#[tokio::test]
async fn disconnecting_asks_first_and_offers_the_safe_choice_first() {
    let mut asking = props(servicenow(AuthStatus::Connected), true);
    asking.details = DetailsView::Confirming;
    let html = render::<SourceRow>(asking).await;
    let (keep, disconnect) = (html.find("Keep connected").unwrap(), html.rfind("Disconnect<").unwrap());
    assert!(keep < disconnect);
    assert!(html.contains(r#"data-testid="confirm-disconnect""#));
    assert!(text(&html).contains("running jobs lose it within a minute"));
}

#[tokio::test]
async fn disconnecting_names_the_research_jobs_that_lose_the_source_and_only_when_there_are_some() {
    let asking = |jobs| SourceRowProps {
        details: DetailsView::Confirming,
        jobs,
        ..props(servicenow(AuthStatus::Connected), true)
    };
    let said = |html: String| text(&html);
    assert!(!said(render::<SourceRow>(asking(0)).await).contains("research job"));
    let one = said(render::<SourceRow>(asking(1)).await);
    assert!(one.contains("1 research job is using it and will continue without it."));
    let two = said(render::<SourceRow>(asking(2)).await);
    assert!(two.contains("2 research jobs are using it and will continue without it."));
}

#[tokio::test]
async fn a_research_job_that_waits_is_what_the_row_says_second() {
    let until = Some(noon() + TimeDelta::minutes(20));
    let waited = |mut props: SourceRowProps| {
        props.row = props.row.with_job(until);
        props
    };
    let row = says(waited(props(broken(FaultCode::Revoked), true))).await;
    assert!(
        row.contains("Access was removed Reconnect A research job is waiting for ServiceNow until 13:20."),
        "{row}"
    );
    let works = says(waited(props(servicenow(AuthStatus::Connected), true))).await;
    assert!(!works.contains("waiting"));
    let signing_in = says(waited(with_flow(props(servicenow(AuthStatus::Expired), true), true, 0, false))).await;
    assert!(signing_in.contains("Finish in the ServiceNow window."), "{signing_in}");
}

#[tokio::test]
async fn a_refused_window_is_replaced_by_a_real_link() {
    let html =
        render::<SourceRow>(with_flow(props(servicenow(AuthStatus::Disconnected), false), false, 0, false)).await;
    assert!(html.contains(r#"href="/v1/auth/mcp/servicenow/connect?flow=1""#));
    assert!(html.contains(r#"target="aiq-connect-servicenow""#));
    assert!(!html.contains("noopener"), "the window could not tell us that it is done");
}

#[tokio::test]
async fn a_servers_own_text_never_reaches_the_screen() {
    let mut source = broken(FaultCode::Unknown);
    source.per_user_auth.as_mut().unwrap().error.as_mut().unwrap().message = "<b>PROVIDER TEXT</b>".to_owned();
    source.per_user_auth.as_mut().unwrap().last_error = Some("PROVIDER TEXT".to_owned());
    let mut open = props(source, true);
    open.details = DetailsView::Open;
    assert!(!says(open).await.contains("PROVIDER TEXT"));
}

#[tokio::test]
async fn names_are_data_and_not_markup() {
    let mut source = servicenow(AuthStatus::Connected);
    source.name = "<script>x</script>".to_owned();
    assert!(!render::<SourceRow>(props(source, true)).await.contains("<script>"));
}
