//! What one row says. Always derived from the facts, never stored.

use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, PerUserAuth};
use chrono::{DateTime, Utc};

use super::flow::{OpenFlow, Phase};
use super::pace;

/// The state of a source, one word each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Needs no account.
    Free,
    /// No sign-in is stored.
    Disconnected,
    /// No sign-in is stored, because the person said no.
    Denied,
    /// A sign-in was started, but the browser refused its window.
    WindowBlocked,
    /// A sign-in is under way.
    Connecting,
    /// A sign-in reported back.
    Checking,
    /// Being disconnected.
    Disconnecting,
    /// Works.
    Connected,
    /// Works, but not for long, and cannot renew itself.
    ExpiringSoon,
    /// Lapsed, and cannot renew itself.
    Expired,
    /// Does not work, for this reason.
    Failed(FaultCode),
    /// Switched off by an administrator.
    TurnedOff,
    /// Nobody's account can be used now.
    Unavailable(Away),
}

/// Why nobody's account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// The person's session with AI-Q is over.
    SignedOut,
    /// This server does not tell people apart.
    AuthOff,
}

/// What stands beside the status until the person's next action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The person said no at the provider.
    Denied,
    /// The last sign-in failed; what was there before still stands.
    Failed(FaultCode),
    /// The service lists this fault beside a sign-in that works.
    Listed(FaultCode),
    /// The last sign-in was not finished in time.
    TimedOut,
    /// Another account came back than the one before.
    AccountChanged {
        /// The account before.
        from: String,
        /// The account now.
        to: String,
    },
    /// Disconnected here, but the provider could not be told.
    ProviderNotTold,
    /// The service did not answer when it was asked to disconnect.
    NotDisconnected,
    /// A research job waits for this source, until then.
    JobWaits(DateTime<Utc>),
    /// The sign-in window seems to be gone.
    WindowGone,
    /// The sign-in takes long.
    StillWaiting,
}

/// What the page is doing about a source, beside a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Disconnecting it.
    Disconnecting,
    /// Asking the service again.
    Rechecking,
}

/// What the one button of a row does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowAction {
    /// Start a sign-in.
    Connect,
    /// Start a sign-in for a source that was connected before.
    Reconnect,
    /// Start a sign-in that asks for what is missing.
    AddPermission,
    /// Call the sign-in off.
    Cancel,
    /// Ask the service again.
    Recheck,
    /// Start a sign-in that could not be started before.
    TryAgain,
    /// Put what an administrator needs to know on the clipboard.
    CopyDetails,
}

/// A row, derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowState {
    /// The state.
    pub kind: Kind,
    /// What stands beside it.
    pub notice: Option<Notice>,
    /// Whether a sign-in is stored, working or not.
    pub has_grant: bool,
    /// Whether a submission that names the source needs it usable.
    pub is_required: bool,
}

impl RowState {
    /// What a row says. A fault may accompany any status: a denied reconnect keeps a working grant.
    pub fn derive(
        source: &DataSource,
        flow: Option<&OpenFlow>,
        notice: Option<&Notice>,
        doing: Option<Doing>,
        now: DateTime<Utc>,
    ) -> Self {
        let Some(auth) = source.per_user_auth.as_ref() else {
            return Self { kind: Kind::Free, notice: None, has_grant: false, is_required: false };
        };
        let kind = match flow {
            _ if auth.admin_disabled => Kind::TurnedOff,
            _ if doing == Some(Doing::Disconnecting) => Kind::Disconnecting,
            None if doing == Some(Doing::Rechecking) => Kind::Checking,
            Some(flow) => match flow.phase {
                Phase::WindowBlocked => Kind::WindowBlocked,
                Phase::Waiting => Kind::Connecting,
                Phase::Checking => Kind::Checking,
            },
            None => settled(auth, notice, now),
        };
        let notice = match flow {
            Some(flow) if flow.window_gone => Some(Notice::WindowGone),
            Some(flow) if now - flow.started_at >= pace::FLOW_IS_SLOW => Some(Notice::StillWaiting),
            Some(_) => None,
            None => notice.cloned().or_else(|| beside(auth, kind)),
        };
        Self { kind, notice, has_grant: has_grant(auth), is_required: auth.required }
    }

    /// The same row while a research job waits for the source: that is what the person should know first, unless a
    /// sign-in is under way or the source works.
    #[must_use]
    pub fn with_job(mut self, waits_until: Option<DateTime<Utc>>) -> Self {
        let is_still = matches!(self.kind, Kind::Disconnected | Kind::Denied | Kind::Expired | Kind::Failed(_));
        if let (Some(until), true) = (waits_until, is_still) {
            self.notice = Some(Notice::JobWaits(until));
        }
        self
    }

    /// The same row while nobody's account can be used. What needs no account stays as it is; so does what was switched
    /// off, unless all of it is, because nobody is told apart.
    pub fn away(self, why: Away) -> Self {
        match (self.kind, why) {
            (Kind::Free, _) | (Kind::TurnedOff, Away::SignedOut) => self,
            _ => Self { kind: Kind::Unavailable(why), notice: None, ..self },
        }
    }

    /// Whether the switch can be moved.
    pub fn is_locked(&self) -> bool {
        matches!(self.kind, Kind::TurnedOff | Kind::Unavailable(Away::AuthOff))
    }

    /// A usable row never blocks a question.
    pub fn is_usable(&self) -> bool {
        matches!(self.kind, Kind::Free | Kind::Connected | Kind::ExpiringSoon)
    }

