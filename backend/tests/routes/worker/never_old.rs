//! No answer is older than its question, however many ask at the same moment and whoever changes something: each is
//! read after it was asked. Changes are made at another process, so that nothing but the database tells of them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Bench, sha256};
use crate::support::{browser::Answer, kept::Place, service::Service, until};

on_both_databases! {
    an_answer_that_was_asked_for_after_a_rotation_holds_the_new_token,
    an_answer_that_was_asked_for_after_a_disconnect_holds_no_token,
    nobody_gets_what_somebody_else_asked_for_at_the_same_moment,
}

/// Who asks the same question at one process without pause, until told otherwise.
struct Askers {
    /// How often something was changed and the change was answered.
    changes: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
    /// Each answer, with how many changes there had been before it was asked for.
    answers: JoinSet<Vec<(usize, Answer)>>,
}

impl Askers {
    fn start(service: &Arc<Service>, question: &Value) -> Self {
        let mut askers =
            Self { changes: Arc::default(), asked: Arc::default(), enough: Arc::default(), answers: JoinSet::new() };
        for _ in 0..16 {
            let (service, question) = (Arc::clone(service), question.clone());
            let (changes, asked) = (Arc::clone(&askers.changes), Arc::clone(&askers.asked));
            let enough = Arc::clone(&askers.enough);
            askers.answers.spawn(async move {
                let mut answers = Vec::new();
                while !enough.load(Ordering::SeqCst) {
                    let before = changes.load(Ordering::SeqCst);
                    answers.push((before, service.resolve(question.clone()).await));
                    asked.fetch_add(1, Ordering::SeqCst);
                    // Nothing here may ever have to wait.
                    tokio::task::yield_now().await;
                }
                answers
            });
        }
        askers
    }

    /// Lets some more of them be answered.
    async fn go_on(&self) {
        let wanted = self.asked.load(Ordering::SeqCst) + 100;
        until("a hundred more are answered", || async { self.asked.load(Ordering::SeqCst) >= wanted }).await;
    }

    /// Something was changed, and the change was answered.
    fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    async fn stop(self) -> Vec<(usize, Answer)> {
        self.enough.store(true, Ordering::SeqCst);
        self.answers.join_all().await.into_iter().flatten().collect()
    }
}

async fn an_answer_that_was_asked_for_after_a_rotation_holds_the_new_token(place: Place) {
    let bench = Bench::on(place).await;
    let other = bench.service.another_process().await;
    let (service, question) = (Arc::new(bench.service.another_process().await), bench.question(&json!({})));
    let mut tokens = vec![json!(bench.token().await)];
    let askers = Askers::start(&service, &question);
    for _ in 0..5 {
        askers.go_on().await;
        // So that a forced refresh is not too soon.
        bench.service.age(aiq_connect::timing::FORCED_REFRESH).await;
        let refused = sha256(tokens.last().unwrap().as_str().unwrap());
        let renewed = other.resolve(bench.question(&json!({"rejected_sha256": refused}))).await;
        askers.changed();
        tokens.push(renewed.json()["access_token"].clone());
    }
    askers.go_on().await;
    for (changes, answer) in askers.stop().await {
        let token = answer.json()["access_token"].clone();
        let version = tokens.iter().position(|known| *known == token);
        assert!(version >= Some(changes), "asked after {changes} changes, answered with token {version:?}");
    }
    assert_eq!(tokens.len(), 6);
}

async fn an_answer_that_was_asked_for_after_a_disconnect_holds_no_token(place: Place) {
    let bench = Bench::on(place).await;
    let (service, question) = (Arc::new(bench.service.another_process().await), bench.question(&json!({})));
    let other = bench.service.another_process().await;
    let alice = other.sign_in("alice").await;
    let askers = Askers::start(&service, &question);
    askers.go_on().await;
    assert_eq!(alice.post("/v1/auth/mcp/incidents/disconnect", json!({})).await.status, 200);
    askers.changed();
    askers.go_on().await;
    let answers = askers.stop().await;
    for (changes, answer) in &answers {
        assert!(*changes == 0 || answer.status == 409, "asked after the disconnect: {}", answer.body);
    }
    assert!(answers.iter().any(|(_, answer)| answer.status == 200) && answers.iter().any(|(changes, _)| *changes == 1));
}

async fn nobody_gets_what_somebody_else_asked_for_at_the_same_moment(place: Place) {
    let bench = Bench::on(place).await;
    let bob = bench.service.sign_in("bob").await;
    bench.service.connect(&bench.provider, &bob, "incidents").await;
    let his_job = bench.service.submit(&bob, &["incidents"]).await;
    let service = Arc::new(bench.service.another_process().await);
    let hers = bench.question(&json!({}));
    let his = json!({"job_id": his_job, "mcp_server_id": "incidents"});
    let tokens = [bench.token().await, service.resolve(his.clone()).await.json()["access_token"].to_string()];
    assert_ne!(tokens[0], tokens[1].trim_matches('"'));
    let both = [Askers::start(&service, &hers), Askers::start(&service, &his)];
    for askers in &both {
        askers.go_on().await;
    }
    for (askers, token) in both.into_iter().zip(&tokens) {
        for (_, answer) in askers.stop().await {
            assert_eq!(answer.json()["access_token"], token.trim_matches('"'));
        }
    }
}
