//! One window for several sign-ins.

use super::*;
use crate::state::flow::Phase;
use crate::state::walk::Stop;

fn walk(connections: &mut Connections, ids: &[(&str, u128)], has_window: bool) {
    let stop = |(id, flow): &(&str, u128)| Stop {
        id: (*id).to_owned(),
        flow: Uuid::from_u128(*flow),
        intent: Intent::Reconnect,
    };
    let stops: Vec<_> = ids.iter().map(stop).collect();
    let flow = |stop: &Stop| (stop.id.clone(), OpenFlow::start(stop.flow, stop.intent, has_window, noon()));
    let flows = stops.iter().map(flow).collect();
    connections.apply(Action::WalkStarted(Walk { stops }, flows));
}

fn three() -> Connections {
    loaded(["a", "b", "c"].map(|id| protected(id, AuthStatus::Disconnected)).into())
}

#[test]
fn one_window_for_several_makes_every_row_wait() {
    let mut connections = three();
    walk(&mut connections, &[("a", 1), ("b", 2)], true);
    assert_eq!(connections.flows.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(connections.news.value, [News::WaitingForAll(vec!["a".to_owned(), "b".to_owned()])]);
    assert_eq!(connections.walk_of("b").map(|walk| walk.stops.len()), Some(2));
    assert!(connections.walk_of("c").is_none());
}

#[test]
fn calling_one_off_calls_off_what_the_window_has_not_done_and_nothing_else() {
    let mut connections = three();
    walk(&mut connections, &[("a", 1), ("b", 2), ("c", 3)], true);
    let answer = answer(AuthStatus::Connected, FlowState::Succeeded, None);
    connections.apply(Action::FlowHeard { flow: Uuid::from_u128(1), answer, at: noon(), focus: Focus::Elsewhere });
    connections.apply(Action::FlowCancelled("b".to_owned()));
    assert!(connections.flows.is_empty());
    assert_eq!(
        connections.news.value,
        ["b", "c"].map(|id| News::Ended(id.to_owned(), Ended::Cancelled)),
        "what is connected stays"
    );
}

#[test]
fn a_sign_in_of_its_own_is_not_called_off_with_a_window_of_several() {
    let mut connections = three();
    connections.apply(Action::FlowStarted(
        "c".to_owned(),
        OpenFlow::start(Uuid::from_u128(9), Intent::Reconnect, true, noon()),
    ));
    walk(&mut connections, &[("a", 1), ("b", 2)], true);
    let mut other = connections.clone();
    connections.apply(Action::FlowCancelled("a".to_owned()));
    assert_eq!(connections.flows.keys().collect::<Vec<_>>(), ["c"]);
    other.apply(Action::FlowCancelled("c".to_owned()));
    assert_eq!(other.flows.keys().collect::<Vec<_>>(), ["a", "b"], "nor the other way round");
}

#[test]
fn a_refused_window_for_several_is_one_refusal_and_one_link_lets_all_wait() {
    let mut connections = three();
    walk(&mut connections, &[("a", 1), ("b", 2)], false);
    assert_eq!(connections.refused_windows, 1);
    assert_eq!(connections.focus.value, "popup-link-a");
    connections.apply(Action::LinkFollowed("b".to_owned()));
    assert!(connections.flows.values().all(|flow| flow.phase == Phase::Waiting));
}
