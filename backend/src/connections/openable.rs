//! Grants whose tokens open. One that does not is as good as none: connecting again is what helps.

use super::Connections;
use crate::{
    domain::{Grant, PrincipalId},
    sealing,
    storage::{ConnectionsOf, StoreError},
    vault::{SealContext, TokenKind},
};

impl Connections {
    /// Everything of one person that can be used, by one storage query, as long as every key is held here.
    pub(super) async fn openable_of(&self, principal: &PrincipalId) -> Result<ConnectionsOf, StoreError> {
        let mut known = self.store.connections_of(principal).await?;
        let mut openable = Vec::with_capacity(known.grants.len());
        for grant in known.grants {
            if self.opens(&grant).await? {
                openable.push(grant);
            }
        }
        known.grants = openable;
        Ok(known)
    }

    /// Whether all of a grant opens.
    async fn opens(&self, grant: &Grant) -> Result<bool, StoreError> {
        let tokens =
            [(Some(&grant.access_token), TokenKind::Access), (grant.refresh_token.as_ref(), TokenKind::Refresh)];
        for (sealed, kind) in tokens {
            let Some(sealed) = sealed else { continue };
            let context = SealContext::grant(&grant.key, &grant.issuer, grant.id, grant.version, kind);
            if sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, sealed).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
