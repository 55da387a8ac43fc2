//! How people are told apart: `REQUIRE_AUTH`, `AIQ_JWT_ISSUER`, `AIQ_JWT_AUDIENCE`, and what stands in for them.

use url::Url;

use super::{
    WorkerListener,
    listeners::Written,
    outbound::{Outbound, is_loopback},
    reader::{Entry, Reading, Text},
};

/// The longest name of a local person, in characters: as long as an OpenID subject may be (OpenID Connect Core §2).
const LONGEST_NAME: usize = 255;

/// How people are told apart, beside our own sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Whose tokens are believed, in `Authorization: Bearer` and in AIQ's `idToken` cookie.
    pub tokens: Option<TokenIssuer>,
    /// Everybody on this machine is this one person.
    pub local_user: Option<String>,
}

/// An OpenID issuer, and what its tokens have to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIssuer {
    /// Its identifier, letter by letter.
    pub issuer: String,
    /// What `aud` has to name. `None`: tokens for anybody are taken, because the configuration says so.
    pub audience: Option<String>,
}

/// What was read before, for rules that concern both.
pub(super) struct Around<'r, 'e> {
    pub has_sign_in: bool,
    pub public_url: Option<&'r Url>,
    pub bind: Option<&'r Written<'e>>,
    pub worker: Option<&'r WorkerListener>,
}

pub(super) fn read<'e>(
    reading: &'e Reading<'e>,
    block: Option<&Entry<'_>>,
    outbound: &Outbound,
    around: &Around<'_, '_>,
) -> Identity {
    let require_auth = reading.variable("REQUIRE_AUTH").and_then(|text| yes_or_no(&text));
    let allow_any_audience = block.is_some_and(|block| block.flag("allow_any_audience", false));
    // AIQ with REQUIRE_AUTH=false takes its people's tokens away before they reach anybody.
    let named = reading.variable("AIQ_JWT_ISSUER").filter(|_| require_auth != Some(false));
    let tokens = named.as_ref().and_then(|text| token_issuer(reading, text, allow_any_audience, outbound));
    let local_user = block.and_then(|block| block.filled("local_user"));
    if let Some(text) = &local_user {
        check_local_user(text, require_auth, named.is_some(), around);
    }
    if require_auth == Some(true) && named.is_none() && !around.has_sign_in && local_user.is_none() {
        let message = "is `true`, but nothing tells people apart; set `AIQ_JWT_ISSUER` and `AIQ_JWT_AUDIENCE`, or \
                       `aiq_connect.sign_in`";
        reading.complain(None, "REQUIRE_AUTH", message);
    }
    Identity { tokens, local_user: local_user.map(|text| text.value) }
}

fn yes_or_no(text: &Text<'_>) -> Option<bool> {
    match text.value.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => {
            text.complain("must be `true` or `false`");
            None
        }
    }
}

fn token_issuer(
    reading: &Reading<'_>,
    issuer: &Text<'_>,
    allow_any_audience: bool,
    outbound: &Outbound,
) -> Option<TokenIssuer> {
    let audience = reading.variable("AIQ_JWT_AUDIENCE").map(|text| text.value);
    if audience.is_none() && !allow_any_audience {
        let message = "is not set, so tokens that `AIQ_JWT_ISSUER` made for other services would be taken; set it to \
                       what `aud` names in AIQ's tokens, or say `aiq_connect.allow_any_audience: true`";
        reading.complain(None, "AIQ_JWT_AUDIENCE", message);
    }
    Some(TokenIssuer { issuer: outbound.issuer(issuer)?, audience })
}

/// One person for everybody is for one machine alone, and for nobody who could be told apart.
fn check_local_user(text: &Text<'_>, require_auth: Option<bool>, has_issuer: bool, around: &Around<'_, '_>) {
    if text.value.chars().count() > LONGEST_NAME || text.value.contains(char::is_control) {
        text.complain(format!("must be a name of at most {LONGEST_NAME} characters"));
    }
    if require_auth == Some(true) {
        text.complain("makes everybody one person, but `REQUIRE_AUTH` is `true`; remove one of the two");
    } else if around.has_sign_in {
        text.complain(
            "makes everybody one person, but `aiq_connect.sign_in` tells people apart; remove one of the two",
        );
    } else if has_issuer {
        text.complain("makes everybody one person, but `AIQ_JWT_ISSUER` tells people apart; remove one of the two");
    }
    let listeners = [around.bind.map(|(address, _)| *address), around.worker.map(|worker| worker.bind)];
    for address in listeners.into_iter().flatten().filter(|address| !address.ip().is_loopback()) {
        text.complain(format!(
            "would be everybody who reaches {address}, from other machines too; bind both listeners to 127.0.0.1, or \
             remove this"
        ));
    }
    if let Some(url) = around.public_url.filter(|url| !is_loopback(url)) {
        text.complain(format!("would be everybody who opens {url}; it is for `http://localhost` alone"));
    }
}
