//! The person comes back from the provider.

use std::sync::Arc;

use aiq_connect_shared::{FaultCode, Intent};
use tracing::Instrument;

use super::{Connections, FaultCause, Faulted, NotProtected, Protected, revoking::Unkept};
use crate::{
    domain::{
        AuditEvent, AuditKind, Flow, FlowId, FlowPhase, Grant, GrantId, GrantTokens, NewGrant, PrincipalId, SourceId,
        StartedFlow, Version,
    },
    oauth::{CodeExchange, TokenAnswer, TokenError, policy::iss_is_acceptable},
    sealing,
    storage::StoreError,
    vault::{SealContext, Sealer, Secret, TokenKind},
};

/// What the provider's redirect brought, and who brought it.
#[derive(Clone, Debug)]
pub struct Returned {
    /// From the path.
    pub source: String,
    /// `state`.
    pub state: Option<Secret>,
    /// `code`.
    pub code: Option<Secret>,
    /// `error`: only whether it is `access_denied` matters; its text goes nowhere.
    pub error: Option<String>,
    /// `iss` (RFC 9207).
    pub iss: Option<String>,
    /// SHA-256 (hex) of the browser's cookie, if it sent one.
    pub browser_hash: Option<String>,
    /// Who is signed in, if anybody.
    pub principal: Option<PrincipalId>,
}

/// A grant was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The flow that brought it.
    pub flow: FlowId,
    /// The source that works now.
    pub source: SourceId,
    /// Where the person wanted to go.
    pub return_to: Option<String>,
}

