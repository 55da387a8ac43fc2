//! Everything about sources: facts as the service told them, and what the person has in hand.

mod reduce;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use aiq_connect_shared::{AuthRequired, AuthStatus, DataSource, DisconnectAnswer, StatusAnswer};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::flow::{Ended, OpenFlow};
use super::row_state::{Away, Doing, Notice, RowState};
use super::sources::Sources;
use super::switches::Switches;
use super::walk::Walk;

/// What the page knows about sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// The service's word.
    pub sources: Sources,
    /// What the person wants to use.
    pub switches: Switches,
    /// Sign-ins under way, by source.
    pub flows: BTreeMap<String, OpenFlow>,
    /// The window that visits several of them, the latest.
    pub walk: Walk,
    /// How the last action on a source ended, until the next one.
    pub notices: BTreeMap<String, Notice>,
    /// What the page is doing about a source.
    pub doing: BTreeMap<String, Doing>,
    /// Rows whose details are open.
    pub open_details: BTreeSet<String>,
    /// The row that asks whether to disconnect.
    pub confirming: Option<String>,
    /// The service said 401: nobody is signed in any more.
    pub is_signed_out: bool,
    /// The service does not tell people apart, so nobody has accounts here.
    pub is_auth_off: bool,
    /// How many sign-in windows in a row the browser refused.
    pub refused_windows: u32,
    /// The last sign-in at each source that ended here.
    pub last_flows: BTreeMap<String, Uuid>,
    /// The account before a sign-in that has just succeeded, until a listing names the new one.
    account_before: BTreeMap<String, String>,
    /// Sign-ins that ended here, which an older listing may still call pending.
    ended: BTreeSet<Uuid>,
    /// What a screen reader should hear next.
    pub news: Numbered<Vec<News>>,
    /// The element that should have the focus next.
    pub focus: Numbered<String>,
}

/// A value with a number that rises, so that the same one twice is noticed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbered<T> {
    /// Rises with every value.
    pub number: u32,
    /// The value.
    pub value: T,
}

impl<T> Numbered<T> {
    /// The next value.
    pub fn put(&mut self, value: T) {
        self.number += 1;
        self.value = value;
    }
}

/// Where the focus was when the element that had it may have gone away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// In the source's row.
    Row,
    /// In the blocker.
    Blocker,
    /// Anywhere else: it is left alone.
    Elsewhere,
}

/// Something that happened to a source, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A sign-in window opened.
    Waiting(String),
    /// A window opened that visits these.
    WaitingForAll(Vec<String>),
    /// The browser refused the window.
    WindowBlocked(String),
    /// The browser refused the window that would have visited these.
    AllBlocked(Vec<String>),
    /// A sign-in ended.
    Ended(String, Ended),
    /// A source was disconnected, and whether its provider was told.
    Disconnected(String, bool),
    /// The service was asked again, and whether the source works.
    Rechecked(String, bool),
    /// It could not be disconnected.
    NotDisconnected(String),
    /// The person was signed out.
    SignedOut,
    /// "Use all sources" turned on this many and had to leave these out.
    TurnedOn {
        /// How many are on now.
        on: usize,
        /// Of how many.
        of: usize,
        /// What needs connecting first.
        skipped: Vec<String>,
    },
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Choices of an earlier visit.
    Remembered(Switches),
    /// A new listing.
    Loaded {
        /// As configured.
        list: Vec<DataSource>,
        /// Its version.
        etag: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The listing has not changed.
    Confirmed(DateTime<Utc>),
    /// The service did not answer.
    Unreachable,
    /// The service said 401.
    SignedOut,
    /// A person moved a switch.
    Switched(String, bool),
    /// A person moved the master switch.
    SwitchedAll(bool, DateTime<Utc>),
    /// A sign-in starts.
    FlowStarted(String, OpenFlow),
    /// Sign-ins start that one window visits one after the other, in this order; or it is opened once more.
    WalkStarted(Walk, Vec<(String, OpenFlow)>),
    /// The person followed the link that stands in for a refused window.
    LinkFollowed(String),
    /// A window says that this sign-in ended; and where the focus was then.
    Nudged(Uuid, Focus),
    /// The window of a sign-in seems to be gone, or is there after all.
    WindowGone(String, bool),
    /// The service's word on a sign-in.
    FlowHeard {
        /// The sign-in that was asked about.
        flow: Uuid,
        /// The answer.
        answer: StatusAnswer,
        /// When.
        at: DateTime<Utc>,
        /// Where the focus was.
        focus: Focus,
    },
    /// The service did not answer about a sign-in, and its time may be over.
    FlowUnheard(String, DateTime<Utc>),
    /// The person called a sign-in off.
    FlowCancelled(String),
    /// Details opened or closed.
    DetailsToggled(String),
    /// The row asks whether to disconnect, or stops asking.
    Confirming(Option<String>),
    /// The person asked to try again.
    Rechecking(String),
    /// Disconnecting started.
    Disconnecting(String),
    /// It is done.
    Disconnected(DisconnectAnswer),
    /// It failed.
    NotDisconnected(String),
    /// The service refused a submission.
    Refused(AuthRequired),
}

