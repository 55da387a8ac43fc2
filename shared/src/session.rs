use serde::{Deserialize, Serialize};

/// The signed-in person, as their identity provider calls them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The provider's stable name for them.
    pub sub: String,
    /// What to show.
    pub name: String,
    /// Their address, if the provider told it.
    #[serde(default)]
    pub email: Option<String>,
}

/// `GET /v1/auth/session`: who is here, and where signing in starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// `null` when nobody is signed in.
    pub person: Option<Person>,
    /// Where the browser goes to sign in; `null` when this service has no sign-in of its own.
    #[serde(default)]
    pub login_url: Option<String>,
    /// Where `POST` ends the session; `null` when there is none of ours to end.
    #[serde(default)]
    pub logout_url: Option<String>,
    /// Whether people can be told apart here. `false`: authentication is off, and so are personal sources.
    #[serde(default = "yes")]
    pub personal_sources: bool,
}

fn yes() -> bool {
    true
}
