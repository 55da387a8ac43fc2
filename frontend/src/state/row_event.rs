//! What a person does in a row.

use aiq_connect_shared::Intent;

use super::row_state::RowAction;

/// What a person did in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowEvent {
    /// The source.
    pub id: String,
    /// What.
    pub kind: RowEventKind,
}

/// What a person can do in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowEventKind {
    /// Pressed the one button.
    Act(RowAction),
    /// Moved the switch.
    Switch(bool),
    /// Wants a sign-in of this kind.
    Connect(Intent),
    /// Wants the window once more.
    OpenAgain,
    /// Followed the link that stands in for a refused window.
    LinkFollowed,
    /// Wants that link on the clipboard.
    CopyLink,
    /// Wants to sign in without a window.
    StayHere,
    /// Opened or closed the details.
    ToggleDetails,
    /// Asked to disconnect; not confirmed yet.
    AskDisconnect,
    /// Thought better of it.
    Keep,
    /// Confirmed.
    Disconnect,
}
