//! Which sources would keep a submission from being sent, and why.

use aiq_connect_shared::{AuthStatus, BlockedSource, BlockedStatus};

use super::Connections;
use crate::{
    domain::{PrincipalId, ServerId, SourceId},
    storage::StoreError,
};

/// The sources of a submission, found and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Every source that the job may use, in the configured order.
    pub sources: Vec<SourceId>,
    /// The servers behind those of them that are protected.
    pub servers: Vec<ServerId>,
}

/// Why a submission is not sent.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// Some names are no sources.
    #[error("unknown data sources: {}", invalid.join(", "))]
    Unknown {
        /// As they were given.
        invalid: Vec<String>,
        /// What there is.
        known: Vec<String>,
    },
    /// Some sources need their person first.
    #[error("{} data sources are not connected", .0.len())]
    Blocked(Vec<BlockedSource>),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Connections {
    /// Checks a selection: `None` means every source, an empty one none; case does not matter, as at AIQ.
    pub async fn preflight(
        &self,
        principal: &PrincipalId,
        selection: Option<&[String]>,
    ) -> Result<Selection, PreflightError> {
        let invalid: Vec<String> = selection
            .unwrap_or_default()
            .iter()
            .filter(|name| !self.config.sources.iter().any(|source| source.id.as_str().eq_ignore_ascii_case(name)))
            .cloned()
            .collect();
        if !invalid.is_empty() {
            let known = self.config.sources.iter().map(|source| source.id.to_string()).collect();
            return Err(PreflightError::Unknown { invalid, known });
        }
        let chosen = |id: &str| selection.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(id)));
        let known = self.openable_of(principal).await?;
        let mut found = Selection { sources: Vec::new(), servers: Vec::new() };
        let mut blocked = Vec::new();
        for source in self.config.sources.iter().filter(|source| !source.admin_disabled && chosen(source.id.as_str())) {
            found.sources.push(source.id.clone());
            let Some(protected) = self.protection_of(source) else { continue };
            let (status, reason) = self.standing_of(protected, &known);
            if status == AuthStatus::Connected {
                found.servers.push(protected.server.id.clone());
            } else if protected.protection.required {
                blocked.push(BlockedSource {
                    source_id: source.id.to_string(),
                    status: match status {
                        AuthStatus::Disconnected => BlockedStatus::NotConnected,
                        AuthStatus::Expired => BlockedStatus::Expired,
                        _ => BlockedStatus::Error,
                    },
                    connect_url: Some(Self::connect_path(&source.id)),
                    auth_url: Some(self.connect_url(&source.id).to_string()),
                    reason,
                    name: Some(source.name.clone()),
                });
            }
        }
        if blocked.is_empty() { Ok(found) } else { Err(PreflightError::Blocked(blocked)) }
    }
}
