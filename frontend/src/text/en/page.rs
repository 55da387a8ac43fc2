//! The page around composer and panel.

use uuid::Uuid;

/// The product.
pub const PRODUCT: &str = "AI-Q Connect";
/// The window's title.
pub const TITLE: &str = "Data sources · AI-Q";
/// Before the first answer.
pub const LOADING: &str = "Loading…";
/// The service does not answer.
pub const UNREACHABLE: &str = "We can't reach AI-Q right now. We keep trying.";
/// The heading for those who are not signed in.
pub const WELCOME: &str = "Ask with your own accounts";
/// What they get.
pub const WELCOME_TEXT: &str = "Sign in to AI-Q to use your own accounts here. Connect each source once; your questions \
                                and research jobs then see what you are allowed to see, and nothing else.";
/// The one step.
pub const SIGN_IN: &str = "Sign in";
/// When signing in is somebody else's.
pub const SIGN_IN_ELSEWHERE: &str = "Sign in to AI-Q first, then come back to this page.";
/// Ends the session.
pub const SIGN_OUT: &str = "Sign out";
/// For screen readers, before the name.
pub const SIGNED_IN_AS: &str = "Signed in as";
/// Skips the header.
pub const SKIP: &str = "Skip to your question";
/// The theme picker.
pub const THEME: &str = "Appearance";
/// Follows the system.
pub const THEME_SYSTEM: &str = "System";
/// Light.
pub const THEME_LIGHT: &str = "Light";
/// Dark.
pub const THEME_DARK: &str = "Dark";

/// The window's title, which calls a person who is elsewhere.
pub fn title(calls: bool) -> String {
    if calls { format!("(!) {TITLE}") } else { TITLE.to_owned() }
}

/// What an administrator needs to know about a source that is not set up. Names only: nothing here opens anything.
pub fn source_details(id: &str, state: &str, reference: Option<&str>, flow: Option<Uuid>, at: &str) -> String {
    let reference = reference.unwrap_or("none");
    let flow = flow.map_or_else(|| "none".to_owned(), |flow| flow.to_string());
    format!("AI-Q source {id}\nState: {state}\nReference: {reference}\nSign-in: {flow}\nTime: {at}")
}
