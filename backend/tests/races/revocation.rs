//! A process is killed while it has a provider end tokens. The queue was written with the disconnect, so another process
//! goes on with it.

use aiq_connect::timing::REVOCATION_CLAIM;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    stage::{Kind, Race},
    support::{browser::Answer, until},
};

races! {
    killed_between_the_disconnect_and_the_revocation_a_process_leaves_it_to_another_one_which_asks_once,
    killed_before_the_answer_to_a_revocation_a_process_leaves_the_rest_to_another_one,
}

pooled_races! {
    killed_between_the_disconnect_and_the_revocation_a_process_leaves_it_to_another_one_which_asks_once,
}

/// Alice disconnects at this process, which may not live to answer.
fn disconnecting(race: &Race, process: usize) -> JoinHandle<Answer> {
    let alice = race.alice(process);
    tokio::spawn(async move { alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await })
}

async fn is_forgotten(race: &Race) {
    until("the grant is forgotten", || async { race.grant().await.is_none() }).await;
    assert_eq!(race.database.queued().await, 1, "written with the disconnect");
}

/// Lets the time end that the dead process had for its attempt, and waits until another one has done it.
async fn is_done_by_another(race: &Race) {
    race.database.age(REVOCATION_CLAIM + TimeDelta::seconds(1)).await;
    until("nothing is queued", || async { race.database.queued().await == 0 }).await;
    assert_eq!(race.provider.living_grants(), 0);
}

async fn killed_between_the_disconnect_and_the_revocation_a_process_leaves_it_to_another_one_which_asks_once(
    kind: Kind,
) {
    const METADATA: &str = "/.well-known/oauth-authorization-server";
    let mut race = Race::begin(kind, 1).await;
    let living = race.provider.refresh_tokens();
    // A process that does not know yet where to revoke.
    let metadata = race.provider.hold_metadata();
    let before = race.provider.count(METADATA);
    race.add_processes(1).await;
    let killed = disconnecting(&race, 1);
    race.provider.has_seen(METADATA, before + 1).await;
    is_forgotten(&race).await;
    race.processes[1].kill();
    assert_eq!(killed.await.unwrap().status, 502);
    metadata.add_permits(9);
    assert_eq!((race.revoked(), race.provider.living_grants()), (Vec::new(), 1));
    is_done_by_another(&race).await;
    let revoked = race.revoked();
    assert_eq!((revoked.len(), &revoked[0]), (2, &living[0]), "each of the two tokens once, the refresh token first");
    assert_eq!(race.ask(0).await.unwrap().status, 409);
}

async fn killed_before_the_answer_to_a_revocation_a_process_leaves_the_rest_to_another_one(kind: Kind) {
    let mut race = Race::begin(kind, 2).await;
    let living = race.provider.refresh_tokens();
    let answers = race.provider.hold_revocations();
    let killed = disconnecting(&race, 1);
    race.provider.has_seen("/revoke", 1).await;
    is_forgotten(&race).await;
    race.processes[1].kill();
    assert_eq!(killed.await.unwrap().status, 502);
    race.provider.set(|faults| faults.revocation_gate = None);
    answers.add_permits(9);
    is_done_by_another(&race).await;
    // Ending a token twice does no harm; the access token was not asked about before.
    let revoked = race.revoked();
    assert_eq!((revoked.len(), &revoked[0], &revoked[1]), (3, &living[0], &living[0]));
    assert_ne!(revoked[2], living[0]);
}
