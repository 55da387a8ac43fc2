//! A row in every state.

use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, Intent};
use chrono::TimeDelta;
use uuid::Uuid;
use yew::Callback;

use super::{Frame, Group, moment, now, scene};
use crate::components::source_row::{DetailsView, SourceRow, SourceRowProps};
use crate::state::connections::samples;
use crate::state::flow::{OpenFlow, Phase};
use crate::state::row_state::{Away, Doing, Notice, RowState};

/// Every fault there is.
pub const FAULTS: [FaultCode; 11] = [
    FaultCode::Revoked,
    FaultCode::ScopeMismatch,
    FaultCode::IdpUnreachable,
    FaultCode::ClientMisconfigured,
    FaultCode::RegistrationRejected,
    FaultCode::ConsentDenied,
    FaultCode::IssuerMismatch,
    FaultCode::ProviderMoved,
    FaultCode::RejectedByServer,
    FaultCode::AccountChanged,
    FaultCode::Unknown,
];

/// A row in one state: its name, and everything it is drawn from.
pub type Row = (String, SourceRowProps);

/// One set of rows.
pub struct Rows {
    /// Names the files.
    pub file: &'static str,
    /// What people read over it.
    pub title: &'static str,
    /// Each in its state.
    pub states: Vec<Row>,
}

/// Every row, drawn.
pub async fn groups() -> Vec<Group> {
    let mut groups = Vec::new();
    for Rows { file, title, states } in all() {
        let mut scenes = Vec::new();
        for (name, props) in states {
            scenes.push(scene::<SourceRow>(&name, props).await);
        }
        groups.push(Group { file, title, frame: Frame::Rows, scenes });
    }
    groups
}

/// Every row.
pub fn all() -> Vec<Rows> {
    vec![
        Rows { file: "10-rows-settled", title: "Rows: nothing under way", states: settled() },
        Rows { file: "11-rows-faults", title: "Rows: a fault", states: faults() },
        Rows {
            file: "12-rows-fault-beside-connected",
            title: "Rows: a fault beside a sign-in that works",
            states: beside(),
        },
        Rows { file: "13-rows-under-way", title: "Rows: something under way", states: under_way() },
        Rows { file: "14-rows-after-an-attempt", title: "Rows: after an attempt", states: ends() },
        Rows { file: "15-rows-details", title: "Rows: details", states: details() },
    ]
}

/// ServiceNow, as the listing has it.
pub fn servicenow(status: AuthStatus) -> DataSource {
    let mut source = samples::protected("servicenow", status);
    source.description = Some("Incidents and knowledge articles".to_owned());
    source
}

fn faulty(status: AuthStatus, code: FaultCode) -> DataSource {
    let report = samples::faulty("servicenow", status, code).per_user_auth.unwrap().error;
    let mut source = servicenow(status);
    let auth = source.per_user_auth.as_mut().unwrap();
    auth.error = report;
    if code == FaultCode::ScopeMismatch {
        auth.missing_scopes = vec!["knowledge:read".to_owned(), "tickets:write".to_owned()];
        auth.scope_labels.insert("knowledge:read".to_owned(), "Read knowledge articles".to_owned());
        auth.scope_labels.insert("tickets:write".to_owned(), "Change tickets".to_owned());
    }
    source
}

/// A row with nothing under way.
pub fn row(source: DataSource, is_on: bool) -> SourceRowProps {
    drawn(source, is_on, None, None, None)
}

fn drawn(
    source: DataSource,
    is_on: bool,
    flow: Option<OpenFlow>,
    notice: Option<&Notice>,
    doing: Option<Doing>,
) -> SourceRowProps {
    SourceRowProps {
        row: RowState::derive(&source, flow.as_ref(), notice, doing, now()),
        source,
        is_on,
        launch_url: "/v1/auth/mcp/servicenow/connect?flow=00000000-0000-0000-0000-000000000001".into(),
        launch_target: "aiq-connect-servicenow".into(),
        visits: 1,
        flow,
        details: DetailsView::Closed,
        jobs: 0,
        as_of: None,
        moment: moment(),
        onevent: Callback::noop(),
    }
}

