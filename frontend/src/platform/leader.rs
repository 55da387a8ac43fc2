//! One of a browser's tabs does something for all of them.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, BroadcastChannel, MessageEvent};

use super::listen::Listener;

const NAME: &str = "aiq-connect-news";

/// This tab's turn at being the one. Given up when it is dropped, or when the tab goes away.
pub struct Turn {
    abort: Option<AbortController>,
    /// Resolves what the browser waits for before it lets the next tab have its turn.
    release: Rc<RefCell<Option<Function>>>,
    _callback: Option<Closure<dyn FnMut(JsValue) -> Promise>>,
}

impl Turn {
    /// Calls when it is this tab's turn. Where a browser does not arrange turns, it is always.
    pub fn wait(call: impl FnOnce() + 'static) -> Self {
        let release = Rc::new(RefCell::new(None));
        let Some((locks, request)) = locks() else {
            call();
            return Self { abort: None, release, _callback: None };
        };
        let (held, mut call) = (release.clone(), Some(call));
        let callback = Closure::<dyn FnMut(JsValue) -> Promise>::new(move |_| {
            let promise = Promise::new(&mut |resolve, _| *held.borrow_mut() = Some(resolve));
            if let Some(call) = call.take() {
                call();
            }
            promise
        });
        let abort = AbortController::new().ok();
        let options = Object::new();
        if let Some(abort) = &abort {
            // Fails only for what is no object.
            let _ = Reflect::set(&options, &"signal".into(), &abort.signal());
        }
        let asked = request.call3(&locks, &NAME.into(), &options, callback.as_ref().unchecked_ref());
        if let Some(promise) = asked.ok().and_then(|asked| asked.dyn_into::<Promise>().ok()) {
            // Its end is ours or an abort of ours; without a listener the browser would complain of that.
            spawn_local(async move { drop(JsFuture::from(promise).await) });
        }
        Self { abort, release, _callback: Some(callback) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        match (self.release.borrow_mut().take(), &self.abort) {
            // Fails only for what throws, which this does not.
            (Some(release), _) => drop(release.call0(&JsValue::UNDEFINED)),
            (None, Some(abort)) => abort.abort(),
            (None, None) => {}
        }
    }
}

/// Web Locks, which are there in secure contexts. Our bindings have them as an unstable feature only.
fn locks() -> Option<(JsValue, Function)> {
    let locks = Reflect::get(&web_sys::window()?.navigator(), &"locks".into()).ok()?;
    let request = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    Some((locks, request))
}

/// What the tab whose turn it is says to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Word {
    /// The listing is another one.
    Changed,
    /// Whether it would hear of that.
    Hears {
        /// It would.
        yes: bool,
    },
    /// A tab that is new here asks for that.
    Who,
}

/// The other tabs, until it is dropped.
pub struct Others {
    channel: Option<BroadcastChannel>,
    _listener: Option<Listener>,
}

impl Others {
    /// Calls with everything that they say.
    pub fn hear(call: impl Fn(Word) + 'static) -> Self {
        let channel = BroadcastChannel::new(NAME).ok();
        let listener = channel.clone().map(|channel| {
            Listener::new(channel.into(), "message", move |event| {
                let text = event.dyn_ref::<MessageEvent>().and_then(|message| message.data().as_string());
                if let Some(word) = text.and_then(|text| serde_json::from_str(&text).ok()) {
                    call(word);
                }
            })
        });
        Self { channel, _listener: listener }
    }

    /// Says something to all of them.
    pub fn tell(&self, word: Word) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(&word)) {
            // Fails only for what cannot be copied.
            let _ = channel.post_message(&text.into());
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        if let Some(channel) = &self.channel {
            channel.close();
        }
    }
}
