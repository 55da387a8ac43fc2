//! What a person can do with each source right now.

use aiq_connect_shared as wire;
use aiq_connect_shared::{AuthStatus, DataSource, FaultCode, FaultReport, PerUserAuth, StatusAnswer};
use chrono::{DateTime, Utc};

use super::{Connections, NotProtected, Protected, Reach};
use crate::{
    domain::{Flow, FlowId, Grant, PrincipalId, SourceId},
    storage::{ConnectionsOf, StoreError},
};

/// Why a status cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// There is no such connection.
    #[error(transparent)]
    NotProtected(#[from] NotProtected),
    /// No such flow of this person.
    #[error("no such sign-in")]
    NoFlow,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Connections {
    /// Every source, by one storage query for any number of them.
    pub async fn data_sources(&self, principal: &PrincipalId) -> Result<Vec<DataSource>, StoreError> {
        Ok(self.listed(&self.openable_of(principal).await?))
    }

    fn listed(&self, known: &ConnectionsOf) -> Vec<DataSource> {
        let sources = self.config.sources.iter().map(|source| DataSource {
            id: source.id.to_string(),
            name: source.name.clone(),
            description: source.description.clone(),
            default_enabled: source.default_enabled,
            requires_auth: source.requires_auth,
            per_user_auth: self.protection_of(source).map(|protected| self.per_user_auth(protected, known)),
        });
        sources.collect()
    }

    /// Every source, where nobody can be told apart: personal ones are turned off.
    pub fn data_sources_of_nobody(&self) -> Vec<DataSource> {
        let nothing = ConnectionsOf { now: DateTime::UNIX_EPOCH, grants: Vec::new(), open_flows: Vec::new() };
        let mut sources = self.listed(&nothing);
        for block in sources.iter_mut().filter_map(|source| source.per_user_auth.as_mut()) {
            block.status = Some(AuthStatus::Disconnected);
            (block.error, block.last_error) = (None, None);
            block.admin_disabled = true;
        }
        sources
    }

    /// One source, and one flow of the person's if named.
    pub async fn status(
        &self,
        principal: &PrincipalId,
        source: &str,
        flow: Option<FlowId>,
    ) -> Result<StatusAnswer, StatusError> {
        let protected = self.protected(source)?;
        let known = self.openable_of(principal).await?;
        let block = self.per_user_auth(protected, &known);
        let flow = match flow {
            Some(id) => {
                let flow = self.store.find_flow(id, principal).await?.filter(|flow| flow.source.as_str() == source);
                Some(on_wire(&flow.ok_or(StatusError::NoFlow)?))
            }
            None => block.flow.clone(),
        };
        Ok(StatusAnswer {
            source_id: source.to_owned(),
            status: block.status.unwrap_or(AuthStatus::Unknown),
            expires_at: block.expires_at,
            connect_url: block.connect_url,
            error: block.error,
            last_error: block.last_error,
            flow,
        })
    }

    /// Calls a flow off. An ended one stays as it ended.
    pub async fn cancel(&self, principal: &PrincipalId, source: &str, id: FlowId) -> Result<wire::Flow, StatusError> {
        self.protected(source)?;
        let find = || async {
            let flow = self.store.find_flow(id, principal).await?;
            flow.filter(|flow| flow.source.as_str() == source).ok_or(StatusError::NoFlow)
        };
        find().await?;
        self.store.end_flow(id, crate::domain::FlowPhase::Cancelled, None).await?;
        self.heard(principal);
        Ok(on_wire(&find().await?))
    }

    /// Where a person signs in for this source, once that was found out.
    pub fn provider_host(&self, source: &SourceId) -> Option<String> {
        self.reach.of(&self.server_of(source)?).provider_host()
    }

    fn per_user_auth(&self, protected: Protected<'_>, known: &ConnectionsOf) -> PerUserAuth {
        let Protected { source, protection, server } = protected;
        let grant = grant_for(protected, known);
        let flow = known.open_flows.iter().find(|flow| flow.source == source.id);
        let reach = self.reach.of(&server.id);
        let missing_scopes = missing(protected, grant);
        let (status, error) = standing(grant, &missing_scopes, &reach, known.now);
        PerUserAuth {
            required: protection.required,
            kind: "mcp_oauth2".to_owned(),
            provider: protection.provider.clone(),
            mcp_server_id: Some(server.id.to_string()),
            status: Some(status),
            connect_url: Some(Self::connect_path(&source.id)),
            disconnect_url: Some(format!("/v1/auth/mcp/{}/disconnect", source.id)),
            scopes: grant.map(|grant| grant.scopes.clone()).unwrap_or_default(),
            expires_at: grant.and_then(|grant| grant.expires_at),
            last_error: error.as_ref().map(|error| error.message.clone()),
            error,
            auth_url: None,
            renewable: grant.is_none_or(Grant::is_renewable),
            account_label: grant.and_then(|grant| grant.account_label.clone()),
            connected_at: grant.map(|grant| grant.connected_at),
            missing_scopes,
            scope_labels: protection.scope_labels.clone(),
            provider_host: reach.provider_host(),
            admin_disabled: source.admin_disabled,
            relaxations: Vec::new(),
            flow: flow.map(on_wire),
        }
    }

    /// Whether a source keeps a submission from being sent, and how to say so.
    pub(super) fn standing_of(
        &self,
        protected: Protected<'_>,
        known: &ConnectionsOf,
    ) -> (AuthStatus, Option<FaultCode>) {
        let grant = grant_for(protected, known);
        let missing = missing(protected, grant);
        let (status, error) = standing(grant, &missing, &self.reach.of(&protected.server.id), known.now);
        (status, error.map(|error| error.code))
    }
}

fn grant_for<'a>(protected: Protected<'_>, known: &'a ConnectionsOf) -> Option<&'a Grant> {
    known.grants.iter().find(|grant| grant.key.server == protected.server.id)
}

/// Scopes that the configuration asks for and the grant lacks. Those that only shape the answer are not permissions.
fn missing(protected: Protected<'_>, grant: Option<&Grant>) -> Vec<String> {
    let shaping = ["offline_access", "openid"];
    let Some(Grant { scopes: granted, .. }) = grant else { return Vec::new() };
    let asked = protected.server.scopes.iter();
    asked.filter(|scope| !granted.contains(scope) && !shaping.contains(&scope.as_str())).cloned().collect()
}

/// The status, and what is wrong if something is. A fault may stand beside a status that works.
fn standing(
    grant: Option<&Grant>,
    missing: &[String],
    reach: &Reach,
    now: DateTime<Utc>,
) -> (AuthStatus, Option<FaultReport>) {
    let broken = match reach {
        Reach::Broken { code, reference } => Some(FaultReport::new(*code, Some(reference.clone()))),
        Reach::Unknown | Reach::Reachable { .. } => None,
    };
    let Some(grant) = grant else {
        return match broken {
            Some(report) => (AuthStatus::Error, Some(report)),
            None => (AuthStatus::Disconnected, None),
        };
    };
    if let Some(code) = grant.fault_at(now) {
        let retry_at = grant.renewal.rejected_until.filter(|_| grant.fault == Some(FaultCode::RejectedByServer));
        let report = FaultReport::new(code, grant.fault_reference.clone());
        return (AuthStatus::Error, Some(FaultReport { retry_at, ..report }));
    }
    // A server that refused the token is tried again: a notice beside a connection that may work.
    let refused = grant.fault.map(|code| FaultReport::new(code, grant.fault_reference.clone()));
    if !missing.is_empty() {
        return (AuthStatus::Error, Some(FaultReport::new(FaultCode::ScopeMismatch, None)));
    }
    match (grant.has_lapsed(now), grant.is_renewable(), broken) {
        (true, false, _) => (AuthStatus::Expired, None),
        (true, true, Some(report)) => (AuthStatus::Error, Some(report)),
        // Access still works: the trouble is a notice beside a working connection.
        (_, _, notice) => (AuthStatus::Connected, refused.or(notice)),
    }
}

fn on_wire(flow: &Flow) -> wire::Flow {
    wire::Flow { id: flow.id.0, state: flow.state(), expires_at: flow.expires_at, code: flow.code }
}