impl Connections {
    /// Nothing known yet, but whether the service tells people apart.
    pub fn new(is_auth_off: bool) -> Self {
        Self { is_auth_off, ..Self::default() }
    }

    /// What a row says.
    pub fn row(&self, source: &DataSource, now: DateTime<Utc>) -> RowState {
        let row = RowState::derive(
            source,
            self.flows.get(&source.id),
            self.notices.get(&source.id),
            self.doing.get(&source.id).copied(),
            now,
        );
        match (self.is_auth_off, self.is_signed_out) {
            (true, _) => row.away(Away::AuthOff),
            (false, true) => row.away(Away::SignedOut),
            (false, false) => row,
        }
    }

    /// The sources that are switched on and keep a question from being sent, in the configured order.
    pub fn blocking(&self, now: DateTime<Utc>) -> Vec<&DataSource> {
        let is_blocking = |source: &&DataSource| self.switches.is_on(&source.id) && self.row(source, now).blocks();
        self.sources.all().iter().filter(is_blocking).collect()
    }

    /// When the sign-ins ended that are listed as working, cannot renew themselves and are over by this clock. The
    /// clock may be wrong, so this is a reason to ask the service and nothing more.
    pub fn lapsed(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let ends = self.sources.all().iter().filter_map(|source| source.per_user_auth.as_ref()).filter_map(|auth| {
            let cannot_renew = auth.status == Some(AuthStatus::Connected) && !auth.renewable;
            auth.expires_at.filter(|end| cannot_renew && *end <= now)
        });
        ends.collect()
    }

    /// The sources a question would name, in the configured order.
    pub fn selected(&self, now: DateTime<Utc>) -> Vec<&DataSource> {
        let is_selected = |source: &&DataSource| {
            let row = self.row(source, now);
            self.switches.is_on(&source.id) && !row.is_locked()
        };
        self.sources.all().iter().filter(is_selected).collect()
    }

    /// The window that visits this source among others, as long as its sign-in there is open.
    pub fn walk_of(&self, id: &str) -> Option<&Walk> {
        self.flows.get(id).filter(|flow| self.walk.has(flow.id)).map(|_| &self.walk)
    }

    /// What goes with a sign-in when it is called off, itself included: one window, so all that it has not done yet.
    pub fn called_off_with(&self, id: &str) -> Vec<(String, Uuid)> {
        let is_with =
            |with: &str, flow: &OpenFlow| with == id || (self.walk_of(id).is_some() && self.walk.has(flow.id));
        self.flows
            .iter()
            .filter(|(with, flow)| is_with(with, flow))
            .map(|(with, flow)| (with.clone(), flow.id))
            .collect()
    }

    /// The open sign-in with this id.
    pub fn flow(&self, id: Uuid) -> Option<(&String, &OpenFlow)> {
        self.flows.iter().find(|(_, flow)| flow.id == id)
    }
}
