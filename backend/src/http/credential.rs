//! What a request brings to say whose it is. The first of these counts, and the others are not looked at: a bearer, the
//! cookie of our own session, AIQ's `idToken` cookie.

use axum::http::{HeaderMap, header};
use cookie::Cookie;

use super::cookies;
use crate::vault::Secret;

/// AIQ's cookie: its page's proxy sets it, with the person's ID token.
pub(super) const ID_TOKEN: &str = "idToken";

/// A token, or several where there may be one.
#[derive(Debug)]
pub(super) enum Brought {
    /// One.
    Token(Secret),
    /// Which of them counts would be anybody's guess.
    Ambiguous,
}

/// `Authorization: Bearer …` (RFC 6750 §2.1). Other schemes, such as a proxy's own `Basic`, are nobody's business here.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Brought> {
    let mut found = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let first = found.next()?;
    Some(if found.next().is_none() { Brought::Token(Secret::new(first)) } else { Brought::Ambiguous })
}

/// The `idToken` cookie. It has no `__Host-` prefix, so a neighbouring host can plant one beside the real one: two that
/// differ are none.
pub(super) fn id_token(headers: &HeaderMap) -> Option<Brought> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies: Vec<_> = values.flat_map(Cookie::split_parse).filter_map(Result::ok).collect();
    let mut found = cookies.iter().filter(|cookie| cookie.name() == ID_TOKEN && !cookie.value().is_empty());
    let first = found.next()?;
    Some(if found.all(|other| other.value() == first.value()) {
        Brought::Token(Secret::new(first.value()))
    } else {
        Brought::Ambiguous
    })
}

/// Whether a browser sent along, by itself, what could tell a person.
pub(super) fn has_cookie(headers: &HeaderMap) -> bool {
    cookies::read(headers, cookies::SESSION).is_some() || id_token(headers).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn word(brought: Option<Brought>) -> String {
        match brought {
            None => "none".to_owned(),
            Some(Brought::Ambiguous) => "ambiguous".to_owned(),
            Some(Brought::Token(token)) => token.expose().to_owned(),
        }
    }

    #[test]
    fn a_bearer_is_one_of_its_scheme_however_it_is_spelt() {
        for (pairs, expected) in [
            (&[("authorization", "Bearer abc")][..], "abc"),
            (&[("authorization", "bearer  abc")], "abc"),
            (&[("authorization", "Basic abc")], "none"),
            (&[("authorization", "Bearer")], "none"),
            (&[("authorization", "Basic abc"), ("authorization", "Bearer abc")], "abc"),
            (&[("authorization", "Bearer abc"), ("authorization", "Bearer abd")], "ambiguous"),
            (&[("cookie", "idToken=abc")], "none"),
        ] {
            assert_eq!(word(bearer(&headers(pairs))), expected, "{pairs:?}");
        }
    }

    #[test]
    fn two_id_tokens_that_differ_are_none() {
        for (pairs, expected) in [
            (&[("cookie", "a=b; idToken=abc")][..], "abc"),
            (&[("cookie", "idToken=abc; idToken=abc")], "abc"),
            (&[("cookie", "idToken=abc; idToken=abd")], "ambiguous"),
            (&[("cookie", "idToken=abc"), ("cookie", "idToken=abd")], "ambiguous"),
            (&[("cookie", "idToken=; idtoken=abc")], "none"),
        ] {
            assert_eq!(word(id_token(&headers(pairs))), expected, "{pairs:?}");
        }
    }
}
