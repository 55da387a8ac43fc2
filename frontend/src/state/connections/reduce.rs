//! How the page's knowledge about sources changes.

use std::rc::Rc;

use aiq_connect_shared::{DataSource, StatusAnswer};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use yew::Reducible;

use super::{Action, Connections, Focus, News};
use crate::state::flow::{Ended, OpenFlow, Phase, Step};
use crate::state::row_state::{Doing, Notice};
use crate::state::walk::Walk;

impl Reducible for Connections {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        next.apply(action);
        if next == *self { self } else { Rc::new(next) }
    }
}

impl Connections {
    /// Takes in what happened.
    pub fn apply(&mut self, action: Action) {
        match action {
            Action::Remembered(switches) => self.switches = switches,
            Action::Loaded { list, etag, at } => self.load(list, etag, at),
            Action::Confirmed(at) => self.confirm(at),
            Action::Unreachable => {
                self.sources.is_unreachable = true;
                self.doing.retain(|_, doing| *doing != Doing::Rechecking);
            }
            Action::SignedOut if self.is_signed_out => {}
            Action::SignedOut => {
                self.is_signed_out = true;
                self.news.put(vec![News::SignedOut]);
            }
            Action::Switched(id, is_on) => self.switches.choose(&id, is_on),
            Action::SwitchedAll(is_on, now) => self.switch_all(is_on, now),
            Action::FlowStarted(id, flow) => self.start(id, flow),
            Action::WalkStarted(walk, flows) => self.start_all(walk, flows),
            Action::LinkFollowed(id) => {
                for (id, _) in self.called_off_with(&id) {
                    self.with_flow(&id, |flow| flow.phase = Phase::Waiting);
                }
            }
            Action::Nudged(flow, focus) => self.nudge(flow, focus),
            Action::WindowGone(id, gone) => self.with_flow(&id, |flow| flow.window_gone = gone),
            Action::FlowHeard { flow, answer, at, focus } => self.hear(flow, &answer, at, focus),
            Action::FlowUnheard(id, now) => {
                if self.flows.get(&id).is_some_and(|flow| matches!(flow.heard(None, now), Step::Over(_))) {
                    self.end(&id, Ended::TimedOut);
                }
            }
            Action::FlowCancelled(id) => {
                let ended = self.called_off_with(&id);
                for (id, _) in &ended {
                    self.end(id, Ended::Cancelled);
                }
                if ended.len() > 1 {
                    self.news.put(ended.into_iter().map(|(id, _)| News::Ended(id, Ended::Cancelled)).collect());
                }
            }
            Action::DetailsToggled(id) => {
                self.confirming = self.confirming.take().filter(|asked| *asked != id);
                if !self.open_details.remove(&id) {
                    self.open_details.insert(id);
                }
            }
            Action::Confirming(Some(id)) => {
                self.focus.put(format!("keep-{id}"));
                self.confirming = Some(id);
            }
            Action::Confirming(None) => {
                if let Some(id) = self.confirming.take() {
                    self.focus.put(format!("disconnect-{id}"));
                }
            }
            Action::Rechecking(id) => {
                self.focus.put(format!("details-{id}"));
                self.doing.insert(id, Doing::Rechecking);
            }
            Action::Disconnecting(id) => {
                self.confirming = None;
                self.notices.remove(&id);
                self.focus.put(format!("details-{id}"));
                self.doing.insert(id, Doing::Disconnecting);
            }
            Action::Disconnected(answer) => {
                self.disconnected(answer.source_id, answer.revoked_at_provider != Some(false));
            }
            Action::NotDisconnected(id) => {
                self.doing.remove(&id);
                self.notices.insert(id.clone(), Notice::NotDisconnected);
                self.news.put(vec![News::NotDisconnected(id)]);
            }
            Action::Refused(body) => self.sources.refused(&body),
        }
    }

    fn confirm(&mut self, at: DateTime<Utc>) {
        self.sources.confirmed_at = Some(at);
        self.sources.is_unreachable = false;
        self.is_signed_out = false;
        self.rechecked(at);
    }

    /// Tells how asking again ended.
    fn rechecked(&mut self, at: DateTime<Utc>) {
        let is_asked = |(id, doing): (&String, &Doing)| (*doing == Doing::Rechecking).then(|| id.clone());
        let asked: Vec<String> = self.doing.iter().filter_map(is_asked).collect();
        self.doing.retain(|_, doing| *doing != Doing::Rechecking);
        let is_usable = |id: &String| self.sources.find(id).is_some_and(|source| self.row(source, at).is_usable());
        let news: Vec<_> = asked
            .into_iter()
            .map(|id| {
                let works = is_usable(&id);
                News::Rechecked(id, works)
            })
            .collect();
        if !news.is_empty() {
            self.news.put(news);
        }
    }

    fn load(&mut self, list: Vec<DataSource>, etag: Option<String>, at: DateTime<Utc>) {
        self.switches.follow(self.sources.all(), &list);
        for source in &list {
            self.follow(source, at);
        }
        self.flows.retain(|id, _| list.iter().any(|source| &source.id == id));
        self.sources.list = Some(list);
        self.sources.etag = etag;
        self.confirm(at);
    }

