use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::FaultCode;

/// What the person wants from a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Connect, or connect again, with whatever account the provider has signed in.
    #[default]
    Reconnect,
    /// Ask the provider to let the person choose another account.
    SwitchAccount,
    /// Ask for the permissions that are missing, beside the ones already granted.
    MorePermission,
}

impl Intent {
    /// The word for it, on the wire, in links and in databases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reconnect => "reconnect",
            Self::SwitchAccount => "switch_account",
            Self::MorePermission => "more_permission",
        }
    }

    /// The intent of this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Reconnect, Self::SwitchAccount, Self::MorePermission].into_iter().find(|intent| intent.as_str() == word)
    }
}

/// Where one sign-in attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// The person is, or may still come, at the provider.
    Pending,
    /// A grant was stored.
    Succeeded,
    /// The person said no.
    Denied,
    /// It failed; `code` says why.
    Failed,
    /// Its ten minutes are over.
    Expired,
    /// The person called it off.
    Cancelled,
    /// A newer server sent a word that this build does not know.
    #[serde(other)]
    Unknown,
}

/// One sign-in attempt. Its id is a name, not a secret: it opens nothing by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Chosen by the panel, so that it can open the window at once and poll.
    pub id: Uuid,
    /// Where it is.
    pub state: FlowState,
    /// When it stops being possible to finish it.
    pub expires_at: DateTime<Utc>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FaultCode>,
}
