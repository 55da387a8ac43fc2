//! Who is here.

use aiq_connect_shared::{Person, SessionView};
use yew::AttrValue;

/// The session, as the page knows it. Changes rarely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Session {
    /// Not asked yet.
    Loading,
    /// The service did not answer; asked again by itself.
    Unreachable,
    /// Nobody is signed in.
    SignedOut {
        /// Where signing in starts; `None` when the service has no sign-in of its own.
        login_url: Option<AttrValue>,
    },
    /// A person is signed in.
    SignedIn {
        /// Who.
        person: Person,
        /// Where signing in starts, should the session end meanwhile.
        login_url: Option<AttrValue>,
        /// Where signing out starts; `None` when the session is not ours to end.
        logout_url: Option<AttrValue>,
    },
    /// The service does not tell people apart: everybody may ask, nobody has accounts.
    Open,
}

impl Session {
    /// Reads the service's answer; `return_to` is the page to come back to after signing in.
    pub fn from_view(view: SessionView, return_to: &str) -> Self {
        if !view.personal_sources {
            return Self::Open;
        }
        let login_url = view.login_url.map(|url| with_return(&url, return_to).into());
        match view.person {
            Some(person) => Self::SignedIn { person, login_url, logout_url: view.logout_url.map(AttrValue::from) },
            None => Self::SignedOut { login_url },
        }
    }
}

impl Session {
    /// Whether `other` belongs to somebody else who is signed in: then this page must not go on showing its person.
    pub fn is_replaced_by(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::SignedIn { person, .. }, Self::SignedIn { person: now, .. }) => person.sub != now.sub,
            (Self::SignedOut { .. } | Self::Open, Self::SignedIn { .. })
            | (Self::SignedIn { .. } | Self::SignedOut { .. }, Self::Open) => true,
            _ => false,
        }
    }
}

/// Adds where to come back to, unless the address names it already.
fn with_return(url: &str, return_to: &str) -> String {
    if url.contains("return_to=") {
        return url.to_owned();
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}return_to={return_to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(person: Option<Person>, login_url: Option<&str>) -> SessionView {
        SessionView { person, login_url: login_url.map(str::to_owned), logout_url: None, personal_sources: true }
    }

    #[test]
    fn signing_in_comes_back_to_the_page_it_started_from() {
        let session = Session::from_view(view(None, Some("/v1/auth/login")), "/connections");
        assert_eq!(session, Session::SignedOut { login_url: Some("/v1/auth/login?return_to=/connections".into()) });
    }

    #[test]
    fn an_address_that_names_its_return_is_left_alone() {
        let session = Session::from_view(view(None, Some("/in?return_to=/a")), "/connections");
        assert_eq!(session, Session::SignedOut { login_url: Some("/in?return_to=/a".into()) });
    }

    #[test]
    fn an_address_with_a_query_keeps_it() {
        assert_eq!(with_return("/in?tenant=a", "/"), "/in?tenant=a&return_to=/");
    }

    #[test]
    fn another_person_in_another_tab_replaces_the_one_shown_here() {
        let signed_in = |sub: &str| {
            let person = Person { sub: sub.to_owned(), name: sub.to_owned(), email: None };
            Session::from_view(view(Some(person), None), "/")
        };
        let nobody = Session::from_view(view(None, None), "/");
        assert!(signed_in("alice").is_replaced_by(&signed_in("bob")));
        assert!(nobody.is_replaced_by(&signed_in("bob")));
        assert!(!signed_in("alice").is_replaced_by(&signed_in("alice")));
        assert!(!signed_in("alice").is_replaced_by(&nobody), "a session that ended keeps the page and its draft");
    }

    #[test]
    fn where_people_are_not_told_apart_there_is_nobody_to_greet() {
        let person = Person { sub: "1".to_owned(), name: "anybody".to_owned(), email: None };
        for person in [None, Some(person)] {
            let view = SessionView { personal_sources: false, ..view(person, Some("/v1/auth/login")) };
            assert_eq!(Session::from_view(view, "/"), Session::Open);
        }
        assert!(Session::from_view(view(None, None), "/").is_replaced_by(&Session::Open));
    }

    #[test]
    fn a_service_without_sign_in_of_its_own_offers_none() {
        assert_eq!(Session::from_view(view(None, None), "/"), Session::SignedOut { login_url: None });
    }
}
