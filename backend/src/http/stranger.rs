//! Why it is not known who sends a request, and the pages that say so in a sign-in window.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{App, window::Window};
use crate::{identity::TokenRefused, storage::StoreError};

/// Nobody we know. [`super::problem`] makes the JSON answers of it.
#[derive(Debug)]
pub(super) enum Stranger {
    /// Nothing was brought that tells a person.
    Missing,
    /// The token's time is over.
    Expired,
    /// What was brought is not believed.
    Invalid,
    /// A bearer came, and there is no issuer to verify it by.
    NoIssuer,
    /// Whether the token is good cannot be told now. Passes by itself.
    IssuerAway,
    /// Nobody can be told apart here: authentication is off.
    Off,
    /// Everybody on this machine is known, but this came under a name that is not this machine's.
    OtherHost,
    /// The database does not answer.
    Store(StoreError),
}

impl Stranger {
    /// Whether signing in is what is missing.
    pub(super) fn is_signed_out(&self) -> bool {
        matches!(self, Self::Missing | Self::Expired | Self::Invalid | Self::NoIssuer)
    }

    /// A page for somebody who cannot go on. `address` is where they wanted to go.
    pub(super) fn page(&self, app: &App, address: &str) -> Response {
        let (status, heading, text) = match self {
            Self::Missing | Self::Expired | Self::Invalid | Self::NoIssuer => return sign_in_first(app, address),
            Self::Off => (
                StatusCode::FORBIDDEN,
                "Sign-in is turned off on this server",
                "Nobody can be told apart here, so personal sources aren't available.",
            ),
            Self::OtherHost => (
                StatusCode::FORBIDDEN,
                "This is not the address of AI-Q",
                "Open AI-Q by its own address and choose Connect again.",
            ),
            Self::IssuerAway => (
                StatusCode::SERVICE_UNAVAILABLE,
                "We can't check who you are right now",
                "The sign-in of AI-Q does not answer. Reload this page in a minute.",
            ),
            Self::Store(error) => {
                tracing::error!(%error, "storage failed while somebody was looked up");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "We can't check who you are right now",
                    "Something on our side does not answer. Reload this page in a minute.",
                )
            }
        };
        Window { status, heading: heading.to_owned(), text: vec![text.to_owned()], closable: true, ..Window::default() }
            .into_response()
    }
}

fn sign_in_first(app: &App, address: &str) -> Response {
    let back: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    let own = app.sign_in.is_configured();
    let then = if own {
        "You can connect a source once we know who you are."
    } else {
        "Sign in there, then choose Connect again."
    };
    Window {
        status: StatusCode::UNAUTHORIZED,
        heading: "Sign in to AI-Q first".to_owned(),
        text: vec![then.to_owned()],
        action: own.then(|| ("Sign in".to_owned(), format!("/v1/auth/login?return_to={back}"))),
        closable: !own,
        ..Window::default()
    }
    .into_response()
}

impl From<StoreError> for Stranger {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TokenRefused> for Stranger {
    fn from(refused: TokenRefused) -> Self {
        match refused {
            TokenRefused::Expired => Self::Expired,
            TokenRefused::Invalid(cause) => {
                // Our own sentence: what the library says may repeat what somebody sent.
                tracing::info!(%cause, "a token was refused");
                Self::Invalid
            }
            TokenRefused::IssuerAway => Self::IssuerAway,
            TokenRefused::NoIssuer => Self::NoIssuer,
            TokenRefused::Store(error) => Self::Store(error),
        }
    }
}
