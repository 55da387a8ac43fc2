//! The window in which a person signs in at a provider.

use web_sys::Window;

/// A window that opened.
#[derive(Clone)]
pub struct SignInWindow(Window);

impl SignInWindow {
    /// Opens it. Has to run inside the click itself: browsers allow one window per click and none later.
    ///
    /// `None`: the browser refused. A second window for the same source reuses the first.
    pub fn open(source: &str, url: &str) -> Option<Self> {
        let window = web_sys::window()?;
        let features = if is_phone(&window) { "" } else { "popup,width=520,height=720" };
        let opened = window.open_with_url_and_target_and_features(url, &target(source), features).ok()??;
        // One that was still open somewhere behind comes to the front.
        let _ = opened.focus();
        Some(Self(opened))
    }

    /// Closes it, if the browser still lets us.
    pub fn close(&self) {
        let _ = self.0.close();
    }

    /// Whether it seems to be gone. Only a hint: a provider's page can make an open window look closed.
    pub fn seems_gone(&self) -> bool {
        self.0.closed().unwrap_or(true)
    }
}

/// What stands for a source in the name of the window that visits several: no source is called so.
pub const ALL: &str = "all~";

/// The window's name, also for the link that stands in for it.
pub fn target(source: &str) -> String {
    format!("aiq-connect-{source}")
}

/// On phones a sign-in opens in a tab.
fn is_phone(window: &Window) -> bool {
    let query = window.match_media("(max-width: 600px) and (pointer: coarse)");
    query.ok().flatten().is_some_and(|query| query.matches())
}
