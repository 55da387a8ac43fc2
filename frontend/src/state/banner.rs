//! The one thing a person should know before the list: the most serious there is.

use chrono::{DateTime, Utc};

use super::connections::Connections;
use super::row_state::{Kind, RowAction};

/// How many refused windows in a row mean that the browser refuses them all.
const REFUSED_ALL: u32 = 2;

/// What a banner is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Banner {
    /// Nobody is signed in any more.
    SignedOut,
    /// The service does not answer, and there is nothing to show.
    Offline,
    /// The service does not answer; what is shown is from this time.
    Stale(DateTime<Utc>),
    /// The browser refuses sign-in windows.
    PopupsOff,
    /// Sources that are switched on and cannot be used.
    NeedsYou(Vec<Named>),
    /// Sources that are switched on and end soon, the first at this time.
    Expiring(Vec<Named>, DateTime<Utc>),
    /// The service does not tell people apart.
    AuthOff,
}

/// A source in a banner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The source.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its next step.
    pub action: Option<RowAction>,
}

impl Banner {
    /// The banner of right now.
    pub fn look(connections: &Connections, now: DateTime<Utc>) -> Option<Self> {
        let sources = &connections.sources;
        if connections.is_signed_out {
            return Some(Self::SignedOut);
        }
        if sources.is_unreachable {
            return Some(sources.confirmed_at.filter(|_| sources.list.is_some()).map_or(Self::Offline, Self::Stale));
        }
        if connections.refused_windows >= REFUSED_ALL {
            return Some(Self::PopupsOff);
        }
        let named = |source: &aiq_connect_shared::DataSource| Named {
            id: source.id.clone(),
            name: source.name.clone(),
            action: connections.row(source, now).action(),
        };
        let blocking: Vec<_> = connections.blocking(now).into_iter().map(named).collect();
        if !blocking.is_empty() {
            return Some(Self::NeedsYou(blocking));
        }
        let is_expiring = |source: &&aiq_connect_shared::DataSource| {
            connections.switches.is_on(&source.id) && connections.row(source, now).kind == Kind::ExpiringSoon
        };
        let expiring: Vec<_> = sources.all().iter().filter(is_expiring).collect();
        let first = expiring.iter().filter_map(|source| source.per_user_auth.as_ref()?.expires_at).min();
        match first {
            Some(first) => Some(Self::Expiring(expiring.into_iter().map(named).collect(), first)),
            None => connections.is_auth_off.then_some(Self::AuthOff),
        }
    }

    /// Its name, for tests and styles.
    pub fn word(&self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Offline => "offline",
            Self::Stale(_) => "stale",
            Self::PopupsOff => "popups_off",
            Self::NeedsYou(_) => "needs_you",
            Self::Expiring(..) => "expiring",
            Self::AuthOff => "auth_off",
        }
    }

    /// Whether it interrupts a screen reader. Being signed out is said elsewhere, by itself.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::Offline)
    }
}

#[cfg(test)]
mod tests {
    use aiq_connect_shared::{AuthStatus, Intent};
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::state::connections::Action;
    use crate::state::connections::samples::{free, noon, protected};
    use crate::state::flow::OpenFlow;

    fn shown(connections: &Connections) -> Option<&'static str> {
        Banner::look(connections, noon()).map(|banner| banner.word())
    }

    fn with(status: AuthStatus) -> Connections {
        let mut connections = Connections::default();
        let list = vec![protected("a", status), free("web", true)];
        connections.apply(Action::Loaded { list, etag: None, at: noon() });
        connections.apply(Action::Switched("a".to_owned(), true));
        connections
    }

    fn refuse(connections: &mut Connections, has_window: bool) {
        let flow = OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, has_window, noon());
        connections.apply(Action::FlowStarted("a".to_owned(), flow));
    }

    #[test]
    fn where_everything_works_there_is_none() {
        assert_eq!(shown(&with(AuthStatus::Connected)), None);
        assert_eq!(shown(&Connections::default()), None);
    }

    #[test]
    fn a_source_that_is_on_and_cannot_be_used_needs_the_person() {
        let mut connections = with(AuthStatus::Expired);
        assert_eq!(shown(&connections), Some("needs_you"));
        connections.apply(Action::Switched("a".to_owned(), false));
        assert_eq!(shown(&connections), None);
    }

    #[test]
    fn what_ends_soon_is_announced_only_where_it_cannot_renew_itself() {
        let mut source = protected("a", AuthStatus::Connected);
        let auth = source.per_user_auth.as_mut().unwrap();
        (auth.renewable, auth.expires_at) = (false, Some(noon() + TimeDelta::minutes(10)));
        let mut connections = with(AuthStatus::Connected);
        connections.apply(Action::Loaded { list: vec![source.clone()], etag: None, at: noon() });
        assert_eq!(shown(&connections), Some("expiring"));
        source.per_user_auth.as_mut().unwrap().renewable = true;
        connections.apply(Action::Loaded { list: vec![source], etag: None, at: noon() });
        assert_eq!(shown(&connections), None);
    }

    #[test]
    fn the_second_refused_window_in_a_row_says_that_the_browser_refuses_them_all() {
        let mut connections = with(AuthStatus::Connected);
        refuse(&mut connections, false);
        assert_ne!(shown(&connections), Some("popups_off"));
        refuse(&mut connections, false);
        assert_eq!(shown(&connections), Some("popups_off"));
        refuse(&mut connections, true);
        assert_ne!(shown(&connections), Some("popups_off"));
    }

    #[test]
    fn the_most_serious_wins() {
        let mut connections = with(AuthStatus::Expired);
        refuse(&mut connections, false);
        refuse(&mut connections, false);
        assert_eq!(shown(&connections), Some("popups_off"));
        connections.apply(Action::Unreachable);
        assert_eq!(shown(&connections), Some("stale"));
        connections.apply(Action::SignedOut);
        assert_eq!(shown(&connections), Some("signed_out"));
    }

    #[test]
    fn without_a_list_there_is_nothing_older_to_show() {
        let mut connections = Connections::default();
        connections.apply(Action::Unreachable);
        assert_eq!(shown(&connections), Some("offline"));
    }

    #[test]
    fn where_nobody_is_told_apart_personal_sources_block_nothing_and_the_banner_says_why() {
        let mut connections = with(AuthStatus::Disconnected);
        connections.is_auth_off = true;
        assert_eq!(shown(&connections), Some("auth_off"));
        assert!(connections.blocking(noon()).is_empty());
        let used: Vec<_> = connections.selected(noon()).iter().map(|source| source.id.clone()).collect();
        assert_eq!(used, ["web"]);
        connections.is_auth_off = false;
        assert_eq!(connections.blocking(noon()).len(), 1);
    }

    #[test]
    fn who_is_signed_out_keeps_the_selection() {
        let mut connections = with(AuthStatus::Connected);
        connections.apply(Action::SignedOut);
        assert_eq!(connections.selected(noon()).len(), 2);
    }
}