    /// What a new listing means for what is under way at one source.
    fn follow(&mut self, source: &DataSource, at: DateTime<Utc>) {
        let Some(auth) = &source.per_user_auth else { return };
        let is_news = self
            .sources
            .find(&source.id)
            .and_then(|old| old.per_user_auth.as_ref())
            .is_some_and(|old| (old.status, old.connected_at) != (auth.status, auth.connected_at));
        let is_passing =
            matches!(self.notices.get(&source.id), Some(Notice::Failed(_) | Notice::Denied | Notice::TimedOut));
        if is_news && is_passing {
            self.notices.remove(&source.id);
        }
        if let Some(from) = self.account_before.remove(&source.id)
            && let Some(to) = auth.account_label.clone().filter(|to| *to != from)
        {
            self.notices.insert(source.id.clone(), Notice::AccountChanged { from, to });
        }
        if !self.flows.contains_key(&source.id)
            && let Some(flow) = auth.flow.as_ref().and_then(|flow| OpenFlow::restore(flow, at))
            && !self.ended.contains(&flow.id)
        {
            self.flows.insert(source.id.clone(), flow);
        }
    }

    fn switch_all(&mut self, is_on: bool, now: DateTime<Utc>) {
        let rows: Vec<_> = self.sources.all().iter().map(|source| (source.id.clone(), self.row(source, now))).collect();
        for (id, row) in &rows {
            // What would block is left as it is: the person may have wished for it.
            if !is_on || row.is_usable() {
                self.switches.choose(id, is_on);
            }
        }
        if is_on {
            let on = rows.iter().filter(|(_, row)| row.is_usable()).count();
            let skipped = rows.iter().filter(|(_, row)| row.blocks()).map(|(id, _)| id.clone()).collect();
            self.news.put(vec![News::TurnedOn { on, of: rows.len(), skipped }]);
        }
    }

    fn start(&mut self, id: String, flow: OpenFlow) {
        self.notices.remove(&id);
        if flow.phase == Phase::WindowBlocked {
            self.refused_windows += 1;
            self.focus.put(format!("popup-link-{id}"));
            self.news.put(vec![News::WindowBlocked(id.clone())]);
        } else {
            self.refused_windows = 0;
            self.news.put(vec![News::Waiting(id.clone())]);
        }
        self.flows.insert(id, flow);
    }

    fn start_all(&mut self, walk: Walk, flows: Vec<(String, OpenFlow)>) {
        let Some((first, flow)) = flows.first() else { return };
        let ids = flows.iter().map(|(id, _)| id.clone()).collect();
        if flow.phase == Phase::WindowBlocked {
            self.refused_windows += 1;
            self.focus.put(format!("popup-link-{first}"));
            self.news.put(vec![News::AllBlocked(ids)]);
        } else {
            self.refused_windows = 0;
            self.news.put(vec![News::WaitingForAll(ids)]);
        }
        for (id, flow) in flows {
            self.notices.remove(&id);
            self.flows.insert(id, flow);
        }
        self.walk = walk;
    }

    fn nudge(&mut self, flow: Uuid, focus: Focus) {
        let Some((id, open)) = self.flows.iter_mut().find(|(_, open)| open.id == flow) else { return };
        open.phase = Phase::Checking;
        let id = id.clone();
        self.keep_focus(&id, focus);
    }

    /// The button that had the focus goes away; the focus stays near.
    fn keep_focus(&mut self, id: &str, focus: Focus) {
        match focus {
            Focus::Row => self.focus.put(format!("details-{id}")),
            Focus::Blocker => self.focus.put("blocker-title".to_owned()),
            Focus::Elsewhere => {}
        }
    }

    fn hear(&mut self, flow: Uuid, answer: &StatusAnswer, at: DateTime<Utc>, focus: Focus) {
        // A late answer about a sign-in that is no longer ours says nothing.
        let Some((id, open)) = self.flow(flow).map(|(id, open)| (id.clone(), open.clone())) else { return };
        let ended = match open.heard(answer.flow.as_ref(), at) {
            Step::Open(open) => {
                self.flows.insert(id, open);
                return;
            }
            Step::Over(ended) => ended,
        };
        if ended == Ended::Succeeded {
            let before = self.sources.find(&id).and_then(|source| source.per_user_auth.as_ref());
            if let Some(account) = before.and_then(|auth| auth.account_label.clone()) {
                self.account_before.insert(id.clone(), account);
            }
            self.keep_focus(&id, focus);
        }
        self.sources.heard(answer);
        self.end(&id, ended);
    }

    fn end(&mut self, id: &str, ended: Ended) {
        if let Some(flow) = self.flows.remove(id) {
            self.ended.insert(flow.id);
            self.last_flows.insert(id.to_owned(), flow.id);
        }
        let notice = match ended {
            Ended::Denied => Some(Notice::Denied),
            Ended::Failed(code) => Some(Notice::Failed(code)),
            Ended::TimedOut => Some(Notice::TimedOut),
            Ended::Succeeded | Ended::Cancelled => None,
        };
        if ended == Ended::Succeeded {
            self.switches.choose(id, true);
        }
        match notice {
            Some(notice) => self.notices.insert(id.to_owned(), notice),
            None => self.notices.remove(id),
        };
        self.news.put(vec![News::Ended(id.to_owned(), ended)]);
    }

    fn disconnected(&mut self, id: String, told: bool) {
        self.doing.remove(&id);
        self.ended.extend(self.flows.remove(&id).map(|flow| flow.id));
        self.sources.forget(&id);
        self.switches.release(&id);
        if !told {
            self.notices.insert(id.clone(), Notice::ProviderNotTold);
        }
        self.news.put(vec![News::Disconnected(id, told)]);
    }

    fn with_flow(&mut self, id: &str, change: impl FnOnce(&mut OpenFlow)) {
        if let Some(flow) = self.flows.get_mut(id) {
            change(flow);
        }
    }
}