    /// Whether a question that names this source has to wait.
    pub fn blocks(&self) -> bool {
        self.is_required && !self.is_usable() && !matches!(self.kind, Kind::TurnedOff | Kind::Unavailable(_))
    }

    /// The one next step, if there is one.
    pub fn action(&self) -> Option<RowAction> {
        match self.kind {
            Kind::Connected => match self.notice {
                Some(Notice::Listed(FaultCode::ScopeMismatch)) => Some(RowAction::AddPermission),
                Some(Notice::Listed(FaultCode::Revoked | FaultCode::ProviderMoved | FaultCode::Unknown)) => {
                    Some(RowAction::Reconnect)
                }
                _ => None,
            },
            Kind::Free | Kind::Checking | Kind::Disconnecting | Kind::TurnedOff | Kind::Unavailable(_) => None,
            Kind::Disconnected | Kind::Denied => Some(RowAction::Connect),
            Kind::WindowBlocked | Kind::Connecting => Some(RowAction::Cancel),
            Kind::ExpiringSoon | Kind::Expired => Some(RowAction::Reconnect),
            Kind::Failed(code) => Some(match code {
                FaultCode::ScopeMismatch => RowAction::AddPermission,
                FaultCode::ConsentDenied => RowAction::Connect,
                FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected => RowAction::CopyDetails,
                FaultCode::IdpUnreachable | FaultCode::RejectedByServer if self.has_grant => RowAction::Recheck,
                FaultCode::IdpUnreachable | FaultCode::RejectedByServer => RowAction::TryAgain,
                _ => RowAction::Reconnect,
            }),
        }
    }

    /// The state in one word, for tests and styles.
    pub fn word(&self) -> String {
        match self.kind {
            Kind::Free => "free".to_owned(),
            Kind::Disconnected => "disconnected".to_owned(),
            Kind::Denied => "error.consent_denied".to_owned(),
            Kind::WindowBlocked => "popup_blocked".to_owned(),
            Kind::Connecting => "connecting".to_owned(),
            Kind::Checking => "checking".to_owned(),
            Kind::Disconnecting => "disconnecting".to_owned(),
            Kind::Connected => "connected".to_owned(),
            Kind::ExpiringSoon => "expiring_soon".to_owned(),
            Kind::Expired => "expired".to_owned(),
            Kind::Failed(code) => format!("error.{}", code.as_str()),
            Kind::TurnedOff => "blocked_by_admin".to_owned(),
            Kind::Unavailable(_) => "unavailable".to_owned(),
        }
    }
}

/// The state while no sign-in is under way.
fn settled(auth: &PerUserAuth, notice: Option<&Notice>, now: DateTime<Utc>) -> Kind {
    let fault = match notice {
        Some(Notice::Denied) => Some(FaultCode::ConsentDenied),
        Some(Notice::Failed(code)) => Some(*code),
        _ => auth.error.as_ref().map(|report| report.code),
    };
    match auth.status {
        Some(AuthStatus::Connected) if lapses_soon(auth, now) => Kind::ExpiringSoon,
        Some(AuthStatus::Connected) => Kind::Connected,
        None if !auth.required => Kind::Free,
        Some(AuthStatus::Disconnected) | None => match fault {
            Some(FaultCode::ConsentDenied) => Kind::Denied,
            Some(code) if says_more_than_not_connected(code) => Kind::Failed(code),
            _ => Kind::Disconnected,
        },
        Some(AuthStatus::Expired) => Kind::Expired,
        Some(AuthStatus::Error | AuthStatus::Unknown) => {
            let listed = auth.error.as_ref().map_or(FaultCode::Unknown, |report| report.code);
            if listed == FaultCode::ConsentDenied && !has_grant(auth) { Kind::Denied } else { Kind::Failed(listed) }
        }
    }
}

/// What stands beside a state that the person did not just cause.
fn beside(auth: &PerUserAuth, kind: Kind) -> Option<Notice> {
    let code = auth.error.as_ref()?.code;
    match kind {
        Kind::Connected | Kind::ExpiringSoon | Kind::Expired if code == FaultCode::ConsentDenied => {
            Some(Notice::Denied)
        }
        Kind::Connected | Kind::ExpiringSoon => Some(Notice::Listed(code)),
        Kind::Disconnected => Some(Notice::Failed(code)),
        _ => None,
    }
}

/// Faults that help more, at a source without a sign-in, than the plain words "not connected".
fn says_more_than_not_connected(code: FaultCode) -> bool {
    matches!(
        code,
        FaultCode::Revoked
            | FaultCode::IdpUnreachable
            | FaultCode::ClientMisconfigured
            | FaultCode::RegistrationRejected
            | FaultCode::ProviderMoved
            | FaultCode::RejectedByServer
    )
}

/// Whether it ends soon and a person has to do something about it.
fn lapses_soon(auth: &PerUserAuth, now: DateTime<Utc>) -> bool {
    !auth.renewable && auth.expires_at.is_some_and(|end| end - now <= pace::EXPIRY_WARNING)
}

/// Whether a sign-in is stored. A broken one is recognised by what is still known about it.
fn has_grant(auth: &PerUserAuth) -> bool {
    match auth.status {
        Some(AuthStatus::Connected | AuthStatus::Expired) => true,
        Some(AuthStatus::Error | AuthStatus::Unknown) => {
            auth.connected_at.is_some() || auth.account_label.is_some() || !auth.scopes.is_empty()
        }
        Some(AuthStatus::Disconnected) | None => false,
    }
}

#[cfg(test)]
mod tests;