/// Why nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// There is nothing to connect.
    #[error(transparent)]
    NotProtected(#[from] NotProtected),
    /// No state, an unknown or used one, one of another source, or its time is over.
    #[error("this sign-in link is no longer valid")]
    LinkOver,
    /// Another browser than the one that was sent out.
    #[error("the sign-in was started in another browser")]
    OtherBrowser,
    /// Nobody is signed in any more.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Somebody else than the person who was sent out.
    #[error("the sign-in belongs to another person")]
    OtherPerson,
    /// The person said no, or it failed; the flow tells the panel the same.
    #[error(transparent)]
    Fault(#[from] FlowFault),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A flow that ended without a grant.
#[derive(Debug, thiserror::Error)]
#[error("{code:?} (reference {reference})")]
pub struct FlowFault {
    /// Which flow.
    pub flow: FlowId,
    /// For words.
    pub code: FaultCode,
    /// For whoever is asked for help.
    pub reference: String,
    /// Where the person wanted to go.
    pub return_to: Option<String>,
}

impl Connections {
    /// Checks everything before the state is used up, uses it up before the code is sent, and stores the grant.
    ///
    /// Runs to its end even if the caller goes away: a code that was sent must not be lost half-way.
    pub async fn complete(self: &Arc<Self>, returned: Returned) -> Result<Completed, CompleteError> {
        let protected = self.protected(&returned.source)?;
        let (flow, started) = self.flow_of(&returned).await?;
        let server = protected.server;

        if !iss_is_acceptable(&started.issuer, started.iss_promised, returned.iss.as_deref()) {
            // Nothing of such a response is acted upon or shown, its `error` included.
            return Err(self.fail(&flow, FlowPhase::Failed, FaultCode::IssuerMismatch, self.reference()).await?);
        }
        if let Some(error) = &returned.error {
            let (phase, code, reference) = match error.as_str() {
                "access_denied" => (FlowPhase::Denied, FaultCode::ConsentDenied, self.reference()),
                "temporarily_unavailable" | "server_error" => {
                    (FlowPhase::Failed, FaultCode::IdpUnreachable, self.reference())
                }
                _ => {
                    let fault = self.name_fault(server, FaultCause::Response);
                    (FlowPhase::Failed, fault.code, fault.reference)
                }
            };
            return Err(self.fail(&flow, phase, code, reference).await?);
        }
        let Some(code) = returned.code else {
            let fault = self.name_fault(server, FaultCause::Response);
            return Err(self.fail(&flow, FlowPhase::Failed, fault.code, fault.reference).await?);
        };
        // Before the code is used up: what comes for it has to be sealed.
        let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
        if !self.store.consume(flow.id, &started.state_hash).await? {
            return Err(CompleteError::LinkOver);
        }
        let this = Arc::clone(self);
        let finished =
            tokio::spawn(async move { this.finish(flow, started, code, &sealer).await }.in_current_span()).await;
        finished.map_err(|panic| StoreError::Unavailable(Box::new(panic)))?
    }

    async fn flow_of(&self, returned: &Returned) -> Result<(Flow, StartedFlow), CompleteError> {
        let state = returned.state.as_ref().ok_or(CompleteError::LinkOver)?;
        let flow = self.store.find_by_state(&state.sha256_hex()).await?.ok_or(CompleteError::LinkOver)?;
        let started = flow.started.clone().ok_or(CompleteError::LinkOver)?;
        if flow.phase != FlowPhase::Pending || flow.is_past_end || flow.source.as_str() != returned.source {
            return Err(CompleteError::LinkOver);
        }
        if returned.browser_hash.as_deref() != Some(started.browser_hash.as_str()) {
            return Err(CompleteError::OtherBrowser);
        }
        match &returned.principal {
            None => Err(CompleteError::NotSignedIn),
            Some(who) if *who != flow.principal => Err(CompleteError::OtherPerson),
            Some(_) => Ok((flow, started)),
        }
    }

    async fn fail(
        &self,
        flow: &Flow,
        phase: FlowPhase,
        code: FaultCode,
        reference: String,
    ) -> Result<CompleteError, StoreError> {
        tracing::info!(source.id = %flow.source, flow.id = %flow.id.0, fault = code.as_str(), %reference, "a sign-in ended without a grant");
        self.store.end_flow(flow.id, phase, Some(code)).await?;
        self.heard(&flow.principal);
        let return_to = flow.started.as_ref().and_then(|started| started.return_to.clone());
        Ok(FlowFault { flow: flow.id, code, reference, return_to }.into())
    }

    async fn finish(
        &self,
        flow: Flow,
        started: StartedFlow,
        code: Secret,
        sealer: &Sealer,
    ) -> Result<Completed, CompleteError> {
        // The source was there when the person returned, and configurations do not change while we run.
        let protected = self.protected(flow.source.as_str())?;
        match self.exchange(protected, &flow, &started, &code).await? {
            Ok(answer) => self.store_grant(&flow, started, answer, sealer).await,
            Err(fault) => Err(self.fail(&flow, FlowPhase::Failed, fault.code, fault.reference).await?),
        }
    }

    async fn exchange(
        &self,
        protected: Protected<'_>,
        flow: &Flow,
        started: &StartedFlow,
        code: &Secret,
    ) -> Result<Result<TokenAnswer, Faulted>, StoreError> {
        let named = |cause: FaultCause| Ok(Err(self.name_fault(protected.server, cause)));
        let metadata = match self.servers.metadata(&started.issuer).await {
            Ok(metadata) => metadata,
            Err(error) => return named(error.into()),
        };
        let Some(client) =
            self.client_at(Some(protected.server), &started.issuer, &started.redirect_uri, &started.client_id).await?
        else {
            return named(FaultCause::Configuration("the OAuth client of this sign-in is gone".to_owned()));
        };
        let context = SealContext::flow_verifier(flow.id, &flow.principal);
        let verifier =
            sealing::open(self.store.as_ref(), &self.vault, &self.audit, &context, &started.verifier).await?;
        let (Some(verifier), Ok(redirect_uri)) = (verifier, started.redirect_uri.parse()) else {
            return named(FaultCause::Configuration(
                "what was kept of this sign-in cannot be read any more".to_owned(),
            ));
        };
        let exchange =
            CodeExchange { code, verifier: &verifier, redirect_uri: &redirect_uri, resource: Some(&started.resource) };
        match self.servers.exchange(&metadata, &client, &exchange).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(error) => {
                if matches!(error, TokenError::InvalidClient) {
                    // Where we had registered it ourselves, the issuer forgot it: the next sign-in registers anew.
                    self.forget_client(&started.issuer, &started.redirect_uri, &started.client_id).await?;
                }
                named(error.into())
            }
        }
    }

    async fn store_grant(
        &self,
        flow: &Flow,
        started: StartedFlow,
        answer: TokenAnswer,
        sealer: &Sealer,
    ) -> Result<Completed, CompleteError> {
        let key = crate::domain::GrantKey { principal: flow.principal.clone(), server: flow.server.clone() };
        let id = GrantId(self.chance.uuid());
        let seal = |kind, token: &Secret| {
            sealer.seal(&SealContext::grant(&key, &started.issuer, id, Version::FIRST, kind), token)
        };
        let grant = NewGrant {
            id,
            flow: flow.id,
            account_label: None,
            tokens: GrantTokens {
                access_token: seal(TokenKind::Access, &answer.access_token),
                refresh_token: answer.refresh_token.as_ref().map(|token| seal(TokenKind::Refresh, token)),
                expires_in: answer.expires_in,
                scopes: answer.scopes.unwrap_or(started.scopes),
            },
            key,
            issuer: started.issuer,
            client_id: started.client_id,
            resource: started.resource,
            redirect_uri: started.redirect_uri,
        };
        let earlier = self.store.find_grant(&grant.key).await?;
        if self.store.complete(&grant).await? {
            self.audit.record(connected(flow, &grant, earlier.as_ref()));
            tracing::info!(source.id = %flow.source, flow.id = %flow.id.0, grant.id = %id.0, "connected");
            self.restored_all(&grant.key).await;
            return Ok(Completed { flow: flow.id, source: flow.source.clone(), return_to: started.return_to });
        }
        // Cancelled or disconnected meanwhile: that wish wins, and what came must not live on.
        tracing::info!(flow.id = %flow.id.0, "a sign-in was cancelled while its code was exchanged");
        self.end_unkept(
            Unkept {
                key: &grant.key,
                grant: grant.id,
                issuer: &grant.issuer,
                client_id: &grant.client_id,
                redirect_uri: &grant.redirect_uri,
                refresh_token: answer.refresh_token.as_ref(),
                access_token: Some(&answer.access_token),
            },
            sealer,
        )
        .await;
        Err(CompleteError::LinkOver)
    }
}

/// What a new grant is called in the audit trail.
fn connected(flow: &Flow, grant: &NewGrant, earlier: Option<&Grant>) -> AuditEvent {
    let kind = match (earlier, flow.intent) {
        (None, _) => AuditKind::Connected,
        (Some(_), Intent::SwitchAccount) => AuditKind::AccountSwitched,
        (Some(_), _) => AuditKind::Reconnected,
    };
    let mut event = AuditEvent::new(kind).at(&grant.key).with("source", flow.source.as_str());
    event.grant = Some(grant.id);
    event.version = Some(Version::FIRST);
    event = event.with("issuer", &grant.issuer).with("client_id", &grant.client_id);
    match earlier {
        Some(earlier) => event.with("in_place_of", earlier.id.0.to_string()),
        None => event,
    }
}
