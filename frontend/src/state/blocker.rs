//! What keeps a question from being sent, and the way out.

use aiq_connect_shared::{DataSource, FaultCode, Intent};
use chrono::{DateTime, Utc};

use super::connections::Connections;
use super::row_state::{Kind, RowAction, RowState};

/// One source in the blocker.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The source.
    pub source: DataSource,
    /// What its row says.
    pub row: RowState,
}

/// The blocker, as it is right now.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocker {
    /// The sources that blocked when it opened and are still switched on.
    pub items: Vec<Item>,
}

/// What the blocker is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing blocks any more.
    Ready,
    /// The person can connect what is missing.
    Connect,
    /// Only an administrator could: sending without is the way out.
    NotSetUp,
    /// Nobody's fault, and it may pass: the page keeps asking.
    Unreachable,
}

impl Blocker {
    /// Looks at the sources that the blocker was opened for.
    pub fn look(opened_for: &[String], connections: &Connections, now: DateTime<Utc>) -> Self {
        let items = connections
            .sources
            .all()
            .iter()
            .filter(|source| opened_for.contains(&source.id) && connections.switches.is_on(&source.id))
            .map(|source| Item { row: connections.row(source, now), source: source.clone() })
            .collect();
        Self { items }
    }

    /// The ones that still block.
    pub fn blocking(&self) -> Vec<&Item> {
        self.items.iter().filter(|item| item.row.blocks()).collect()
    }

    /// The first one that the person can do something about by signing in.
    pub fn first_to_connect(&self) -> Option<&Item> {
        self.blocking().into_iter().find(|item| item.row.action().and_then(RowAction::intent).is_some())
    }

    /// All that the person can connect, and what for.
    pub fn to_connect(&self) -> Vec<(String, Intent)> {
        let intent = |item: &Item| Some((item.source.id.clone(), item.row.action()?.intent()?));
        self.blocking().into_iter().filter_map(intent).collect()
    }

    /// The source to connect next, when these blocked before: one of them works now, and the person can go on.
    pub fn next(&self, before: &[String]) -> Option<&Item> {
        let blocking = self.blocking();
        let has_left = before.iter().any(|id| blocking.iter().all(|item| item.source.id != *id));
        self.first_to_connect().filter(|_| has_left)
    }

    /// What it is about.
    pub fn tone(&self) -> Tone {
        let blocking = self.blocking();
        let is_not_set_up = |item: &&Item| {
            matches!(item.row.kind, Kind::Failed(FaultCode::ClientMisconfigured | FaultCode::RegistrationRejected))
        };
        match blocking.as_slice() {
            [] => Tone::Ready,
            all if all.iter().all(is_not_set_up) => Tone::NotSetUp,
            all if all.iter().all(|item| item.row.kind == Kind::Failed(FaultCode::IdpUnreachable)) => Tone::Unreachable,
            _ => Tone::Connect,
        }
    }
}

#[cfg(test)]
mod tests {
    use aiq_connect_shared::AuthStatus;

    use super::*;
    use crate::state::connections::Action;
    use crate::state::connections::samples::{faulty, free, noon, protected};

    fn with(list: Vec<DataSource>, on: &[&str]) -> Connections {
        let mut connections = Connections::default();
        connections.apply(Action::Loaded { list, etag: None, at: noon() });
        for id in on {
            connections.apply(Action::Switched((*id).to_owned(), true));
        }
        connections
    }

    fn blocking(connections: &Connections) -> Vec<&str> {
        connections.blocking(noon()).iter().map(|source| source.id.as_str()).collect()
    }

    #[test]
    fn only_sources_that_are_switched_on_block() {
        let list = vec![
            free("web", true),
            protected("a", AuthStatus::Disconnected),
            protected("b", AuthStatus::Expired),
            protected("c", AuthStatus::Connected),
        ];
        assert!(blocking(&with(list.clone(), &[])).is_empty());
        assert_eq!(blocking(&with(list, &["b", "a", "c"])), ["a", "b"]);
    }

    #[test]
    fn every_unusable_state_blocks_and_no_usable_one_does() {
        for (status, code, blocks) in [
            (AuthStatus::Disconnected, None, true),
            (AuthStatus::Expired, None, true),
            (AuthStatus::Unknown, None, true),
            (AuthStatus::Error, Some(FaultCode::Revoked), true),
            (AuthStatus::Error, Some(FaultCode::IdpUnreachable), true),
            (AuthStatus::Connected, Some(FaultCode::IdpUnreachable), false),
            (AuthStatus::Connected, Some(FaultCode::ConsentDenied), false),
            (AuthStatus::Connected, None, false),
        ] {
            let source = code.map_or_else(|| protected("a", status), |code| faulty("a", status, code));
            assert_eq!(!with(vec![source], &["a"]).blocking(noon()).is_empty(), blocks, "{status:?} {code:?}");
        }
    }

