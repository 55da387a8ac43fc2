//! The document: focus, title, where we are.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, HtmlInputElement, HtmlTextAreaElement, KeyboardEvent, VisibilityState};
use yew::TargetCast;

fn element(id: &str) -> Option<Element> {
    web_sys::window()?.document()?.get_element_by_id(id)
}

/// Where the page goes.
pub fn root() -> Option<Element> {
    element("app")
}

/// Gives an element the focus, if it is there.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Refused only for elements that cannot have it; then there is nothing to do.
        let _ = element.focus();
    }
}

/// Whether the focus is inside an element.
pub fn has_focus_inside(id: &str) -> bool {
    let active = web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
    element(id).is_some_and(|element| element.contains(active.as_deref()))
}

/// Where the focus goes when the element that has it now goes away: the id that a part of the page around it names.
pub fn focus_home() -> Option<String> {
    let active = web_sys::window()?.document()?.active_element()?;
    active.closest("[data-focus-home]").ok()??.get_attribute("data-focus-home")
}

/// Whether the element that had the focus went away.
pub fn has_lost_focus() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let active = document.and_then(|document| document.active_element());
    active.is_none_or(|active| active.tag_name().eq_ignore_ascii_case("body"))
}

/// Whether the person can see an element without scrolling.
pub fn is_on_screen(id: &str) -> bool {
    let height = web_sys::window().and_then(|window| window.inner_height().ok()).and_then(|height| height.as_f64());
    let (Some(element), Some(height)) = (element(id), height) else { return false };
    let place = element.get_bounding_client_rect();
    is_visible() && place.height() > 0.0 && place.top() < height && place.bottom() > 0.0
}

/// Names the page, in its tab too.
pub fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        document.set_title(title);
    }
}

/// Whether the page has the person's eyes.
pub fn is_visible() -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
}

/// Whether the page has the keyboard.
pub fn has_focus() -> bool {
    web_sys::window().and_then(|window| window.document()).is_some_and(|document| document.has_focus().unwrap_or(false))
}

/// The path of the page.
pub fn path() -> String {
    web_sys::window().and_then(|window| window.location().pathname().ok()).unwrap_or_else(|| "/".to_owned())
}

/// The host of the page, as browsers name it in their settings.
pub fn host() -> String {
    web_sys::window().and_then(|window| window.location().host().ok()).unwrap_or_default()
}

/// A path of our own as an absolute address, to be opened elsewhere.
pub fn absolute(path: &str) -> String {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default();
    if path.starts_with('/') { format!("{origin}{path}") } else { path.to_owned() }
}

/// Leaves for another page.
pub fn go(url: &str) {
    if let Some(window) = web_sys::window() {
        // Refused only while another navigation is under way.
        let _ = window.location().assign(url);
    }
}

/// Loads the page again.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// Puts text on the clipboard; `false` when the browser refuses.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator = window.navigator();
    // Absent where the page is not served securely.
    if js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_undefined()) {
        return false;
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// The look of the page: `light`, `dark`, or whatever the system says.
pub fn set_theme(theme: Option<&str>) {
    let root = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
    let Some(root) = root else { return };
    // Both fail only for impossible attribute names.
    let _ = match theme {
        Some(theme) => root.set_attribute("data-theme", theme),
        None => root.remove_attribute("data-theme"),
    };
}

/// What is in the box an event comes from.
pub fn text_of(event: &yew::InputEvent) -> Option<String> {
    let area = event.target_dyn_into::<HtmlTextAreaElement>().map(|area| area.value());
    area.or_else(|| event.target_dyn_into::<HtmlInputElement>().map(|field| field.value()))
}

/// Whether a key means "send": Enter, but not while a word is being composed or a new line is wanted.
pub fn means_send(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing()
}
