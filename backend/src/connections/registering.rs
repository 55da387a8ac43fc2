//! Registering at an issuer (RFC 7591): once, however many people begin there at the same moment at however many processes.
//!
//! In this process whoever comes first goes, and all others wait for what becomes of it. Between processes the lease in
//! the database decides who asks the issuer. Those who waited share a failure too: a provider that fails is asked by
//! whoever comes next, and not by all who are here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::Instrument;
use url::Url;

use super::{
    Connections, FaultCause,
    clients::{ClientError, client_event, no_client},
    fault::shared,
};
use crate::{
    domain::{AuditKind, Registration, RegistrationTurn},
    oauth::{Client, Metadata, RegistrationRequest},
    sealing,
    storage::StoreError,
    timing,
    vault::{SealContext, Sealer},
};

/// What becomes of a registration, for everybody who waits for it.
type Outcome = Result<Client, Failure>;

#[derive(Clone)]
enum Failure {
    Cause(Arc<FaultCause>),
    Store(Arc<StoreError>),
}

/// The client that is wanted.
pub(super) struct Wanted {
    pub metadata: Arc<Metadata>,
    pub client_name: String,
    pub redirect_uri: Url,
    pub scopes: Vec<String>,
}

/// Issuer and redirect URI.
type Place = (String, String);

/// Registrations that this process makes or waits for: at most one for each place.
#[derive(Default)]
pub(super) struct Registering(Mutex<HashMap<Place, watch::Receiver<Option<Outcome>>>>);

/// Ends the waiting, if by panic.
struct Turn {
    of: Arc<Registering>,
    place: Place,
    news: watch::Sender<Option<Outcome>>,
}

impl Registering {
    /// Joins whoever is at it, or is the one who goes.
    fn join(self: &Arc<Self>, place: Place) -> (Option<Turn>, watch::Receiver<Option<Outcome>>) {
        let mut going = self.going();
        if let Some(news) = going.get(&place) {
            return (None, news.clone());
        }
        let (news, receiver) = watch::channel(None);
        going.insert(place.clone(), receiver.clone());
        (Some(Turn { of: Arc::clone(self), place, news }), receiver)
    }

    fn going(&self) -> MutexGuard<'_, HashMap<Place, watch::Receiver<Option<Outcome>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    fn end(self, outcome: Result<Client, ClientError>) {
        self.news.send_replace(Some(outcome.map_err(|error| match error {
            ClientError::Cause(cause) => Failure::Cause(Arc::new(cause)),
            ClientError::Store(error) => Failure::Store(Arc::new(error)),
        })));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.going().remove(&self.place);
    }
}

impl Connections {
    /// The client that is kept, or else a new one, which is made to its end whoever goes away.
    pub(super) async fn registered_once(self: &Arc<Self>, wanted: Wanted) -> Result<Client, ClientError> {
        let place = (wanted.metadata.issuer.clone(), wanted.redirect_uri.to_string());
        let (turn, mut news) = self.registering.join(place);
        if let Some(turn) = turn {
            let this = Arc::clone(self);
            let going = async move { turn.end(this.register_or_wait(&wanted).await) };
            tokio::spawn(going.in_current_span());
        }
        let outcome = news.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        match outcome {
            Some(Ok(client)) => Ok(client),
            Some(Err(Failure::Cause(cause))) => Err(FaultCause::Shared(cause).into()),
            Some(Err(Failure::Store(error))) => Err(shared(error).into()),
            // Whoever went is gone without a word.
            None => Err(FaultCause::RegistrationUnderWay.into()),
        }
    }

    /// Registers as soon as nobody else does, or sees another process do it.
    async fn register_or_wait(&self, wanted: &Wanted) -> Result<Client, ClientError> {
        let deadline = Instant::now() + timing::REGISTERING_WAIT;
        let (issuer, redirect_uri) = (&wanted.metadata.issuer, wanted.redirect_uri.as_str());
        let (mut pause, longest) = timing::REGISTERING_POLL;
        // The attempt that was under way when this one began to wait.
        let mut seen = None;
        loop {
            if let Some(client) = self.registered_client(issuer, &wanted.redirect_uri).await? {
                return Ok(client);
            }
            match self.store.registration_turn(issuer, redirect_uri).await? {
                RegistrationTurn::Failed(attempt, code) if seen.is_some_and(|seen| attempt >= seen) => {
                    return Err(FaultCause::RegistrationElsewhere(code).into());
                }
                RegistrationTurn::Free | RegistrationTurn::Failed(..) => {
                    // Before anything is sent: a secret that cannot be sealed would be lost.
                    let sealer = sealing::sealer(self.store.as_ref(), &self.vault).await?;
                    let asked = Instant::now();
                    if self.store.begin_registering(issuer, redirect_uri, &self.process).await? {
                        return self.register_leased(wanted, &sealer, asked).await;
                    }
                }
                RegistrationTurn::Taken(_) if Instant::now() >= deadline => {
                    return Err(FaultCause::RegistrationUnderWay.into());
                }
                RegistrationTurn::Taken(attempt) => {
                    if seen.replace(seen.unwrap_or(attempt)).is_none() {
                        tracing::debug!(issuer, "another process registers at this issuer; its client will be used");
                    }
                    sleep(pause).await;
                    pause = (pause * 3 / 2).min(longest);
                }
            }
        }
    }

