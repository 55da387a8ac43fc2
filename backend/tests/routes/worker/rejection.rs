//! An MCP server that refuses tokens which its own authorization server issued.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Bench, sha256};
use crate::support::{browser::Answer, kept::Place};

on_both_databases! {
    a_token_that_is_refused_although_it_was_just_renewed_is_the_servers_fault_and_the_grant_stays,
    a_grant_that_is_refused_is_tried_again_after_a_while_that_grows,
    who_waits_with_a_refused_token_gets_a_new_one_when_it_is_tried_again,
    a_token_is_forced_once_a_minute_and_a_later_refusal_is_a_new_one,
    a_refused_token_that_cannot_be_renewed_is_tried_by_who_does_not_hold_it,
    a_server_that_refuses_many_people_is_a_passing_trouble_and_nobody_is_asked_to_sign_in,
}

impl Bench {
    /// A worker says that the server refused this token.
    async fn refused(&self, token: &str) -> Answer {
        self.service.resolve(self.question(&json!({"rejected_sha256": sha256(token)}))).await
    }

    /// Refuses the token and the one that comes in its place.
    async fn refused_twice(&self, token: &str) -> Answer {
        let answer = self.refused(token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let next = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert_ne!(next, token);
        self.refused(&next).await
    }

    async fn block(&self) -> Value {
        self.service.listed(&self.alice, "incidents").await["per_user_auth"].clone()
    }
}

fn is_rejected(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &answer.json()["reason"]), (409, &json!("rejected_by_server")));
}

async fn a_token_that_is_refused_although_it_was_just_renewed_is_the_servers_fault_and_the_grant_stays(place: Place) {
    let bench = Bench::on(place).await;
    let token = bench.token().await;
    is_rejected(&bench.refused_twice(&token).await);
    assert_eq!(bench.refreshes(), 1, "renewing once is all there is to try");
    is_rejected(&bench.resolve().await);
    is_rejected(&bench.refused(&token).await);
    assert_eq!(bench.refreshes(), 1);
    let block = bench.block().await;
    assert_eq!((&block["status"], &block["error"]["code"]), (&json!("error"), &json!("rejected_by_server")));
    assert!(block["error"]["retry_at"].is_string(), "{block}");
    assert_eq!(bench.provider.living_grants(), 1);

    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    bench.token().await;
}

async fn a_grant_that_is_refused_is_tried_again_after_a_while_that_grows(place: Place) {
    let bench = Bench::on(place).await;
    let mut token = bench.token().await;
    is_rejected(&bench.refused_twice(&token).await);
    for minutes in [1, 5, 15] {
        bench.service.age(TimeDelta::seconds(minutes * 60 - 10)).await;
        is_rejected(&bench.resolve().await);
        bench.service.age(TimeDelta::seconds(10)).await;
        let block = bench.block().await;
        assert_eq!((&block["status"], &block["error"]["code"]), (&json!("connected"), &json!("rejected_by_server")));
        let before = bench.refreshes();
        token = bench.token().await;
        assert_eq!(bench.block().await["error"], Value::Null, "it is tried");
        is_rejected(&bench.refused_twice(&token).await);
        assert_eq!(bench.refreshes(), before + 1, "each try costs one refresh");
    }
    bench.service.age(TimeDelta::minutes(59)).await;
    is_rejected(&bench.resolve().await);
    bench.service.age(TimeDelta::minutes(1)).await;
    assert_ne!(bench.token().await, token, "an hour later it had lapsed");
    assert_eq!(bench.block().await["error"], Value::Null);
}

async fn who_waits_with_a_refused_token_gets_a_new_one_when_it_is_tried_again(place: Place) {
    let bench = Bench::on(place).await;
    let token = bench.token().await;
    let refused = bench.refused_twice(&token).await;
    is_rejected(&refused);
    assert!(refused.json()["waits_until"].is_string());
    let held = bench.service.grant("alice", "incidents").await.unwrap();
    bench.service.age(TimeDelta::minutes(1)).await;
    let answer = bench.refused(&token).await;
    let fresh = answer.json()["access_token"].as_str().unwrap().to_owned();
    is_rejected(&bench.refused_twice(&fresh).await);
    assert!(bench.service.grant("alice", "incidents").await.unwrap().version > held.version);
}

async fn a_token_is_forced_once_a_minute_and_a_later_refusal_is_a_new_one(place: Place) {
    let bench = Bench::on(place).await;
    let first = bench.token().await;
    let second = bench.refused(&first).await.json()["access_token"].as_str().unwrap().to_owned();
    bench.service.age(TimeDelta::seconds(61)).await;
    let third = bench.refused(&second).await;
    assert_eq!(third.status, 200, "it worked for a minute: {}", third.body);
    assert_eq!(bench.refreshes(), 2);
}

async fn a_refused_token_that_cannot_be_renewed_is_tried_by_who_does_not_hold_it(place: Place) {
    let bench = Bench::on(place).await;
    bench.provider.set(|faults| faults.gives_refresh_tokens = false);
    bench.service.connect(&bench.provider, &bench.alice, "incidents").await;
    let token = bench.token().await;
    is_rejected(&bench.refused(&token).await);
    bench.service.age(TimeDelta::minutes(1)).await;
    is_rejected(&bench.refused(&token).await);
    assert_eq!(bench.token().await, token);
    is_rejected(&bench.refused(&token).await);
    bench.service.age(TimeDelta::minutes(1)).await;
    is_rejected(&bench.resolve().await);
    assert_eq!(bench.refreshes(), 0);
}

async fn a_server_that_refuses_many_people_is_a_passing_trouble_and_nobody_is_asked_to_sign_in(place: Place) {
    let bench = Bench::on(place).await;
    let token = bench.token().await;
    is_rejected(&bench.refused_twice(&token).await);
    let mut others = Vec::new();
    for name in ["bob", "carol"] {
        let browser = bench.service.sign_in(name).await;
        bench.service.connect(&bench.provider, &browser, "incidents").await;
        let job = bench.service.submit(&browser, &["incidents"]).await;
        others.push((browser, job));
    }
    let mut last = None;
    for (_, job) in &others {
        let ask = |rejected: Option<String>| {
            let question = json!({"job_id": job, "mcp_server_id": "incidents", "rejected_sha256": rejected});
            bench.service.resolve(question)
        };
        let token = |answer: Answer| sha256(answer.json()["access_token"].as_str().unwrap());
        let first = token(ask(None).await);
        let second = token(ask(Some(first)).await);
        last = Some(ask(Some(second)).await);
    }
    let away = last.unwrap();
    assert_eq!((away.status.as_u16(), &away.json()["error"]), (503, &json!("idp_unreachable")));
    let seconds: u64 = away.header("retry-after").parse().unwrap();
    assert!((40..=60).contains(&seconds), "{seconds}");
    assert_eq!(bench.resolve().await.status, 503, "the first as well");
    assert_eq!(bench.block().await["error"]["code"], "idp_unreachable");

    bench.service.age(TimeDelta::minutes(1)).await;
    assert_eq!(bench.resolve().await.status, 200, "it is tried again");
}
