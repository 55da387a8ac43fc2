//! Who is asking, by a token of AIQ's issuer or by being on this machine.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    issuer_keys::{IssuerKeys, NoKey},
    people::People,
    signed::{self, Claims, Expected, Head, SignedError},
};
use crate::{
    clock::Clock,
    config::{Config, TokenIssuer},
    domain::{Introduction, Principal, Session},
    oauth::PublishedKeys,
    storage::{Store, StoreError},
    vault::Secret,
};

/// The longest name or address that is shown, in characters.
const LONGEST_NAME: usize = 255;

/// Why a token tells nobody's name.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefused {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It is not believed, and will not be.
    #[error("the token is not valid")]
    Invalid(#[source] SignedError),
    /// Whether it is good cannot be told now. Passes by itself.
    #[error("the issuer of the token cannot be reached")]
    IssuerAway,
    /// No issuer is configured.
    #[error("no issuer is configured whose tokens could be verified")]
    NoIssuer,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SignedError> for TokenRefused {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Expired => Self::Expired,
            error => Self::Invalid(error),
        }
    }
}

/// People who are known without a session of ours.
pub struct Callers {
    tokens: Option<(TokenIssuer, Arc<IssuerKeys>)>,
    local: Option<Principal>,
    people: People,
    clock: Arc<dyn Clock>,
}

impl Callers {
    /// As configured.
    pub fn new(
        config: &Config,
        published: Arc<dyn PublishedKeys>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let tokens = config.identity.tokens.clone().map(|known| {
            let keys = IssuerKeys::new(known.issuer.clone(), published, Arc::clone(&clock));
            (known, Arc::new(keys))
        });
        let local = config.identity.local_user.clone().map(local_principal);
        Self { tokens, local, people: People::new(store), clock }
    }

    /// Whether tokens are looked at.
    pub fn take_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether everybody on this machine is one person.
    pub fn are_local(&self) -> bool {
        self.local.is_some()
    }

    /// The one person of this machine, if there is one.
    pub async fn local(&self) -> Result<Option<Session>, StoreError> {
        let Some(principal) = &self.local else { return Ok(None) };
        let profile = self.people.meet(principal, Introduction::default()).await?;
        Ok(Some(Session { principal: principal.clone(), profile }))
    }

    /// The time by which tokens are checked.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Whose token this is, after every check, and from when on it will not be taken any more.
    pub async fn by_token(&self, token: &Secret) -> Result<(Session, DateTime<Utc>), TokenRefused> {
        let (known, keys) = self.tokens.as_ref().ok_or(TokenRefused::NoIssuer)?;
        let head = Head::of(token)?;
        let key = keys.key(&head).await.map_err(|none| match none {
            NoKey::Unknown => TokenRefused::Invalid(SignedError::UnknownKey),
            NoKey::Away => TokenRefused::IssuerAway,
        })?;
        let expected = Expected { issuer: &known.issuer, audience: known.audience.as_deref(), now: self.clock.now() };
        let claims = signed::open(token, &head, &key, &expected)?;
        let (introduction, ends_at) = (introduction(&claims), claims.ends_at()?);
        let principal = Principal { issuer: known.issuer.clone(), kind: "jwt".to_owned(), sub: claims.sub };
        let profile = self.people.meet(&principal, introduction).await?;
        Ok((Session { principal, profile }, ends_at))
    }
}

/// No issuer is called so: issuers are URLs.
fn local_principal(name: String) -> Principal {
    Principal { issuer: "local".to_owned(), kind: "local".to_owned(), sub: name }
}

fn introduction(claims: &Claims) -> Introduction {
    let usable = |text: &&String| !text.trim().is_empty() && text.chars().count() <= LONGEST_NAME;
    let email = claims.email.as_ref().filter(usable);
    let names = [claims.name.as_ref(), claims.preferred_username.as_ref(), email];
    Introduction { name: names.into_iter().flatten().find(usable).cloned(), email: email.cloned() }
}