fn named(name: &str, props: SourceRowProps) -> Row {
    (name.to_owned(), props)
}

fn settled() -> Vec<Row> {
    let web = || DataSource {
        name: "Web search".to_owned(),
        description: Some("Pages that anybody can read".to_owned()),
        ..samples::free("web", true)
    };
    let mut nameless = servicenow(AuthStatus::Connected);
    nameless.per_user_auth.as_mut().unwrap().account_label = None;
    let mut off = servicenow(AuthStatus::Disconnected);
    off.per_user_auth.as_mut().unwrap().admin_disabled = true;
    let away = |why| {
        let mut props = row(servicenow(AuthStatus::Connected), true);
        props.row = props.row.away(why);
        props
    };
    let old = |status| SourceRowProps { as_of: Some(now() - TimeDelta::minutes(9)), ..row(servicenow(status), true) };
    vec![
        named("free-on", row(web(), true)),
        named("free-off", row(web(), false)),
        named("disconnected-off", row(servicenow(AuthStatus::Disconnected), false)),
        named("disconnected-on", row(servicenow(AuthStatus::Disconnected), true)),
        named("connected", row(servicenow(AuthStatus::Connected), true)),
        named("connected-switched-off", row(servicenow(AuthStatus::Connected), false)),
        named("connected-without-account-name", row(nameless, true)),
        named("expiring-soon", row(expiring(), true)),
        named("expired", row(servicenow(AuthStatus::Expired), true)),
        named("status-this-page-does-not-know", row(servicenow(AuthStatus::Unknown), true)),
        named("blocked-by-admin", row(off, true)),
        named("unavailable-signed-out", away(Away::SignedOut)),
        named("unavailable-auth-off", away(Away::AuthOff)),
        named("stale-connected", old(AuthStatus::Connected)),
        named("stale-expired", old(AuthStatus::Expired)),
    ]
}

/// A sign-in that cannot renew itself and ends in nine minutes.
pub fn expiring() -> DataSource {
    let mut source = servicenow(AuthStatus::Connected);
    let auth = source.per_user_auth.as_mut().unwrap();
    (auth.renewable, auth.expires_at) = (false, Some(now() + TimeDelta::minutes(9)));
    source
}

fn faults() -> Vec<Row> {
    let mut rows: Vec<_> =
        FAULTS.iter().map(|code| named(code.as_str(), row(faulty(AuthStatus::Error, *code), true))).collect();
    let mut retried = faulty(AuthStatus::Error, FaultCode::IdpUnreachable);
    retried.per_user_auth.as_mut().unwrap().error.as_mut().unwrap().retry_at = Some(now() + TimeDelta::minutes(2));
    rows.push(named("idp_unreachable-tried-again-by-itself", row(retried, true)));
    for code in [FaultCode::IdpUnreachable, FaultCode::ClientMisconfigured, FaultCode::ConsentDenied] {
        let name = format!("{}-before-the-first-connect", code.as_str());
        rows.push((name, row(faulty(AuthStatus::Disconnected, code), false)));
    }
    rows
}

fn beside() -> Vec<Row> {
    let with_end = |code: &FaultCode| {
        let mut source = faulty(AuthStatus::Connected, *code);
        source.per_user_auth.as_mut().unwrap().expires_at = Some(now() + TimeDelta::minutes(40));
        named(code.as_str(), row(source, true))
    };
    FAULTS.iter().map(with_end).collect()
}

