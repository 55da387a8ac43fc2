//! What the service last said about the sources.

use aiq_connect_shared::{AuthRequired, AuthStatus, BlockedStatus, DataSource, FaultReport, StatusAnswer};
use chrono::{DateTime, Utc};

/// The listing, and how fresh it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// As configured; `None` until the first answer.
    pub list: Option<Vec<DataSource>>,
    /// Names this version of the listing, to ask whether it changed.
    pub etag: Option<String>,
    /// When the service last confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The last attempt got no answer.
    pub is_unreachable: bool,
}

impl Sources {
    /// One source.
    pub fn find(&self, id: &str) -> Option<&DataSource> {
        self.all().iter().find(|source| source.id == id)
    }

    /// Every source; none before the first answer.
    pub fn all(&self) -> &[DataSource] {
        self.list.as_deref().unwrap_or_default()
    }

    /// What people call a source.
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.find(id).map_or(id, |source| &source.name)
    }

    /// The service's word on one source, between two listings.
    pub fn heard(&mut self, answer: &StatusAnswer) {
        self.change(&answer.source_id, |source| {
            if let Some(auth) = &mut source.per_user_auth {
                auth.status = Some(answer.status);
                auth.expires_at = answer.expires_at;
                auth.error.clone_from(&answer.error);
            }
        });
    }

    /// A source that was disconnected: nothing about the account is kept on the screen.
    pub fn forget(&mut self, id: &str) {
        self.change(id, |source| {
            if let Some(auth) = &mut source.per_user_auth {
                auth.status = Some(AuthStatus::Disconnected);
                auth.account_label = None;
                auth.connected_at = None;
                auth.expires_at = None;
                auth.error = None;
                auth.flow = None;
                auth.scopes.clear();
                auth.missing_scopes.clear();
            }
        });
    }

    /// The service refused a submission and said why: newer than the listing.
    pub fn refused(&mut self, body: &AuthRequired) {
        for blocked in &body.sources {
            self.change(&blocked.source_id, |source| {
                if let Some(auth) = &mut source.per_user_auth {
                    auth.status = Some(match blocked.status {
                        BlockedStatus::NotConnected => AuthStatus::Disconnected,
                        BlockedStatus::Expired => AuthStatus::Expired,
                        BlockedStatus::Error | BlockedStatus::Unknown => AuthStatus::Error,
                    });
                    auth.error = blocked.reason.map(|code| FaultReport::new(code, None));
                }
            });
        }
    }

    /// What is changed here is no longer the version that the etag names.
    fn change(&mut self, id: &str, change: impl FnOnce(&mut DataSource)) {
        if let Some(source) = self.list.iter_mut().flatten().find(|source| source.id == id) {
            change(source);
            self.etag = None;
        }
    }
}
