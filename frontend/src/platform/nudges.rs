//! What sign-in windows say to us. It is only ever a hint to ask the service: no result, no secret.

use serde::Deserialize;
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event, MessageEvent};

use super::listen::Listener;

const CHANNEL: &str = "aiq-connect";
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Nudge {
    v: u32,
    #[serde(rename = "type")]
    kind: String,
    flow_id: Uuid,
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

/// Reads a nudge; whatever else arrives, or comes from elsewhere, is not for us.
fn read(event: &Event, only_from: Option<&str>) -> Option<Uuid> {
    let message = event.dyn_ref::<MessageEvent>()?;
    if only_from.is_some_and(|origin| origin != message.origin()) {
        return None;
    }
    let text = js_sys::JSON::stringify(&message.data()).ok().filter(|text| !JsValue::is_undefined(text))?;
    let nudge: Nudge = serde_json::from_str(&String::from(text)).ok()?;
    (nudge.v == VERSION && nudge.kind == "flow-ended").then_some(nudge.flow_id)
}
