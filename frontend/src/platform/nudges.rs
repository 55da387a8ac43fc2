//! What sign-in windows say to us. It is only ever a hint to ask the service: no result, no secret.

use serde::Deserialize;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event, MessageEvent};

use super::listen::Listener;

const CHANNEL: &str = "aiq-connect";
const VERSION: u32 = 1;
const ENDED: &str = "flow-ended";

#[derive(Deserialize)]
struct Nudge {
    v: u32,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    flow_id: Option<Uuid>,
}

/// What other tabs of this page say: something about the sources changed.
const CHANGED: &str = "changed";

/// Tells other tabs of the same person and hears them, until it is dropped.
pub struct Tabs {
    channel: Option<BroadcastChannel>,
    _listener: Option<Listener>,
}

impl Tabs {
    /// Calls when another tab says that something changed, or a window that this sign-in ended.
    pub fn hear(call: impl Fn(Option<Uuid>) + 'static) -> Self {
        let channel = BroadcastChannel::new(CHANNEL).ok();
        let listener = channel.clone().map(|channel| {
            Listener::new(channel.into(), "message", move |event| {
                if let Some(nudge) = message(&event, None).filter(|nudge| [CHANGED, ENDED].contains(&&*nudge.kind)) {
                    call(nudge.flow_id);
                }
            })
        });
        Self { channel, _listener: listener }
    }

    /// Tells the others that it is worth asking. What changed, they ask the service.
    pub fn tell(&self) {
        if let (Some(channel), Ok(text)) = (&self.channel, js_sys::JSON::parse(r#"{"v":1,"type":"changed"}"#)) {
            // Fails only for what cannot be copied.
            let _ = channel.post_message(&text);
        }
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}

/// Hears windows until it is dropped.
pub struct Nudges {
    channel: Option<BroadcastChannel>,
    _listeners: Vec<Listener>,
}

impl Nudges {
    /// Calls with the sign-in that a window says has ended.
    pub fn hear(call: impl Fn(Uuid) + Clone + 'static) -> Self {
        let mut listeners = Vec::new();
        let channel = BroadcastChannel::new(CHANNEL).ok();
        if let Some(channel) = &channel {
            let call = call.clone();
            listeners.push(Listener::new(channel.clone().into(), "message", move |event| {
                if let Some(flow) = read(&event, None) {
                    call(flow);
                }
            }));
        }
        if let Some(window) = web_sys::window() {
            let origin = window.location().origin().unwrap_or_default();
            listeners.push(Listener::new(window.into(), "message", move |event| {
                if let Some(flow) = read(&event, Some(&origin)) {
                    call(flow);
                }
            }));
        }
        Self { channel, _listeners: listeners }
    }
}

impl Drop for Nudges {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}

/// The sign-in that a window says has ended.
fn read(event: &Event, only_from: Option<&str>) -> Option<Uuid> {
    message(event, only_from).filter(|nudge| nudge.kind == ENDED)?.flow_id
}

/// Reads a nudge; whatever else arrives, or comes from elsewhere, is not for us.
fn message(event: &Event, only_from: Option<&str>) -> Option<Nudge> {
    let message = event.dyn_ref::<MessageEvent>()?;
    if only_from.is_some_and(|origin| origin != message.origin()) {
        return None;
    }
    let text = js_sys::JSON::stringify(&message.data()).ok().filter(|text| !JsValue::is_undefined(text))?;
    let nudge: Nudge = serde_json::from_str(&String::from(text)).ok()?;
    (nudge.v == VERSION).then_some(nudge)
}