    /// Registers, with a lease that was asked for at this time, and gives it back where nothing came of it.
    async fn register_leased(&self, wanted: &Wanted, sealer: &Sealer, asked: Instant) -> Result<Client, ClientError> {
        let (issuer, redirect_uri) = (&wanted.metadata.issuer, wanted.redirect_uri.as_str());
        let made = self.register(wanted, sealer, asked).await;
        let failure = match &made {
            // The issuer was not asked, or what it answered could not be stored: others may try at once.
            Ok(_) | Err(ClientError::Store(_) | ClientError::Cause(FaultCause::RegistrationUnderWay)) => None,
            Err(ClientError::Cause(cause)) => Some(cause.code()),
        };
        if let Err(error) = self.store.give_up_registering(issuer, redirect_uri, &self.process, failure).await {
            tracing::warn!(issuer, %error, "the right to register was not given back; it ends by itself");
        }
        made
    }

    async fn register(&self, wanted: &Wanted, sealer: &Sealer, asked: Instant) -> Result<Client, ClientError> {
        let Wanted { metadata, client_name, redirect_uri, scopes } = wanted;
        // Somebody may have kept one between the last look and the lease.
        if let Some(client) = self.registered_client(&metadata.issuer, redirect_uri).await? {
            return Ok(client);
        }
        let [late, lease] = [timing::LATE_SENDER, timing::REGISTERING].map(|time| time.to_std().unwrap_or_default());
        if asked.elapsed() >= late {
            // This process stood still, and somebody else may have taken over before an answer came.
            return Err(FaultCause::RegistrationUnderWay.into());
        }
        let request = RegistrationRequest { client_name, redirect_uri, scopes };
        let client = self.servers.register(metadata, &request).await.map_err(FaultCause::Registration)?;
        let context = SealContext::registration_secret(&metadata.issuer, redirect_uri.as_str());
        let registration = Registration {
            issuer: metadata.issuer.clone(),
            redirect_uri: redirect_uri.to_string(),
            client_id: client.client_id.clone(),
            client_secret: client.secret.as_ref().map(|secret| sealer.seal(&context, secret)),
            auth: client.auth,
        };
        // The issuer knows it by now: a database that is away for a moment must not cost another one.
        let kept = loop {
            match self.store.keep_registration(&registration).await {
                Err(StoreError::Unavailable(_)) if asked.elapsed() < lease => sleep(timing::KEEP_TRYING).await,
                kept => break kept?,
            }
        };
        if kept.client_id == client.client_id {
            self.audit.record(client_event(AuditKind::ClientRegistered, &kept.issuer, &kept.client_id));
        }
        // Whoever took over may have been first after all: everybody uses the one that was kept.
        Ok(self.open_registration(&kept).await?.ok_or_else(no_client)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClientAuth;

    fn place(issuer: &str) -> Place {
        (issuer.to_owned(), "https://us.example/callback".to_owned())
    }

    fn client() -> Client {
        Client { client_id: "one".to_owned(), secret: None, auth: ClientAuth::None }
    }

    #[tokio::test]
    async fn whoever_comes_while_one_is_at_it_waits_for_what_becomes_of_it() {
        let registering = Arc::<Registering>::default();
        let (turn, first) = registering.join(place("a"));
        let (none, second) = registering.join(place("a"));
        assert!(none.is_none());
        assert!(registering.join(place("b")).0.is_some(), "nobody waits for another issuer");
        turn.unwrap().end(Ok(client()));
        for mut news in [first, second] {
            let outcome = news.wait_for(Option::is_some).await.unwrap().clone();
            assert!(matches!(outcome, Some(Ok(client)) if client.client_id == "one"));
        }
        assert!(registering.join(place("a")).0.is_some(), "the next one is another");
    }

    #[tokio::test]
    async fn one_that_breaks_off_keeps_nobody_waiting() {
        let registering = Arc::<Registering>::default();
        let (turn, _) = registering.join(place("a"));
        let (_, mut waiting) = registering.join(place("a"));
        drop(turn);
        assert!(waiting.wait_for(Option::is_some).await.is_err());
        assert!(registering.join(place("a")).0.is_some());
    }
}
