//! Several sign-ins in one window, one visit each: browsers open one window for one click.

use aiq_connect_shared::Intent;
use uuid::Uuid;

use super::row_state::RowAction;

/// More than this the service does not take in one go.
pub const LONGEST: usize = 20;

/// The sign-ins of one window, in the order in which it visits them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Every one that it was opened for, whether over or not.
    pub stops: Vec<Stop>,
}

/// One sign-in of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The source.
    pub id: String,
    /// Chosen by the page.
    pub flow: Uuid,
    /// What the person wants there.
    pub intent: Intent,
}

impl Walk {
    /// Whether this sign-in is one of its.
    pub fn has(&self, flow: Uuid) -> bool {
        self.stops.iter().any(|stop| stop.flow == flow)
    }
}

impl RowAction {
    /// What the sign-in is for that this starts, if it starts one.
    pub fn intent(self) -> Option<Intent> {
        match self {
            Self::Connect | Self::Reconnect | Self::TryAgain => Some(Intent::Reconnect),
            Self::AddPermission => Some(Intent::MorePermission),
            Self::Cancel | Self::Recheck | Self::CopyDetails => None,
        }
    }
}
