//! Server-sent events of the service, for as long as they are kept.

use wasm_bindgen::JsCast;
use web_sys::{EventSource, MessageEvent};

use super::listen::Listener;

/// What a stream reports.
pub enum Report<'a> {
    /// It is open (again).
    Open,
    /// It is cut, or could not be had.
    Lost,
    /// One event.
    Event {
        /// Its name.
        name: &'static str,
        /// Its number; the one before, where it has none of its own.
        id: Option<u64>,
        /// Its data.
        data: &'a str,
    },
}

/// A stream. The browser opens it again by itself when it is cut, and says then what it heard last.
pub struct EventStream {
    source: EventSource,
    _listeners: Vec<Listener>,
}

impl EventStream {
    /// Opens it and listens to these events. `None`: the browser refused.
    pub fn open(url: &str, names: &[&'static str], call: impl Fn(Report<'_>) + Clone + 'static) -> Option<Self> {
        let source = EventSource::new(url).ok()?;
        let (opened, lost) = (call.clone(), call.clone());
        let mut listeners = vec![
            Listener::new(source.clone().into(), "open", move |_| opened(Report::Open)),
            Listener::new(source.clone().into(), "error", move |_| lost(Report::Lost)),
        ];
        for &name in names {
            let call = call.clone();
            listeners.push(Listener::new(source.clone().into(), name, move |event| {
                let Some(message) = event.dyn_ref::<MessageEvent>() else { return };
                let id = message.last_event_id().parse().ok();
                if let Some(data) = message.data().as_string() {
                    call(Report::Event { name, id, data: &data });
                }
            }));
        }
        Some(Self { source, _listeners: listeners })
    }

    /// Whether the browser has given up and will not open it again by itself.
    pub fn is_given_up(&self) -> bool {
        self.source.ready_state() == EventSource::CLOSED
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.close();
    }
}