fn under_way() -> Vec<Row> {
    let flow = |minutes: i64, has_window: bool| {
        let started = now() - TimeDelta::minutes(minutes);
        OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, has_window, started)
    };
    let during = |flow: OpenFlow| drawn(servicenow(AuthStatus::Disconnected), true, Some(flow), None, None);
    let doing = |status, doing| drawn(servicenow(status), true, None, None, Some(doing));
    vec![
        named("connecting", during(flow(0, true))),
        named("connecting-window-seems-closed", during(OpenFlow { window_gone: true, ..flow(1, true) })),
        named("connecting-for-long", during(flow(4, true))),
        named("popup-blocked", during(flow(0, false))),
        named("popup-blocked-for-two", SourceRowProps { visits: 2, ..during(flow(0, false)) }),
        named("checking", during(OpenFlow { phase: Phase::Checking, ..flow(1, true) })),
        named("checking-again", doing(AuthStatus::Error, Doing::Rechecking)),
        named("disconnecting", doing(AuthStatus::Connected, Doing::Disconnecting)),
    ]
}

fn ends() -> Vec<Row> {
    let after = |name: &str, status, notice: Notice| {
        named(name, drawn(servicenow(status), status == AuthStatus::Connected, None, Some(&notice), None))
    };
    let mut rows = Vec::new();
    for (word, status) in [("first", AuthStatus::Disconnected), ("kept", AuthStatus::Connected)] {
        rows.push(after(&format!("{word}-denied"), status, Notice::Denied));
        rows.push(after(&format!("{word}-timed-out"), status, Notice::TimedOut));
        for code in FAULTS.iter().filter(|code| **code != FaultCode::ConsentDenied) {
            rows.push(after(&format!("{word}-failed-{}", code.as_str()), status, Notice::Failed(*code)));
        }
    }
    let changed = Notice::AccountChanged { from: "mona-lisa".to_owned(), to: "octo-cat".to_owned() };
    let mut source = servicenow(AuthStatus::Connected);
    source.per_user_auth.as_mut().unwrap().account_label = Some("octo-cat".to_owned());
    rows.push(named("another-account", drawn(source, true, None, Some(&changed), None)));
    rows.push(after("disconnected-provider-not-told", AuthStatus::Disconnected, Notice::ProviderNotTold));
    let until = now() + TimeDelta::minutes(15);
    let waits = |status| SourceRowProps {
        row: row(servicenow(status), true).row.with_job(Some(until)),
        ..row(servicenow(status), true)
    };
    rows.push(named("expired-and-a-job-waits", waits(AuthStatus::Expired)));
    rows.push(after("not-disconnected", AuthStatus::Connected, Notice::NotDisconnected));
    rows
}

fn details() -> Vec<Row> {
    let open = |name: &str, source: DataSource| {
        named(name, SourceRowProps { details: DetailsView::Open, ..row(source, true) })
    };
    let mut ending = servicenow(AuthStatus::Connected);
    let auth = ending.per_user_auth.as_mut().unwrap();
    (auth.renewable, auth.expires_at) = (false, Some(now() + TimeDelta::hours(4)));
    auth.relaxations = vec!["shared_callback".to_owned()];
    auth.scopes.push("knowledge:read".to_owned());
    let asking = SourceRowProps { details: DetailsView::Confirming, ..row(servicenow(AuthStatus::Connected), true) };
    vec![
        open("connected", servicenow(AuthStatus::Connected)),
        open("ends-and-has-exceptions", ending),
        open("expired", servicenow(AuthStatus::Expired)),
        open("not-connected", servicenow(AuthStatus::Disconnected)),
        open("permissions-missing", faulty(AuthStatus::Error, FaultCode::ScopeMismatch)),
        open("not-set-up", faulty(AuthStatus::Error, FaultCode::ClientMisconfigured)),
        open("rejected-by-server", faulty(AuthStatus::Error, FaultCode::RejectedByServer)),
        named("disconnect-asks-while-a-job-runs", SourceRowProps { jobs: 1, ..asking.clone() }),
        named("disconnect-asks", asking),
    ]
}
