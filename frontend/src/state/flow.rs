//! One sign-in attempt, from the click to its end, as the page follows it.

use aiq_connect_shared::{FaultCode, Flow, FlowState, Intent};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::pace;

/// Where an open sign-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The browser refused the window; the person may follow a link instead.
    WindowBlocked,
    /// The person is at the provider.
    Waiting,
    /// The window reported back; the service has not been asked yet.
    Checking,
}

/// A sign-in that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFlow {
    /// Chosen by the page, so that it can open the window at once and ask by it.
    pub id: Uuid,
    /// What the person wants.
    pub intent: Intent,
    /// Where it is.
    pub phase: Phase,
    /// When the person clicked.
    pub started_at: DateTime<Utc>,
    /// When it can no longer be finished.
    pub expires_at: DateTime<Utc>,
    /// The window seems to be gone. Only ever a hint: providers can hide it from us.
    pub window_gone: bool,
}

/// How a sign-in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The source is connected.
    Succeeded,
    /// The person said no at the provider.
    Denied,
    /// It failed, for this reason.
    Failed(FaultCode),
    /// Nobody finished it in time.
    TimedOut,
    /// The person called it off here.
    Cancelled,
}

/// What an answer of the service means for an open sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on, like this.
    Open(OpenFlow),
    /// It ended.
    Over(Ended),
}

impl OpenFlow {
    /// A sign-in that starts now, in a window or, when the browser refused one, behind a link.
    pub fn start(id: Uuid, intent: Intent, has_window: bool, now: DateTime<Utc>) -> Self {
        let phase = if has_window { Phase::Waiting } else { Phase::WindowBlocked };
        Self { id, intent, phase, started_at: now, expires_at: now + pace::FLOW_LIFE, window_gone: false }
    }

    /// A sign-in that the service says is under way: after a reload, or begun in another tab.
    pub fn restore(flow: &Flow, now: DateTime<Utc>) -> Option<Self> {
        (flow.state == FlowState::Pending && flow.expires_at > now).then(|| Self {
            id: flow.id,
            intent: Intent::default(),
            phase: Phase::Waiting,
            started_at: (flow.expires_at - pace::FLOW_LIFE).min(now),
            expires_at: flow.expires_at,
            window_gone: false,
        })
    }

    /// The service's word on this sign-in. `None`: it does not know it (yet), as before the window has loaded.
    pub fn heard(&self, answer: Option<&Flow>, now: DateTime<Utc>) -> Step {
        let Some(flow) = answer.filter(|flow| flow.id == self.id) else {
            return self.unless_over(now);
        };
        match flow.state {
            FlowState::Succeeded => Step::Over(Ended::Succeeded),
            FlowState::Denied => Step::Over(Ended::Denied),
            FlowState::Failed if flow.code == Some(FaultCode::ConsentDenied) => Step::Over(Ended::Denied),
            FlowState::Failed => Step::Over(Ended::Failed(flow.code.unwrap_or(FaultCode::Unknown))),
            FlowState::Expired => Step::Over(Ended::TimedOut),
            FlowState::Cancelled => Step::Over(Ended::Cancelled),
            FlowState::Pending | FlowState::Unknown => {
                Self { expires_at: flow.expires_at, phase: Phase::Waiting, ..self.clone() }.unless_over(now)
            }
        }
    }

    fn unless_over(&self, now: DateTime<Utc>) -> Step {
        if now >= self.expires_at {
            return Step::Over(Ended::TimedOut);
        }
        let phase = if self.phase == Phase::Checking { Phase::Waiting } else { self.phase };
        Step::Open(Self { phase, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-03T12:00:00Z".parse().unwrap()
    }

    fn open() -> OpenFlow {
        OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, true, noon())
    }

    fn says(state: FlowState, code: Option<FaultCode>) -> Flow {
        Flow { id: Uuid::from_u128(1), state, expires_at: noon() + TimeDelta::minutes(10), code }
    }

    #[test]
    fn every_end_the_service_reports_ends_the_sign_in() {
        let ends = [
            (says(FlowState::Succeeded, None), Ended::Succeeded),
            (says(FlowState::Denied, None), Ended::Denied),
            (says(FlowState::Failed, Some(FaultCode::ConsentDenied)), Ended::Denied),
            (says(FlowState::Failed, Some(FaultCode::IdpUnreachable)), Ended::Failed(FaultCode::IdpUnreachable)),
            (says(FlowState::Failed, None), Ended::Failed(FaultCode::Unknown)),
            (says(FlowState::Expired, None), Ended::TimedOut),
            (says(FlowState::Cancelled, None), Ended::Cancelled),
        ];
        for (flow, end) in ends {
            assert_eq!(open().heard(Some(&flow), noon()), Step::Over(end));
        }
    }

    #[test]
    fn a_sign_in_the_service_has_not_seen_yet_goes_on() {
        assert_eq!(open().heard(None, noon()), Step::Open(open()));
    }

    #[test]
    fn an_answer_about_another_sign_in_is_not_about_this_one() {
        let other = Flow { id: Uuid::from_u128(2), ..says(FlowState::Succeeded, None) };
        assert_eq!(open().heard(Some(&other), noon()), Step::Open(open()));
    }

    #[test]
    fn a_word_this_build_does_not_know_keeps_waiting() {
        assert_eq!(open().heard(Some(&says(FlowState::Unknown, None)), noon()), Step::Open(open()));
    }

    #[test]
    fn after_its_ten_minutes_it_has_timed_out() {
        let late = noon() + pace::FLOW_LIFE;
        assert_eq!(open().heard(None, late), Step::Over(Ended::TimedOut));
    }

    #[test]
    fn a_nudge_that_the_service_does_not_confirm_goes_back_to_waiting() {
        let checking = OpenFlow { phase: Phase::Checking, ..open() };
        assert_eq!(checking.heard(Some(&says(FlowState::Pending, None)), noon()), Step::Open(open()));
    }

    #[test]
    fn a_link_that_was_followed_elsewhere_counts_as_waiting() {
        let blocked = OpenFlow::start(Uuid::from_u128(1), Intent::Reconnect, false, noon());
        assert_eq!(blocked.heard(None, noon()), Step::Open(blocked.clone()));
        assert_eq!(blocked.heard(Some(&says(FlowState::Pending, None)), noon()), Step::Open(open()));
    }

    #[test]
    fn only_a_pending_sign_in_is_restored() {
        assert!(OpenFlow::restore(&says(FlowState::Pending, None), noon()).is_some());
        assert!(OpenFlow::restore(&says(FlowState::Succeeded, None), noon()).is_none());
        assert!(OpenFlow::restore(&says(FlowState::Pending, None), noon() + pace::FLOW_LIFE).is_none());
    }
}
