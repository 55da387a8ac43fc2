use aiq_connect_shared::FaultCode;
use async_trait::async_trait;

use super::{
    PostgresStore,
    grants::{FORGET, lock_person},
    milliseconds, now,
    read::{flow, flow_columns, with_clock},
    sessions::said,
    work::retried,
};
use crate::{
    domain::{Flow, FlowId, FlowPhase, NewFlow, NewGrant, PrincipalId, Sealed, StartedFlow, Version},
    storage::{
        FlowStore, StoreError,
        row::{impossible, list_text, phase_word},
    },
    timing::FLOW_LIFETIME,
};

#[async_trait]
impl FlowStore for PostgresStore {
    async fn announce(&self, flow: &NewFlow) -> Result<bool, StoreError> {
        const ANNOUNCE: &str = concat!(
            with_clock!(),
            "INSERT INTO aiq_connect.flows (id, principal, source, server, intent, phase, announced_at, expires_at) \
             SELECT $1, $2, $3, $4, $5, 'pending', now, now + $6 FROM clock ON CONFLICT (id) DO NOTHING"
        );
        let announce = sqlx::query(ANNOUNCE)
            .bind(flow.id.0.to_string())
            .bind(flow.principal.as_str())
            .bind(flow.source.as_str())
            .bind(flow.server.as_str())
            .bind(flow.intent.as_str())
            .bind(milliseconds(FLOW_LIFETIME));
        Ok(self.change(announce).await? == 1)
    }

    async fn start(&self, id: FlowId, principal: &PrincipalId, started: &StartedFlow) -> Result<bool, StoreError> {
        const START: &str = concat!(
            "UPDATE aiq_connect.flows SET state_hash = $3, browser_hash = $4, issuer = $5, iss_promised = $6, \
             client_id = $7, resource = $8, redirect_uri = $9, scopes = $10, verifier = $11, return_to = $12 \
             WHERE id = $1 AND principal = $2 AND phase = 'pending' AND expires_at > ",
            now!()
        );
        let start = sqlx::query(START)
            .bind(id.0.to_string())
            .bind(principal.as_str())
            .bind(&started.state_hash)
            .bind(&started.browser_hash)
            .bind(&started.issuer)
            .bind(started.iss_promised)
            .bind(&started.client_id)
            .bind(&started.resource)
            .bind(&started.redirect_uri)
            .bind(list_text(&started.scopes))
            .bind(&started.verifier.0)
            .bind(&started.return_to);
        Ok(self.change(start).await? == 1)
    }

    async fn find_by_state(&self, state_hash: &str) -> Result<Option<Flow>, StoreError> {
        const FIND: &str = concat!(
            with_clock!(),
            "SELECT ",
            flow_columns!(),
            " FROM clock, aiq_connect.flows f WHERE f.state_hash = $1"
        );
        self.row(sqlx::query(FIND).bind(state_hash)).await?.as_ref().map(flow).transpose()
    }

    async fn find_flow(&self, id: FlowId, principal: &PrincipalId) -> Result<Option<Flow>, StoreError> {
        const FIND: &str = concat!(
            with_clock!(),
            "SELECT ",
            flow_columns!(),
            " FROM clock, aiq_connect.flows f WHERE f.id = $1 AND f.principal = $2"
        );
        let find = sqlx::query(FIND).bind(id.0.to_string()).bind(principal.as_str());
        self.row(find).await?.as_ref().map(flow).transpose()
    }

    async fn consume(&self, id: FlowId, state_hash: &str) -> Result<bool, StoreError> {
        const USE: &str = concat!(
            "UPDATE aiq_connect.flows SET phase = 'exchanging' \
             WHERE id = $1 AND state_hash = $2 AND phase = 'pending' AND expires_at > ",
            now!()
        );
        Ok(self.change(sqlx::query(USE).bind(id.0.to_string()).bind(state_hash)).await? == 1)
    }

    async fn complete(&self, grant: &NewGrant) -> Result<bool, StoreError> {
        retried(|| self.try_complete(grant)).await
    }

    async fn end_flow(&self, id: FlowId, phase: FlowPhase, code: Option<FaultCode>) -> Result<bool, StoreError> {
        const END: &str = concat!(
            "UPDATE aiq_connect.flows SET phase = $2, code = $3 WHERE id = $1 \
             AND (phase = 'exchanging' OR phase = 'pending' AND expires_at > ",
            now!(),
            ")"
        );
        if !matches!(phase, FlowPhase::Denied | FlowPhase::Failed | FlowPhase::Cancelled) {
            return Err(impossible("end of a flow", format!("`{}`", phase_word(phase))));
        }
        let end = sqlx::query(END).bind(id.0.to_string()).bind(phase_word(phase)).bind(code.map(FaultCode::as_str));
        Ok(self.change(end).await? == 1)
    }
}

impl PostgresStore {
    async fn try_complete(&self, grant: &NewGrant) -> Result<bool, StoreError> {
        // The end is not asked again: the state was used in time, and the provider has issued tokens.
        const SUCCEED: &str = "UPDATE aiq_connect.flows SET phase = 'succeeded' \
                               WHERE id = $1 AND principal = $2 AND server = $3 AND phase = 'exchanging'";
        const STORE: &str = concat!(
            with_clock!(),
            "INSERT INTO aiq_connect.grants (id, principal, server, version, issuer, client_id, resource, \
             redirect_uri, scopes, access_token, refresh_token, account_label, expires_at, issued_at, connected_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now + $13, now, now FROM clock"
        );
        let (principal, server) = (grant.key.principal.as_str(), grant.key.server.as_str());
        let mut work = self.begin().await?;
        lock_person(&mut work, &grant.key.principal).await?;
        let succeed = sqlx::query(SUCCEED).bind(grant.flow.0.to_string()).bind(principal).bind(server);
        if work.change(succeed).await? != 1 {
            work.undo().await?;
            return Ok(false);
        }
        work.change(sqlx::query(FORGET).bind(principal).bind(server)).await?;
        let store = sqlx::query(STORE)
            .bind(grant.id.0.to_string())
            .bind(principal)
            .bind(server)
            .bind(Version::FIRST.0)
            .bind(&grant.issuer)
            .bind(&grant.client_id)
            .bind(&grant.resource)
            .bind(&grant.redirect_uri)
            .bind(list_text(&grant.tokens.scopes))
            .bind(&grant.tokens.access_token.0)
            .bind(grant.tokens.refresh_token.as_ref().map(|Sealed(bytes)| bytes))
            .bind(grant.account_label.as_deref().map(said))
            .bind(grant.tokens.expires_in.map(milliseconds));
        work.change(store).await?;
        work.keep().await?;
        Ok(true)
    }
}
