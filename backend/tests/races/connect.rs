//! Connecting, raced by itself and by its opposite.

use axum::http::Method;
use futures_util::future::join_all;

use crate::{
    stage::{Kind, Race},
    support::{browser::Browser, provider::Consent, service::path_of, until},
};

races! {
    one_way_back_at_four_processes_spends_its_code_once,
    a_disconnect_while_the_code_is_exchanged_stays_and_what_came_is_revoked,
}

const CONNECT: &str = "/v1/auth/mcp/incidents/connect";

/// The way back from the provider, not gone yet.
async fn way_back(race: &Race, alice: &Browser) -> String {
    let launched = alice.follow(CONNECT).await.location();
    path_of(&race.provider.walk(&launched, Consent::Given).await)
}

async fn one_way_back_at_four_processes_spends_its_code_once(kind: Kind) {
    let race = Race::before(kind, 4).await;
    let alice = race.alice(0);
    let back = way_back(&race, &alice).await;
    let mut desk = race.provider.desk();
    // Everybody has seen that the state is there, before anybody uses it up.
    let standstill = race.database.stand_still().await;
    let everywhere = (0..4).map(|process| {
        let (alice, back) = (race.move_to(&alice, process), back.clone());
        tokio::spawn(async move { alice.send(Method::GET, &back, &[("sec-fetch-site", "cross-site")], None).await })
    });
    let everywhere: Vec<_> = everywhere.collect();
    // And the browser that began.
    race.everybody_is_here(5).await;
    standstill.holds_up_so_many(4).await;
    standstill.end().await;
    desk.next().await.serve().send();
    let pages = join_all(everywhere).await;
    let connected = pages.into_iter().filter(|page| page.as_ref().unwrap().status == 200).count();
    assert_eq!(connected, 1, "the state works once");
    assert_eq!(race.provider.count("/token"), 1);
    assert!(race.grant().await.is_some());
}

async fn a_disconnect_while_the_code_is_exchanged_stays_and_what_came_is_revoked(kind: Kind) {
    let race = Race::before(kind, 2).await;
    let alice = race.alice(0);
    let back = way_back(&race, &alice).await;
    let mut desk = race.provider.desk();
    let returning = tokio::spawn(async move { alice.arrive(&back).await });
    let done = desk.next().await.serve();
    let late = race.provider.refresh_tokens();
    race.disconnect(1).await;
    done.send();
    assert_ne!(returning.await.unwrap().status, 200);
    // The refresh token first, which is what lives on; then the access token.
    until("what came is revoked", || async { race.revoked().starts_with(&late) }).await;
    assert!(race.grant().await.is_none());
    assert_eq!(race.provider.living_grants(), 0);
}
