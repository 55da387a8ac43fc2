//! What is said to screen readers, and when.

use std::collections::VecDeque;
use std::rc::Rc;

use yew::Reducible;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The words.
    pub text: String,
    /// Whether it interrupts.
    pub is_urgent: bool,
}

/// What is being said to screen readers, at most one message per second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Said when there is a pause.
    pub polite: String,
    /// Said at once.
    pub urgent: String,
    waiting: VecDeque<Message>,
    /// A message was said less than a second ago.
    pub is_pausing: bool,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveAction {
    /// Say this.
    Say(Message),
    /// The pause is over.
    Next,
}

impl Reducible for Live {
    type Action = LiveAction;

    fn reduce(self: Rc<Self>, action: LiveAction) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            LiveAction::Say(message) if next.is_pausing => next.waiting.push_back(message),
            LiveAction::Say(message) => next.say(message),
            LiveAction::Next => match next.waiting.pop_front() {
                Some(message) => next.say(message),
                None => next.is_pausing = false,
            },
        }
        Rc::new(next)
    }
}

impl Live {
    fn say(&mut self, message: Message) {
        let region = if message.is_urgent { &mut self.urgent } else { &mut self.polite };
        // The same words again would not be spoken: a joiner without width makes them new.
        let is_same = *region == message.text;
        *region = message.text;
        if is_same {
            region.push('\u{2060}');
        }
        self.is_pausing = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(live: Rc<Live>, text: &str, is_urgent: bool) -> Rc<Live> {
        live.reduce(LiveAction::Say(Message { text: text.to_owned(), is_urgent }))
    }

    #[test]
    fn a_second_message_waits_until_the_first_was_spoken() {
        let live = say(say(Rc::default(), "one", false), "two", false);
        assert_eq!(live.polite, "one");
        let live = live.reduce(LiveAction::Next);
        assert_eq!(live.polite, "two");
        assert!(!live.reduce(LiveAction::Next).is_pausing);
    }

    #[test]
    fn the_same_words_are_spoken_again() {
        let live = say(say(Rc::default(), "one", true).reduce(LiveAction::Next), "one", true);
        assert_ne!(live.urgent, "one");
        assert_eq!(live.urgent.trim_end_matches('\u{2060}'), "one");
    }
}
