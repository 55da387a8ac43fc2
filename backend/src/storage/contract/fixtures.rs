//! People, flows and tokens for the cases. Sealed values are bytes to a store, so these are not really sealed.

use aiq_connect_shared::{FaultCode, Intent};
use chrono::TimeDelta;

use crate::{
    clock::Chance,
    domain::{
        FlowId, Grant, GrantId, GrantKey, GrantTokens, LeaseOwner, NewFlow, NewGrant, NewSession, Principal,
        PrincipalId, Profile, Sealed, ServerId, SourceId, StartedFlow, Version,
    },
    storage::{NewFault, Store, StoreError},
};

pub(super) fn principal(name: &str) -> Principal {
    Principal { issuer: "https://people.example".into(), kind: "jwt".into(), sub: name.into() }
}

pub(super) fn session(name: &str, cookie_hash: &str) -> NewSession {
    NewSession {
        cookie_hash: cookie_hash.into(),
        principal: principal(name),
        profile: Profile { name: name.to_uppercase(), email: Some(format!("{name}@example.com")) },
        lifetime: TimeDelta::hours(12),
    }
}

/// Signs somebody in; grants, flows and jobs belong to people the store knows.
pub(in crate::storage) async fn person(store: &impl Store, name: &str) -> PrincipalId {
    let cookie = Chance::from_system().uuid().to_string();
    store.open_session(&session(name, &cookie)).await.unwrap();
    principal(name).id()
}

pub(in crate::storage) fn key(principal: &PrincipalId, server: &str) -> GrantKey {
    GrantKey { principal: principal.clone(), server: ServerId(server.into()) }
}

pub(super) fn any_flow_id() -> FlowId {
    FlowId(Chance::from_system().uuid())
}

pub(super) fn any_grant_id() -> GrantId {
    GrantId(Chance::from_system().uuid())
}

pub(super) fn new_flow(key: &GrantKey) -> NewFlow {
    NewFlow {
        id: any_flow_id(),
        principal: key.principal.clone(),
        source: SourceId(format!("source of {}", key.server)),
        server: key.server.clone(),
        intent: Intent::SwitchAccount,
    }
}

pub(super) fn started(state_hash: &str) -> StartedFlow {
    StartedFlow {
        state_hash: state_hash.into(),
        browser_hash: "browser".into(),
        issuer: "https://idp.example".into(),
        iss_promised: true,
        client_id: "client".into(),
        resource: "https://mcp.example/mcp".into(),
        redirect_uri: "https://us.example/callback".into(),
        scopes: vec!["read".into(), "write".into()],
        verifier: Sealed(b"verifier".to_vec()),
        return_to: Some("/connections#source-a".into()),
    }
}

/// A flow announced, and nothing more. The hash of the state it would get is its id.
pub(super) async fn announced(store: &impl Store, key: &GrantKey) -> FlowId {
    let flow = new_flow(key);
    assert!(store.announce(&flow).await.unwrap());
    flow.id
}

/// A flow whose person is at the provider.
pub(super) async fn pending(store: &impl Store, key: &GrantKey) -> FlowId {
    let id = announced(store, key).await;
    assert!(store.start(id, &key.principal, &started(&state_of(id))).await.unwrap());
    id
}

/// A flow whose state was used.
pub(in crate::storage) async fn exchanging(store: &impl Store, key: &GrantKey) -> FlowId {
    let id = pending(store, key).await;
    assert!(store.consume(id, &state_of(id)).await.unwrap());
    id
}

pub(super) fn state_of(flow: FlowId) -> String {
    format!("state of {}", flow.0)
}

pub(super) fn tokens(text: &str) -> GrantTokens {
    GrantTokens {
        access_token: Sealed(format!("access {text}").into()),
        refresh_token: Some(Sealed(format!("refresh {text}").into())),
        expires_in: Some(TimeDelta::hours(1)),
        scopes: vec!["read".into()],
    }
}

pub(in crate::storage) fn new_grant(key: &GrantKey, flow: FlowId) -> NewGrant {
    NewGrant {
        id: any_grant_id(),
        key: key.clone(),
        flow,
        issuer: "https://idp.example".into(),
        client_id: "client".into(),
        resource: "https://mcp.example/mcp".into(),
        redirect_uri: "https://us.example/callback".into(),
        account_label: Some("alice@idp.example".into()),
        tokens: tokens("one"),
    }
}

/// A whole journey, to a stored grant.
pub(in crate::storage) async fn connected(store: &impl Store, key: &GrantKey) -> Grant {
    let flow = exchanging(store, key).await;
    assert!(store.complete(&new_grant(key, flow)).await.unwrap());
    found(store, key).await
}

pub(super) async fn found(store: &impl Store, key: &GrantKey) -> Grant {
    store.find_grant(key).await.unwrap().expect("a grant")
}

/// Forgets whatever a key holds by the time it is forgotten, and queues nothing; returns what was forgotten.
pub(in crate::storage) async fn disconnect(store: &impl Store, key: &GrantKey) -> Option<Grant> {
    loop {
        let grant = store.find_grant(key).await.unwrap();
        let seen = grant.as_ref().map(|grant| (grant.id, grant.version));
        match store.disconnect(key, seen, None).await {
            Ok(()) => return grant,
            // Stored in between: that is what has to go.
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Whether the lease was taken.
pub(super) async fn leased(store: &impl Store, grant: GrantId, version: Version, owner: &LeaseOwner) -> bool {
    store.lease(grant, version, owner, false).await.unwrap().is_some()
}

pub(super) fn revoked(reference: &str) -> NewFault<'_> {
    NewFault { code: FaultCode::Revoked, reference, detail: None }
}

/// How many of twenty attempts at once, over two connections to the same database, say yes.
pub(super) async fn of_twenty<S, F>(stores: [&S; 2], attempt: impl Fn(usize, S) -> F) -> usize
where
    S: Clone,
    F: Future<Output = bool> + Send + 'static,
{
    let attempts: Vec<_> = (0..20).map(|at| tokio::spawn(attempt(at, stores[at % 2].clone()))).collect();
    let mut count = 0;
    for attempt in attempts {
        count += usize::from(attempt.await.unwrap());
    }
    count
}
