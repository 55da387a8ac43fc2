//! The issuer's keys: changed, withdrawn, and away.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::{join_all, select_all};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Bench, is_refused};
use crate::support::{browser::Answer, issuer::Key, until};

/// A token that does not end while a test puts the clock forward.
fn lasting(bench: &Bench) -> Value {
    let mut claims = bench.issuer.claims("alice");
    claims["exp"] = (claims["exp"].as_i64().unwrap() + 7 * 86_400).into();
    claims
}

fn is_away(answer: &Answer) {
    let body = json!({
        "error": "idp_unreachable",
        "message": "The issuer of the token does not tell its keys at the moment, so the token cannot be verified. \
                    Try again in a few seconds.",
    });
    assert_eq!((answer.status.as_u16(), answer.json(), answer.header("retry-after")), (503, body, "5"));
}

#[tokio::test]
async fn a_key_that_the_issuer_changed_to_is_fetched_once_for_all_who_name_it() {
    let bench = Bench::new().await;
    assert_eq!(bench.listing_with(&bench.issuer.key.sign(&lasting(&bench))).await.status, 200);
    let next = Key::new("next");
    bench.issuer.publish(&[&next]);
    bench.service.clock.forward(TimeDelta::seconds(31));
    for _ in 0..3 {
        assert_eq!(bench.listing_with(&next.sign(&lasting(&bench))).await.status, 200);
    }
    assert_eq!(bench.issuer.asked(), 2);
    // And the one before is gone.
    is_refused(&bench.listing_with(&bench.issuer.key.sign(&lasting(&bench))).await, "token_invalid");
}

#[tokio::test]
async fn those_who_come_while_the_keys_are_under_way_for_the_first_time_wait_for_them() {
    let bench = Bench::new().await;
    let gate = bench.issuer.hold_keys();
    let token = bench.issuer.key.sign(&lasting(&bench));
    let early = bench.listing_with(&token);
    let late = async {
        until("the issuer is asked", || async { bench.issuer.asked() == 1 }).await;
        let mut late = select_all((0..5).map(|_| Box::pin(bench.listing_with(&token))));
        // Whoever does not wait is answered at once.
        assert!(timeout(Duration::from_millis(200), &mut late).await.is_err(), "somebody did not wait");
        gate.add_permits(1);
        let (first, _, others) = late.await;
        let mut answers = join_all(others).await;
        answers.push(first);
        answers
    };
    let (early, late) = tokio::join!(early, late);
    assert!(late.iter().chain([&early]).all(|answer| answer.status == 200));
    assert_eq!((bench.issuer.asked(), late.len()), (1, 5));
}

#[tokio::test]
async fn tokens_that_name_unknown_keys_make_us_ask_once_in_half_a_minute_however_many_come() {
    let bench = Bench::new().await;
    let mallory = Key::new("unknown");
    let token = mallory.sign(&lasting(&bench));
    let answers: Vec<_> = (0..20).map(|_| bench.listing_with(&token)).collect();
    for answer in answers {
        is_refused(&answer.await, "token_invalid");
    }
    assert_eq!(bench.issuer.asked(), 1);
    assert_eq!(bench.listing_with(&bench.issuer.key.sign(&lasting(&bench))).await.status, 200);
    bench.service.clock.forward(TimeDelta::seconds(29));
    is_refused(&bench.listing_with(&token).await, "token_invalid");
    assert_eq!(bench.issuer.asked(), 1);
    bench.service.clock.forward(TimeDelta::seconds(2));
    is_refused(&bench.listing_with(&token).await, "token_invalid");
    assert_eq!(bench.issuer.asked(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_is_good_for_ten_minutes_at_most() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign(&lasting(&bench));
    assert_eq!(bench.listing_with(&token).await.status, 200);
    bench.issuer.publish(&[]);
    bench.service.clock.forward(TimeDelta::minutes(9));
    assert_eq!(bench.listing_with(&token).await.status, 200);
    bench.service.clock.forward(TimeDelta::minutes(1));
    is_refused(&bench.listing_with(&token).await, "token_invalid");
}

#[tokio::test]
async fn an_issuer_that_is_away_from_the_start_is_503_and_asked_again_soon() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign(&lasting(&bench));
    bench.issuer.answer(Some(StatusCode::SERVICE_UNAVAILABLE));
    is_away(&bench.listing_with(&token).await);
    let browser = bench.service.browser().with_cookie("idToken", &token);
    is_away(&browser.get("/v1/auth/session").await);
    let page = browser.follow("/v1/auth/mcp/incidents/connect").await;
    assert_eq!((page.status.as_u16(), page.heading()), (503, "We can't check who you are right now"));
    assert_eq!(bench.issuer.asked(), 1, "it is not asked for everybody");
    bench.issuer.answer(None);
    is_away(&bench.listing_with(&token).await);
    bench.service.clock.forward(TimeDelta::seconds(5));
    assert_eq!(bench.listing_with(&token).await.status, 200);
}

#[tokio::test]
async fn the_last_good_keys_are_used_while_the_issuer_is_away_but_not_for_ever() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign(&lasting(&bench));
    assert_eq!(bench.listing_with(&token).await.status, 200);
    for broken in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND] {
        bench.issuer.answer(Some(broken));
        bench.service.clock.forward(TimeDelta::hours(11));
        assert_eq!(bench.listing_with(&token).await.status, 200, "{broken}");
    }
    // Whether a key that is not among them is good cannot be told: that is not the person's fault.
    is_away(&bench.listing_with(&Key::new("next").sign(&lasting(&bench))).await);
    bench.service.clock.forward(TimeDelta::hours(3));
    is_away(&bench.listing_with(&token).await);
    bench.issuer.answer(None);
    bench.service.clock.forward(TimeDelta::seconds(6));
    assert_eq!(bench.listing_with(&token).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_says_nothing_keeps_nobody_waiting_whose_key_is_known() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign(&lasting(&bench));
    assert_eq!(bench.listing_with(&token).await.status, 200);
    bench.issuer.fall_silent();
    bench.service.clock.forward(TimeDelta::minutes(11));
    let began = std::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(bench.listing_with(&token).await.status, 200);
    }
    // One of them waited for a moment; a whole request to the issuer would take ten seconds.
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(bench.issuer.asked(), 2);
}

#[tokio::test]
async fn a_configuration_under_another_name_is_not_used() {
    let bench = Bench::new().await;
    bench.issuer.rename(&format!("{}/", bench.issuer.name));
    is_away(&bench.listing_with(&bench.issuer.token("alice")).await);
}

#[tokio::test]
async fn whoever_gives_up_waiting_does_not_spoil_it_for_others() {
    let bench = Bench::new().await;
    let token = bench.issuer.key.sign(&lasting(&bench));
    let impatient = tokio::time::timeout(std::time::Duration::ZERO, bench.listing_with(&token)).await;
    assert!(impatient.is_err());
    crate::support::until("the keys are there", || async { bench.listing_with(&token).await.status == 200 }).await;
    assert!(bench.issuer.asked() <= 2);
}
