//! How one of a browser's tabs hears that the listing is another one: one tab listens to the service and tells the
//! others, and each asks by itself as long as nothing vouches for that.

use chrono::{DateTime, Utc};

use super::pace;

/// What this tab can count on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewsLink {
    role: Role,
    /// Since when the role is as it is.
    since: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Role {
    /// Another tab listens; what it last said of itself.
    Following { leader: Option<(bool, DateTime<Utc>)> },
    /// This one does.
    Leading(Stream),
}

/// The stream, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// Opened, but nothing came through yet: something in between may keep everything back.
    Unproven,
    /// Hints come through, and it is open.
    Works,
    /// They do, but it is cut; the browser opens it again.
    Cut,
    /// What a stream says at once took too long, or the browser gave up.
    Useless,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// This tab listens from now on, on a new stream.
    Led,
    /// The stream is open (again).
    Opened,
    /// A hint came through it.
    Hinted,
    /// It was cut.
    Cut,
    /// The browser gave it up.
    GivenUp,
    /// The listening tab says whether it hears anything.
    Told(bool),
}

impl NewsLink {
    /// Nobody is known to listen.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { role: Role::Following { leader: None }, since: now }
    }

    /// Takes in what happened. `true`: the listing has to be read, because news may have been missed.
    pub fn take(&mut self, event: LinkEvent, now: DateTime<Utc>) -> bool {
        let is_slow = now - self.since > pace::STREAM_PROOF;
        let leading = match self.role {
            Role::Leading(stream) => Some(stream),
            Role::Following { .. } => None,
        };
        let next = match (event, leading) {
            (LinkEvent::Led, _) => Stream::Unproven,
            (LinkEvent::Told(hears), None) => {
                let was_heard = self.hears(now);
                self.role = Role::Following { leader: Some((hears, now)) };
                // Between two leaders nobody listened.
                return hears && !was_heard;
            }
            (_, None) | (LinkEvent::Told(_), Some(_)) => return false,
            (LinkEvent::Hinted, Some(Stream::Unproven)) if is_slow => Stream::Useless,
            (LinkEvent::Hinted, Some(Stream::Useless)) | (LinkEvent::GivenUp, Some(_)) => Stream::Useless,
            (LinkEvent::Hinted, Some(_)) => Stream::Works,
            (LinkEvent::Opened, Some(Stream::Cut)) => {
                self.role = Role::Leading(Stream::Works);
                return true;
            }
            (LinkEvent::Cut, Some(Stream::Works)) => Stream::Cut,
            (LinkEvent::Opened | LinkEvent::Cut, Some(stream)) => stream,
        };
        if event == LinkEvent::Led {
            self.since = now;
        }
        self.role = Role::Leading(next);
        false
    }

    /// Whether this tab listens.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leading(_))
    }

    /// Whether a change would be heard of; a beginning is given some time.
    pub fn hears(&self, now: DateTime<Utc>) -> bool {
        match self.role {
            Role::Leading(Stream::Works) => true,
            Role::Leading(Stream::Unproven) | Role::Following { leader: None } => {
                now - self.since <= pace::STREAM_PROOF
            }
            Role::Leading(Stream::Cut | Stream::Useless) => false,
            Role::Following { leader: Some((hears, at)) } => hears && now - at <= pace::LEADER_PATIENCE,
        }
    }

    /// Whether the stream is worth a new attempt: nothing comes of this one.
    pub fn is_useless(&self, now: DateTime<Utc>) -> bool {
        let is_tried = now - self.since >= pace::STREAM_AGAIN;
        is_tried && !self.hears(now) && matches!(self.role, Role::Leading(Stream::Useless | Stream::Unproven))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    struct Bench {
        link: NewsLink,
        now: DateTime<Utc>,
    }

    impl Bench {
        fn new() -> Self {
            let now = DateTime::UNIX_EPOCH;
            Self { link: NewsLink::new(now), now }
        }

        fn after(&mut self, pause: TimeDelta) -> &mut Self {
            self.now += pause;
            self
        }

        fn take(&mut self, event: LinkEvent) -> bool {
            self.link.take(event, self.now)
        }

        fn hears(&self) -> bool {
            self.link.hears(self.now)
        }

        fn leading() -> Self {
            let mut bench = Self::new();
            for event in [LinkEvent::Led, LinkEvent::Opened, LinkEvent::Hinted] {
                assert!(!bench.take(event));
            }
            assert!(bench.hears());
            bench
        }
    }

    const MOMENT: TimeDelta = TimeDelta::milliseconds(200);

    #[test]
    fn a_tab_that_nobody_tells_anything_asks_by_itself() {
        let mut bench = Bench::new();
        assert!(bench.hears(), "somebody may be about to");
        assert!(!bench.after(pace::STREAM_PROOF + MOMENT).hears());
    }

    #[test]
    fn a_stream_whose_first_hint_comes_at_once_is_counted_on() {
        let mut bench = Bench::leading();
        bench.after(TimeDelta::hours(1));
        assert!(bench.hears() && bench.link.leads());
    }

    #[test]
    fn a_stream_that_opens_and_says_nothing_is_not_counted_on_whatever_comes_late() {
        let mut bench = Bench::new();
        bench.take(LinkEvent::Led);
        bench.take(LinkEvent::Opened);
        assert!(bench.hears());
        bench.after(pace::STREAM_PROOF + MOMENT);
        assert!(!bench.hears(), "a proxy keeps it back");
        bench.take(LinkEvent::Hinted);
        assert!(!bench.hears(), "and gives it away when it likes");
        assert!(!bench.link.is_useless(bench.now));
        bench.after(pace::STREAM_AGAIN);
        assert!(bench.link.is_useless(bench.now));
        bench.take(LinkEvent::Led);
        bench.take(LinkEvent::Hinted);
        assert!(bench.hears(), "the next attempt may go well");
    }

    #[test]
    fn a_cut_stream_is_asked_for_until_it_is_open_again_and_then_the_listing_is_read() {
        let mut bench = Bench::leading();
        bench.after(TimeDelta::minutes(5)).take(LinkEvent::Cut);
        assert!(!bench.hears());
        assert!(!bench.link.is_useless(bench.now), "the browser opens it by itself");
        assert!(bench.take(LinkEvent::Opened), "news may have been missed");
        assert!(bench.hears(), "an up-to-date listing is told nothing");
    }

    #[test]
    fn a_stream_that_the_browser_gave_up_is_opened_anew_after_a_while() {
        let mut bench = Bench::leading();
        bench.take(LinkEvent::GivenUp);
        assert!(!bench.hears());
        bench.after(pace::STREAM_AGAIN);
        assert!(bench.link.is_useless(bench.now));
    }

    #[test]
    fn a_tab_that_follows_counts_on_its_leader_as_long_as_that_is_there_and_hears() {
        let mut bench = Bench::new();
        bench.take(LinkEvent::Told(true));
        bench.after(pace::LEADER_PATIENCE);
        assert!(bench.hears() && !bench.link.leads());
        bench.after(MOMENT);
        assert!(!bench.hears(), "it is gone");
        assert!(bench.take(LinkEvent::Told(true)), "news may have been missed");
        assert!(bench.hears());
        bench.take(LinkEvent::Told(false));
        assert!(!bench.hears(), "it hears nothing itself");
        assert!(!bench.take(LinkEvent::Hinted), "that is no news of this tab's");
    }

    #[test]
    fn a_tab_that_leads_believes_its_own_stream_and_nobody_else() {
        let mut bench = Bench::leading();
        assert!(!bench.take(LinkEvent::Told(false)));
        assert!(bench.hears() && bench.link.leads());
    }
}
