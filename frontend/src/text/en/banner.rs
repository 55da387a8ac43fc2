//! What a person should know before the list.

use super::time;
use crate::state::banner::{Banner, Named};
use crate::state::moment::Moment;

/// The words of a banner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BannerWords {
    /// What is the matter.
    pub title: String,
    /// What follows from it.
    pub second: Option<String>,
}

/// Asks again.
pub const TRY_AGAIN: &str = "Try again";
/// The way back after the session ended.
pub const SIGN_IN: &str = "Sign in";
/// Opens what to do about a browser that refuses windows.
pub const HOW: &str = "How?";

/// The words. `host` is what browsers call this page in their settings.
pub fn words(banner: &Banner, host: &str, moment: Moment) -> BannerWords {
    let alone = |title: &str| BannerWords { title: title.to_owned(), second: None };
    match banner {
        Banner::SignedOut => BannerWords {
            title: "You're signed out of AI-Q.".to_owned(),
            second: Some("Your sources stay connected.".to_owned()),
        },
        Banner::Offline => alone("We can't load your sources right now."),
        Banner::Stale(at) => alone(&format!("Shown as of {}. We couldn't refresh.", time::at(*at, moment))),
        Banner::PopupsOff => BannerWords {
            title: "Your browser blocks sign-in windows here.".to_owned(),
            second: Some(format!("Allow pop-ups for {host}.")),
        },
        Banner::NeedsYou(sources) => match sources.as_slice() {
            [one] => BannerWords {
                title: format!("{} needs you.", one.name),
                second: Some("It's on, but not ready.".to_owned()),
            },
            many => BannerWords {
                title: format!("{} sources need you.", many.len()),
                second: Some(format!("{} are on, but not ready.", names(many))),
            },
        },
        Banner::Expiring(sources, at) => {
            alone(&format!("{} will ask you to sign in again {}.", names(sources), time::when(*at, moment)))
        }
        Banner::AuthOff => alone("Sign-in is turned off on this server, so personal sources aren't available."),
    }
}

/// What to do about a browser that refuses windows.
pub fn how(host: &str) -> String {
    format!(
        "Your browser shows a sign at the end of the address bar when it has blocked a window. Choose it, allow \
         pop-ups for {host}, then choose Connect again. You can always use the link in the row instead."
    )
}

fn names(sources: &[Named]) -> String {
    super::list(&sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>())
}
