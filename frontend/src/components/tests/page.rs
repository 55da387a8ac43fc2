use std::rc::Rc;

use aiq_connect_shared::Person;
use yew::Callback;

use super::{assert_clean, count, render, text};
use crate::components::header::{Header, HeaderProps};
use crate::components::live_regions::{LiveRegions, LiveRegionsProps};
use crate::components::theme_picker::{ThemePicker, ThemePickerProps};
use crate::components::welcome::{Welcome, WelcomeProps};
use crate::state::theme::Theme;

fn header(can_sign_out: bool) -> HeaderProps {
    HeaderProps {
        person: Some(Person { sub: "1".to_owned(), name: "Alice Moreau".to_owned(), email: None }),
        can_sign_out,
        onsignout: Callback::noop(),
    }
}

#[tokio::test]
async fn the_header_names_the_person_and_the_way_out() {
    let html = render::<Header>(header(true)).await;
    assert_clean(&html);
    assert!(text(&html).contains("Signed in as Alice Moreau Sign out"));
    assert!(html.contains(r#"data-testid="person""#));
}

#[tokio::test]
async fn a_session_that_is_not_ours_is_not_ours_to_end() {
    assert!(!render::<Header>(header(false)).await.contains("Sign out"));
}

#[tokio::test]
async fn who_is_not_signed_in_gets_one_link() {
    let html =
        render::<Welcome>(WelcomeProps { login_url: Some("/v1/auth/login?return_to=/connections".into()) }).await;
    assert_eq!(count(&html, "<a "), 1);
    assert!(html.contains(r#"href="/v1/auth/login?return_to=/connections""#));
    assert!(html.contains(r#"data-testid="sign-in""#));
}

#[tokio::test]
async fn without_a_sign_in_of_our_own_the_page_says_where_to_go() {
    let html = render::<Welcome>(WelcomeProps { login_url: None }).await;
    assert!(!html.contains("<a "));
    assert!(text(&html).contains("Sign in to AI-Q first, then come back to this page."));
}

#[tokio::test]
async fn both_live_regions_are_there_before_anything_is_said() {
    let html = render::<LiveRegions>(LiveRegionsProps { live: Rc::default() }).await;
    assert!(html.contains(r#"role="status""#) && html.contains(r#"role="alert""#));
    assert_eq!(text(&html), "");
}

#[tokio::test]
async fn exactly_one_look_is_pressed() {
    for theme in [Theme::System, Theme::Light, Theme::Dark] {
        let html = render::<ThemePicker>(ThemePickerProps { theme, onpick: Callback::noop() }).await;
        assert_eq!(count(&html, r#"aria-pressed="true""#), 1);
        assert_eq!(Theme::from_word(theme.word()), theme);
    }
}
