//! Starting a sign-in at a provider.

use std::sync::Arc;

use aiq_connect_shared::{FaultCode, Intent};
use chrono::{DateTime, Utc};
use url::Url;

use super::{Connections, Faulted, NotProtected, Protected, clients::ClientError};
use crate::{
    domain::{Flow, FlowId, FlowPhase, NewFlow, PrincipalId, StartedFlow},
    oauth::{AuthorizationRequest, Metadata, authorization_url, policy::scopes_to_request},
    sealing,
    storage::StoreError,
    vault::SealContext,
};

/// Why no sign-in was started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to connect.
    #[error(transparent)]
    NotProtected(#[from] NotProtected),
    /// An administrator switched the source off.
    #[error("data source `{0}` is turned off by the administrator")]
    Disabled(String),
    /// The flow is over, was cancelled, is for another source, or is somebody else's.
    #[error("this sign-in link is no longer valid")]
    FlowOver,
    /// The provider, or our set-up for it, does not allow it.
    #[error(transparent)]
    Fault(#[from] Faulted),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A flow that waits for its person to open the launch page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// To poll by.
    pub flow: FlowId,
    /// Our own launch page, absolute.
    pub launch: Url,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
}

/// A request to be sent to the provider.
#[derive(Debug)]
pub struct Launch<'a> {
    /// Who asks.
    pub principal: &'a PrincipalId,
    /// For which source.
    pub source: &'a str,
    /// The flow's name, if the caller chose or knows one.
    pub flow: Option<FlowId>,
    /// What they want; an announced flow's own wish wins.
    pub intent: Intent,
    /// SHA-256 (hex) of the browser's cookie.
    pub browser_hash: &'a str,
    /// A path of ours to go to afterwards, where there is no window to close.
    pub return_to: Option<&'a str>,
}

impl Connections {
    /// Makes a flow without starting it: for clients that open the launch page themselves.
    pub async fn announce(
        &self,
        principal: &PrincipalId,
        source: &str,
        intent: Intent,
    ) -> Result<Announced, StartError> {
        let protected = self.startable(source)?;
        let flow = self.new_flow(principal, protected, None, intent).await?;
        let mut launch = self.connect_url(&protected.source.id);
        launch.query_pairs_mut().append_pair("flow", &flow.id.0.to_string());
        Ok(Announced { flow: flow.id, launch, expires_at: flow.expires_at })
    }

    /// Starts a flow, new or announced, and says where at the provider the person continues.
    pub async fn launch(self: &Arc<Self>, launch: &Launch<'_>) -> Result<Url, StartError> {
        let protected = self.startable(launch.source)?;
        let flow = match self.known_flow(launch).await? {
            Some(flow) => flow,
            None => self.new_flow(launch.principal, protected, launch.flow, launch.intent).await?,
        };
        match self.send_to_provider(launch, protected, &flow).await {
            Err(StartError::Fault(fault)) => {
                self.store.end_flow(flow.id, FlowPhase::Failed, Some(fault.code)).await?;
                self.heard(launch.principal);
                Err(StartError::Fault(fault))
            }
            other => other,
        }
    }

    /// Whether a sign-in for this source can be started at all; what is asked of the person comes after that.
    pub fn check_startable(&self, source: &str) -> Result<(), StartError> {
        self.startable(source).map(|_| ())
    }

    pub(super) fn startable(&self, source: &str) -> Result<Protected<'_>, StartError> {
        let protected = self.protected(source)?;
        if protected.source.admin_disabled {
            return Err(StartError::Disabled(source.to_owned()));
        }
        Ok(protected)
    }

    async fn known_flow(&self, launch: &Launch<'_>) -> Result<Option<Flow>, StartError> {
        let Some(id) = launch.flow else { return Ok(None) };
        match self.store.find_flow(id, launch.principal).await? {
            Some(flow)
                if flow.source.as_str() == launch.source && flow.phase == FlowPhase::Pending && !flow.is_past_end =>
            {
                Ok(Some(flow))
            }
            Some(_) => Err(StartError::FlowOver),
            None => Ok(None),
        }
    }

    pub(super) async fn new_flow(
        &self,
        principal: &PrincipalId,
        protected: Protected<'_>,
        id: Option<FlowId>,
        intent: Intent,
    ) -> Result<Flow, StartError> {
        let id = id.unwrap_or_else(|| FlowId(self.chance.uuid()));
        let new = NewFlow {
            id,
            principal: principal.clone(),
            source: protected.source.id.clone(),
            server: protected.server.id.clone(),
            intent,
        };
        if !self.store.announce(&new).await? {
            // Taken by somebody else: whose, is nobody's business.
            return Err(StartError::FlowOver);
        }
        self.heard(principal);
        self.store.find_flow(id, principal).await?.ok_or(StartError::FlowOver)
    }

    async fn send_to_provider(
        self: &Arc<Self>,
        launch: &Launch<'_>,
        protected: Protected<'_>,
        flow: &Flow,
    ) -> Result<Url, StartError> {
        let discovery = self.discover(protected).await?;
        let metadata = &discovery.metadata;
        let scopes = self.scopes_for(protected, flow, discovery.protected.scopes.as_deref(), metadata).await?;
        let redirect_uri = self.callback_url(&protected.source.id);
        let client = match self.client_for(protected.server, metadata, &redirect_uri, &scopes).await {
            Ok(client) => client,
            Err(ClientError::Store(error)) => return Err(error.into()),
            Err(ClientError::Cause(cause)) => return Err(self.note_broken(protected.server, cause).into()),
        };

        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        let state = self.chance.text();
        let verifier = self.chance.text();
        let started = StartedFlow {
            state_hash: state.sha256_hex(),
            browser_hash: launch.browser_hash.to_owned(),
            issuer: metadata.issuer.clone(),
            iss_promised: metadata.iss_promised,
            client_id: client.client_id.clone(),
            resource: discovery.protected.resource.clone(),
            redirect_uri: redirect_uri.to_string(),
            scopes: scopes.clone(),
            verifier: sealer.seal(&SealContext::flow_verifier(flow.id, launch.principal), &verifier),
            return_to: launch.return_to.map(str::to_owned),
        };
        if !self.store.start(flow.id, launch.principal, &started).await? {
            return Err(StartError::FlowOver);
        }
        tracing::info!(source.id = %flow.source, flow.id = %flow.id.0, issuer = %metadata.issuer, "a sign-in was started");
        Ok(authorization_url(
            metadata,
            &AuthorizationRequest {
                client_id: &client.client_id,
                redirect_uri: &redirect_uri,
                scopes: &scopes,
                resource: Some(&discovery.protected.resource),
                state: &state,
                verifier: &verifier,
                nonce: None,
                intent: flow.intent,
            },
        ))
    }

    async fn scopes_for(
        &self,
        protected: Protected<'_>,
        flow: &Flow,
        discovered: Option<&[String]>,
        metadata: &Metadata,
    ) -> Result<Vec<String>, StoreError> {
        let mut scopes = scopes_to_request(&protected.server.scopes, discovered, metadata.scopes_supported.as_deref());
        if flow.intent == Intent::MorePermission {
            let old = self.store.find_grant(&Self::key(&flow.principal, protected)).await?;
            for scope in old.into_iter().flat_map(|grant| grant.scopes) {
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
        }
        Ok(scopes)
    }
}

impl StartError {
    /// The fault to show, where there is one.
    pub fn code(&self) -> Option<FaultCode> {
        match self {
            Self::Fault(fault) => Some(fault.code),
            _ => None,
        }
    }
}
