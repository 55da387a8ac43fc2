//! Which sources a person wants to use. Wanting is not being connected.

use std::collections::BTreeMap;

use aiq_connect_shared::{AuthStatus, DataSource};
use serde::{Deserialize, Serialize};

use super::row_state::RowState;

/// One switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Where it stands.
    pub is_on: bool,
    /// Whether a person, or a sign-in of theirs, put it there.
    pub is_chosen: bool,
}

/// Every switch, by source. Survives listings; a source that breaks keeps its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches(BTreeMap<String, Switch>);

impl Switches {
    /// Whether a source is switched on.
    pub fn is_on(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|switch| switch.is_on)
    }

    /// A person's choice, or what follows from one.
    pub fn choose(&mut self, id: &str, is_on: bool) {
        self.0.insert(id.to_owned(), Switch { is_on, is_chosen: true });
    }

    /// After a disconnect: off, and open to a later sign-in elsewhere.
    pub fn release(&mut self, id: &str) {
        self.0.insert(id.to_owned(), Switch { is_on: false, is_chosen: false });
    }

    /// A new listing: sources seen for the first time get their start, and one that got connected without us
    /// is switched on, unless the person has decided. Nothing else moves.
    pub fn follow(&mut self, before: &[DataSource], after: &[DataSource]) {
        for source in after {
            let connected = is_connected(source);
            let start = source.per_user_auth.as_ref().map_or(source.default_enabled, |_| connected);
            let was_connected = before.iter().find(|old| old.id == source.id).is_some_and(is_connected);
            let switch = self.0.entry(source.id.clone()).or_insert(Switch { is_on: start, is_chosen: false });
            if connected && !was_connected && !switch.is_chosen && source.per_user_auth.is_some() {
                switch.is_on = true;
            }
        }
    }

    /// What is worth keeping for the next visit: decisions, not starts.
    pub fn decisions(&self) -> Self {
        Self(self.0.iter().filter(|(_, switch)| switch.is_chosen).map(|(id, switch)| (id.clone(), *switch)).collect())
    }
}

/// Where the switch of all switches stands: every row that can be used is on, and there is one.
pub fn is_all_on<'a>(rows: impl IntoIterator<Item = (&'a RowState, bool)>) -> bool {
    let mut usable = rows.into_iter().filter(|(row, _)| row.is_usable()).peekable();
    usable.peek().is_some() && usable.all(|(_, is_on)| is_on)
}

fn is_connected(source: &DataSource) -> bool {
    source.per_user_auth.as_ref().is_some_and(|auth| auth.status == Some(AuthStatus::Connected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::connections::samples::{free, noon, protected};

    #[test]
    fn a_protected_source_starts_off_until_it_is_connected() {
        let mut switches = Switches::default();
        switches.follow(&[], &[protected("a", AuthStatus::Disconnected), protected("b", AuthStatus::Connected)]);
        assert!(!switches.is_on("a"));
        assert!(switches.is_on("b"));
    }

    #[test]
    fn an_unprotected_source_starts_as_configured() {
        let mut switches = Switches::default();
        switches.follow(&[], &[free("on", true), free("off", false)]);
        assert!(switches.is_on("on"));
        assert!(!switches.is_on("off"));
    }

    #[test]
    fn a_refetch_keeps_the_selection() {
        let listing =
            [free("web", true), protected("a", AuthStatus::Connected), protected("b", AuthStatus::Disconnected)];
        let mut switches = Switches::default();
        switches.follow(&[], &listing);
        switches.choose("web", false);
        switches.choose("a", false);
        switches.choose("b", true);
        let before = switches.clone();
        switches.follow(&listing, &listing);
        switches.follow(&[], &listing);
        assert_eq!(switches, before);
    }

    #[test]
    fn a_source_that_breaks_keeps_its_switch() {
        let mut switches = Switches::default();
        let works = [protected("a", AuthStatus::Connected)];
        switches.follow(&[], &works);
        switches.follow(&works, &[protected("a", AuthStatus::Error)]);
        assert!(switches.is_on("a"));
    }

    #[test]
    fn a_sign_in_in_another_tab_switches_on_what_nobody_decided_about() {
        let mut switches = Switches::default();
        let before = [protected("a", AuthStatus::Disconnected), protected("b", AuthStatus::Disconnected)];
        switches.follow(&[], &before);
        switches.choose("b", false);
        switches.follow(&before, &[protected("a", AuthStatus::Connected), protected("b", AuthStatus::Connected)]);
        assert!(switches.is_on("a"));
        assert!(!switches.is_on("b"));
    }

    #[test]
    fn all_are_on_when_every_row_that_can_be_used_is_and_there_is_one() {
        let row = |source| RowState::derive(&source, None, None, None, noon());
        let [free, connected, lapsed] = [
            row(free("web", true)),
            row(protected("a", AuthStatus::Connected)),
            row(protected("b", AuthStatus::Expired)),
        ];
        for (rows, expected) in [
            (vec![(&free, true), (&connected, true)], true),
            (vec![(&free, true), (&connected, false)], false),
            (vec![(&free, true), (&lapsed, false)], true),
            (vec![(&free, false), (&lapsed, true)], false),
            (vec![(&lapsed, true)], false),
            (vec![], false),
        ] {
            assert_eq!(is_all_on(rows.iter().copied()), expected, "{rows:?}");
        }
    }

    #[test]
    fn only_decisions_are_kept_for_the_next_visit() {
        let mut switches = Switches::default();
        switches.follow(&[], &[free("web", true), protected("a", AuthStatus::Connected)]);
        switches.choose("a", false);
        let kept = serde_json::to_string(&switches.decisions()).unwrap();
        assert_eq!(kept, r#"{"a":{"is_on":false,"is_chosen":true}}"#);
    }
}
