//! The AIQ Connect page and panel.
//!
//! `state` is pure and derives what people see; `components` draw it; `hooks` hold the effects; `api` and
//! `platform` are the only ways out: to our own service, and to the browser. Every word is in `text`.

mod api;
mod app;
mod components;
#[cfg(test)]
mod gallery;
mod hooks;
#[cfg(test)]
mod house;
mod panel_host;
mod platform;
mod state;
mod text;
mod workspace;

/// Mounts the page into the element `app`, in place of what stood there while it loaded.
pub fn mount() {
    if let Some(root) = platform::dom::root() {
        yew::Renderer::<app::App>::with_root(root).render();
    }
}