    #[test]
    fn a_source_that_is_optional_or_turned_off_does_not_block() {
        let mut optional = protected("a", AuthStatus::Disconnected);
        let mut turned_off = protected("b", AuthStatus::Disconnected);
        if let (Some(a), Some(b)) = (&mut optional.per_user_auth, &mut turned_off.per_user_auth) {
            a.required = false;
            b.admin_disabled = true;
        }
        let connections = with(vec![optional, turned_off], &["a", "b"]);
        assert!(blocking(&connections).is_empty());
        let selected: Vec<_> = connections.selected(noon()).iter().map(|source| source.id.clone()).collect();
        assert_eq!(selected, ["a"]);
    }

    #[test]
    fn it_is_ready_once_the_last_source_works() {
        let mut connections = with(vec![protected("a", AuthStatus::Disconnected)], &["a"]);
        let opened_for = ["a".to_owned()];
        assert_eq!(Blocker::look(&opened_for, &connections, noon()).tone(), Tone::Connect);
        connections.apply(Action::Loaded { list: vec![protected("a", AuthStatus::Connected)], etag: None, at: noon() });
        assert_eq!(Blocker::look(&opened_for, &connections, noon()).tone(), Tone::Ready);
    }

    #[test]
    fn when_only_an_administrator_can_help_it_offers_no_connect() {
        let broken = faulty("a", AuthStatus::Error, FaultCode::ClientMisconfigured);
        let connections = with(vec![broken, protected("b", AuthStatus::Disconnected)], &["a", "b"]);
        let tone = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            Blocker::look(&ids, &connections, noon()).tone()
        };
        assert_eq!(tone(&["a"]), Tone::NotSetUp);
        assert_eq!(tone(&["a", "b"]), Tone::Connect);
    }

    #[test]
    fn what_cannot_be_reached_is_not_asked_to_be_connected() {
        let away = |id| faulty(id, AuthStatus::Error, FaultCode::IdpUnreachable);
        let connections = with(vec![away("a"), away("b"), protected("c", AuthStatus::Expired)], &["a", "b", "c"]);
        let tone = |ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
            Blocker::look(&ids, &connections, noon()).tone()
        };
        assert_eq!(tone(&["a", "b"]), Tone::Unreachable);
        assert_eq!(tone(&["a", "c"]), Tone::Connect);
    }

    #[test]
    fn after_one_source_the_next_that_a_person_can_connect_is_next() {
        let list = |a| {
            vec![
                protected("a", a),
                faulty("b", AuthStatus::Error, FaultCode::ClientMisconfigured),
                protected("c", AuthStatus::Expired),
            ]
        };
        let ids = ["a", "b", "c"].map(str::to_owned);
        let look = |a| Blocker::look(&ids, &with(list(a), &["a", "b", "c"]), noon());
        let next = |blocker: &Blocker| blocker.next(&ids).map(|item| item.source.id.clone());
        assert_eq!(next(&look(AuthStatus::Disconnected)), None, "nothing has been connected yet");
        assert_eq!(next(&look(AuthStatus::Connected)).as_deref(), Some("c"));
        assert_eq!(look(AuthStatus::Connected).next(&["b".to_owned(), "c".to_owned()]), None);
    }

    #[test]
    fn all_that_a_person_can_connect_is_connected_at_once() {
        let list = vec![
            protected("a", AuthStatus::Disconnected),
            faulty("b", AuthStatus::Error, FaultCode::ClientMisconfigured),
            faulty("c", AuthStatus::Error, FaultCode::ScopeMismatch),
            protected("d", AuthStatus::Connected),
        ];
        let ids = ["a", "b", "c", "d"];
        let blocker = Blocker::look(&ids.map(str::to_owned), &with(list, &ids), noon());
        assert_eq!(
            blocker.to_connect(),
            [("a".to_owned(), Intent::Reconnect), ("c".to_owned(), Intent::MorePermission)]
        );
    }

    #[test]
    fn a_source_that_is_switched_off_leaves_the_blocker() {
        let mut connections = with(vec![protected("a", AuthStatus::Disconnected)], &["a"]);
        connections.apply(Action::Switched("a".to_owned(), false));
        assert!(Blocker::look(&["a".to_owned()], &connections, noon()).items.is_empty());
    }
}
