//! Refreshes under way in this process: at most one for each grant, however many ask. Whoever comes while one is under
//! way waits for its end and then reads what is stored.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    domain::{Grant, GrantId, PrincipalId},
    storage::StoreError,
};

/// How a refresh ended for those who wait.
#[derive(Clone, Debug)]
pub(super) enum Landing {
    /// What is stored says everything.
    ReadAgain,
    /// The issuer is left alone for so long.
    IssuerRests(Duration),
    /// Another process, or whoever was in front, takes long; it is worth asking again after this.
    StillUnderWay(Duration),
    /// What is stored does not open: the grant is as good as none.
    Lost,
    /// The database did not answer, or what would come could not be sealed.
    Failed(Arc<StoreError>),
}

/// What a flight tells: nothing yet, which also says "look again", or its end.
pub(super) type News = watch::Receiver<Option<Landing>>;

struct Flight {
    principal: PrincipalId,
    news: watch::Sender<Option<Landing>>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<GrantId, Flight>>);

/// A place in a flight.
pub(super) enum Boarding {
    /// It was under way.
    Joined(News),
    /// It is new: whoever boarded first flies it, and hears from others by the news.
    First(Captain, News),
}

/// Ends the flight, if by panic.
pub(super) struct Captain {
    flights: Arc<Flights>,
    /// Until it has landed: by then another may be under way.
    grant: Option<GrantId>,
}

impl Flights {
    /// Joins the flight of a grant, or begins one.
    pub(super) fn board(self: &Arc<Self>, grant: &Grant) -> Boarding {
        let mut flying = self.flying();
        if let Some(flight) = flying.get(&grant.id) {
            return Boarding::Joined(flight.news.subscribe());
        }
        let (news, receiver) = watch::channel(None);
        flying.insert(grant.id, Flight { principal: grant.key.principal.clone(), news });
        Boarding::First(Captain { flights: Arc::clone(self), grant: Some(grant.id) }, receiver)
    }

    /// Something of this person changed: whoever waits looks again at once.
    pub(super) fn changed(&self, principal: &PrincipalId) {
        for flight in self.flying().values().filter(|flight| flight.principal == *principal) {
            flight.news.send_modify(|_| ());
        }
    }

    /// Waits until nothing is under way.
    pub(super) async fn all_landed(&self) {
        loop {
            let Some(mut news) = self.flying().values().next().map(|flight| flight.news.subscribe()) else { return };
            // An error says that it landed by panic.
            let _ = news.wait_for(Option::is_some).await;
        }
    }

    fn flying(&self) -> MutexGuard<'_, HashMap<GrantId, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Captain {
    /// Ends the flight: whoever asks from here on begins another.
    pub(super) fn land(mut self, landing: Landing) {
        if let Some(flight) = self.take_off_the_list() {
            flight.news.send_replace(Some(landing));
        }
    }

    fn take_off_the_list(&mut self) -> Option<Flight> {
        let grant = self.grant.take()?;
        self.flights.flying().remove(&grant)
    }
}

impl Drop for Captain {
    fn drop(&mut self) {
        // Dropping the sender tells those who wait.
        drop(self.take_off_the_list());
    }
}

/// Waits for the end of a flight. `None`: there may be news, or the time is over; look again.
pub(super) async fn landing(mut news: News, deadline: Instant) -> Option<Landing> {
    match tokio::time::timeout_at(deadline, news.changed()).await {
        Ok(Ok(())) => news.borrow().clone(),
        Ok(Err(_)) => Some(Landing::ReadAgain),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::standing::tests::any_grant;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[tokio::test]
    async fn whoever_comes_while_one_is_under_way_waits_for_its_end() {
        let (flights, grant) = (Arc::new(Flights::default()), any_grant());
        let Boarding::First(captain, news) = flights.board(&grant) else { panic!("there was one") };
        let Boarding::Joined(other) = flights.board(&grant) else { panic!("there is one") };
        captain.land(Landing::IssuerRests(Duration::from_secs(7)));
        for news in [news, other] {
            assert!(matches!(landing(news, soon()).await, Some(Landing::IssuerRests(_))));
        }
        assert!(matches!(flights.board(&grant), Boarding::First(..)), "the next one is another");
    }

    #[tokio::test]
    async fn a_flight_that_breaks_off_keeps_nobody_waiting() {
        let (flights, grant) = (Arc::new(Flights::default()), any_grant());
        let Boarding::First(captain, _) = flights.board(&grant) else { panic!("there was one") };
        let Boarding::Joined(other) = flights.board(&grant) else { panic!("there is one") };
        drop(captain);
        assert!(matches!(landing(other, soon()).await, Some(Landing::ReadAgain)));
        flights.all_landed().await;
    }

    #[tokio::test]
    async fn a_change_of_the_person_makes_those_look_again_who_wait_for_theirs() {
        let (flights, grant) = (Arc::new(Flights::default()), any_grant());
        let Boarding::First(_captain, mut news) = flights.board(&grant) else { panic!("there was one") };
        flights.changed(&PrincipalId("somebody else".into()));
        assert!(!news.has_changed().unwrap());
        flights.changed(&grant.key.principal);
        assert!(news.has_changed().unwrap());
        assert!(landing(news.clone(), soon()).await.is_none());
        news.mark_unchanged();
    }
}
