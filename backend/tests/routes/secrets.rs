//! What is secret appears in no log line, in no answer to people and nowhere in the database, over a whole journey with
//! its failures.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{
    at_rest,
    browser::{BROWSER, SESSION},
    kept::Kept,
    logs,
    openid::CLIENT_SECRET,
    provider::{Consent, Iss, Provider, TokenFault},
    research::Research,
    service::{Service, WORKER_KEY, Wishes, path_of},
};

/// The secrets that a text holds, named by their kind only.
fn leaks(text: &str, secrets: &[String]) -> Vec<String> {
    secrets.iter().filter(|secret| text.contains(secret.as_str())).map(|secret| secret[..6].to_owned()).collect()
}

#[tokio::test]
async fn no_secret_of_a_whole_journey_is_logged_shown_or_stored_in_a_file() {
    no_secret_of_a_whole_journey_is_logged_shown_or_stored(Kept::File).await;
}

#[tokio::test]
async fn no_secret_of_a_whole_journey_is_logged_shown_or_stored_on_a_server() {
    no_secret_of_a_whole_journey_is_logged_shown_or_stored(Kept::on_a_server()).await;
}

async fn no_secret_of_a_whole_journey_is_logged_shown_or_stored(kept: Kept) {
    let (provider, research) = (Provider::start().await, Research::start().await);
    let wishes = Wishes { kept, upstream: Some(research.origin.clone()), ..Wishes::default() };
    let service = Service::with(&provider, wishes).await;
    let browser = service.browser();

    // Signs in, connects, and reconnects after a failure of each kind.
    let begun = browser.follow("/v1/auth/login").await.location();
    assert_eq!(browser.arrive(&path_of(&provider.walk(&begun, Consent::Given).await)).await.status, 303);
    service.connect(&provider, &browser, "incidents").await;
    for fault in [TokenFault::Unavailable, TokenFault::InvalidGrant, TokenFault::LostResponse, TokenFault::Insulting] {
        let launched = browser.follow("/v1/auth/mcp/incidents/connect").await.location();
        let back = path_of(&provider.walk(&launched, Consent::Given).await);
        provider.set(|faults| faults.token = vec![fault]);
        browser.arrive(&back).await;
        browser.arrive(&back).await;
    }
    provider.set(|faults| faults.iss = Iss::Other("https://evil.example".to_owned()));
    let launched = browser.follow("/v1/auth/mcp/tickets/connect").await.location();
    let state = launched.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    browser.arrive(&path_of(&provider.walk(&launched, Consent::Given).await)).await;
    provider.set(|faults| faults.iss = Iss::Right);

    // A job gets tokens, refreshed, refused and at last ended.
    let job = service.submit(&browser, &["incidents"]).await;
    let question = json!({"job_id": job, "mcp_server_id": "incidents"});
    let token = service.resolve(question.clone()).await.json()["access_token"].as_str().unwrap().to_owned();
    service.age(TimeDelta::hours(2)).await;
    provider.set(|faults| faults.token = vec![TokenFault::Unavailable, TokenFault::LostResponse]);
    provider.set(|faults| faults.forgives_reuse = true);
    assert_eq!(service.resolve(question.clone()).await.status, 503);
    service.age(TimeDelta::seconds(7)).await;
    assert_eq!(service.resolve(question.clone()).await.status, 200);
    let wrong = [("authorization", "Bearer wrong-worker-key-0123456789")];
    service.worker_asks("/v1/worker/tokens/resolve", &wrong, question.clone()).await;
    research.finish(&job, "done");
    browser.get(&format!("/v1/jobs/async/job/{job}/report")).await;
    let session = [state, browser.cookie(SESSION).unwrap(), browser.cookie(BROWSER).unwrap()];
    let stored = |secrets: &[String]| at_rest::found(&service.at_rest(), &[secrets, &session].concat());
    assert_eq!(stored(&provider.secrets()), Vec::<String>::new(), "in the database");
    assert_ne!(stored(std::slice::from_ref(&provider.origin)), Vec::<String>::new(), "the search finds what is there");
    provider.set(|faults| faults.refuses_revocation = true);
    browser.post("/v1/auth/mcp/incidents/disconnect", json!({})).await;
    service.resolve(question).await;
    browser.get("/v1/data_sources").await;
    browser.get("/health").await;

    let mut secrets = provider.secrets();
    assert_eq!(service.count("SELECT COUNT(*) FROM revocations").await, 1, "tokens wait for their provider");
    assert_eq!(stored(&secrets), Vec::<String>::new(), "in the database, with what is queued and what was removed");
    secrets.extend([browser.cookie(SESSION).unwrap(), browser.cookie(BROWSER).unwrap()]);
    secrets.extend([CLIENT_SECRET.to_owned(), WORKER_KEY.to_owned(), "wrong-worker-key-0123456789".to_owned()]);
    browser.post("/v1/auth/logout", json!({})).await;
    for kind in ["access-", "refresh-", "code-", "client-secret-", "eyJ"] {
        assert!(secrets.iter().any(|secret| secret.starts_with(kind)), "the journey had one of each kind: {kind}");
    }
    assert!(secrets.contains(&token));

    let logged = logs::so_far();
    for line in ["connected", "refreshed", "disconnected", "somebody signed in", "a job was handed over"] {
        assert!(logged.contains(line), "the log was kept: {line}");
    }
    assert_eq!(leaks(&logged, &secrets), Vec::<String>::new(), "in the log");
    let shown = service.bodies.lock().unwrap().join("\n");
    assert!(shown.contains("Team Incidents is connected"), "the answers were kept");
    assert_eq!(leaks(&shown, &secrets), Vec::<String>::new(), "in an answer");
}

#[tokio::test]
async fn the_search_finds_a_secret_that_was_logged() {
    logs::keep();
    let planted = "planted-secret-that-is-searched-for".to_owned();
    let secrets = [planted.clone()];
    assert_eq!(leaks(&logs::so_far(), &secrets), Vec::<String>::new());
    tracing::debug!(token = planted, "a careless line");
    assert_eq!(leaks(&logs::so_far(), &secrets), ["planted"[..6].to_owned()]);
}
