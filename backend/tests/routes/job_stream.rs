//! `GET /v1/jobs/async/job/{id}/stream`, and `…/stream/{last event id}`

use std::time::{Duration, Instant};

use serde_json::json;

use super::job_waits::{Bench, waits_until};
use crate::support::{
    browser::{Answer, Browser, SESSION},
    event_stream::{EventStream, Frame},
    free_address,
    service::{PUBLIC, WORKER_KEY},
    until,
};

fn status(word: &str) -> Frame {
    Frame { id: None, event: "job.status".to_owned(), data: json!({"status": word}) }
}

fn mode() -> Frame {
    Frame { id: None, event: "stream.mode".to_owned(), data: json!({"mode": "polling", "interval_ms": 500}) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_grant_was_revoked_says_so_in_its_stream_within_a_second() {
    let bench = Bench::new().await;
    bench.revoke().await;
    let mut stream = bench.stream().await;
    stream.until("job.status").await;
    let until = waits_until(&bench.resolve().await).unwrap();
    let answered = Instant::now();
    let frame = stream.next().await.unwrap();
    assert!(answered.elapsed() < Duration::from_secs(1), "{:?}", answered.elapsed());
    assert!(frame.id.is_some_and(|id| id > 0));
    assert_eq!(frame.event, "job.auth_required");
    assert_eq!(
        frame.data,
        json!({
            "job_id": bench.job,
            "source_id": "incidents",
            "source_name": "Team Incidents",
            "mcp_server_id": "incidents",
            "reason": "revoked",
            "retryable": true,
            "connect_url": format!("{PUBLIC}/v1/auth/mcp/incidents/connect"),
            "waits_until": until,
            "can_extend": true,
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_at_another_process_says_so_within_a_second_too() {
    let bench = Bench::new().await;
    let other = bench.service.another_process().await;
    bench.revoke().await;
    let mut stream = EventStream::open(&other.same_person(&bench.alice), &bench.job, "", &[]).await;
    stream.until("job.status").await;
    assert!(waits_until(&bench.resolve().await).is_some());
    let answered = Instant::now();
    stream.until("job.auth_required").await;
    assert!(answered.elapsed() < Duration::from_secs(1), "{:?}", answered.elapsed());
}

#[tokio::test]
async fn a_stream_tells_where_the_job_is_at_every_change_and_closes_at_its_end() {
    let bench = Bench::new().await;
    let mut stream = bench.stream().await;
    assert_eq!(stream.status, 200);
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")]
    {
        assert_eq!(stream.headers[name], value);
    }
    assert_eq!(stream.next().await, Some(mode()));
    assert_eq!(stream.next().await, Some(status("running")));
    assert_eq!(stream.within(Duration::from_millis(1500)).await, [], "nothing changes, nothing is said");
    bench.research.finish(&bench.job, "Two incidents are open.");
    assert_eq!(stream.rest().await, [status("success")]);
    assert_eq!(bench.service.count("SELECT COUNT(*) FROM jobs WHERE ended_at IS NULL").await, 0);

    let mut again = bench.stream().await;
    assert_eq!(again.rest().await, [mode(), status("success")], "who comes later is told the end at once");
}

#[tokio::test]
async fn everything_that_was_told_comes_before_a_stream_closes() {
    let bench = Bench::new().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    bench.act("skip").await;
    bench.research.finish(&bench.job, "Done without.");
    let frames = bench.stream().await.rest().await;
    let names: Vec<_> = frames.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(names, ["stream.mode", "job.auth_required", "job.auth_skipped", "job.status"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_was_made_longer_is_told_again_to_every_stream_and_to_those_that_come_back() {
    let bench = Bench::new().await;
    let other = bench.service.another_process().await;
    bench.revoke().await;
    let (mut here, mut there) =
        (bench.stream().await, EventStream::open(&other.same_person(&bench.alice), &bench.job, "", &[]).await);
    assert!(waits_until(&bench.resolve().await).is_some());
    let [first, _] = [here.until("job.auth_required").await, there.until("job.auth_required").await];
    bench.service.age(chrono::TimeDelta::minutes(1)).await;
    bench.act("extend").await;
    let extended = Instant::now();
    for stream in [&mut here, &mut there] {
        let again = stream.until("job.auth_required").await;
        assert!(extended.elapsed() < Duration::from_secs(1), "{:?}", extended.elapsed());
        assert_eq!(again.id, None, "it would move the page's place back");
        assert_ne!(again.data["waits_until"], first.data["waits_until"]);
        assert_eq!(again.data["reason"], "revoked");
    }
    assert_eq!(here.within(Duration::from_millis(1_200)).await, [], "once");

    let id = first.id.unwrap().to_string();
    let mut back = EventStream::open(&bench.alice, &bench.job, "", &[("last-event-id", &id)]).await;
    let again = back.until("job.auth_required").await;
    assert_eq!((again.id, &again.data["reason"]), (None, &json!("revoked")));
    bench.act("skip").await;
    for stream in [&mut here, &mut back] {
        assert_eq!(stream.until("job.auth_skipped").await.data["reason"], "skipped");
    }
    let mut late = EventStream::open(&bench.alice, &bench.job, "", &[("last-event-id", &id)]).await;
    let said: Vec<_> = late.within(Duration::from_secs(1)).await.into_iter().map(|frame| frame.event).collect();
    assert_eq!(
        said.iter().filter(|name| name.starts_with("job.auth")).count(),
        1,
        "what is over is not told again: {said:?}"
    );
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_event_that_the_page_heard_the_larger_of_both_names() {
    let bench = Bench::new().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    bench.reconnect().await;
    bench.revoke().await;
    assert!(waits_until(&bench.resolve().await).is_some());
    bench.research.finish(&bench.job, "Done.");
    let events = async |more: &str, headers: &[(&str, &str)]| {
        let frames = EventStream::open(&bench.alice, &bench.job, more, headers).await.rest().await;
        frames.into_iter().filter_map(|frame| frame.id).collect::<Vec<_>>()
    };
    let all = events("", &[]).await;
    assert_eq!(all.len(), 3);
    let (first, second) = (all[0].to_string(), all[1].to_string());
    assert_eq!(events("", &[("last-event-id", &first)]).await, all[1..]);
    assert_eq!(events(&format!("/{first}"), &[]).await, all[1..]);
    assert_eq!(events(&format!("/{first}"), &[("last-event-id", &second)]).await, all[2..]);
    assert_eq!(events(&format!("/{second}"), &[("last-event-id", &first)]).await, all[2..]);
    assert_eq!(events("/0", &[("last-event-id", "no id of ours")]).await, all);
    assert_eq!(events(&format!("/{}", i64::MAX), &[]).await, [0; 0]);
    for path in ["/x", "/-", "/9223372036854775808"] {
        assert_eq!(EventStream::open(&bench.alice, &bench.job, path, &[]).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn the_stream_of_somebody_elses_job_and_of_no_job_are_the_same_404() {
    let bench = Bench::new().await;
    let bob = bench.service.sign_in("bob").await;
    let body = json!({"error": "job_unknown", "message": "No such job of yours."});
    for job in [bench.job.as_str(), "00000000-0000-4000-8000-000000000000"] {
        for more in ["", "/0"] {
            let answer = refusal(&bob, &format!("/v1/jobs/async/job/{job}/stream{more}")).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (404, body.clone()));
        }
    }
    let nobody = bench.service.browser();
    assert_eq!(nobody.get(&format!("/v1/jobs/async/job/{}/stream", bench.job)).await.status, 401);
    assert_eq!(bench.research.asked().len(), 0);
}

#[tokio::test]
async fn while_the_research_service_is_away_a_stream_stays_open_says_nothing_false_and_recovers() {
    let bench = Bench::new().await;
    bench.research.be_away(true);
    bench.revoke().await;
    let mut stream = bench.stream().await;
    assert_eq!(stream.next().await, Some(mode()));
    until("it was asked", || async { !bench.research.asked().is_empty() }).await;
    assert!(waits_until(&bench.resolve().await).is_some());
    assert_eq!(stream.next().await.unwrap().event, "job.auth_required", "what we know ourselves is told");
    bench.research.finish(&bench.job, "Done.");
    assert_eq!(stream.within(Duration::from_secs(1)).await, []);
    bench.research.be_away(false);
    assert_eq!(stream.rest().await, [status("success")]);
}

#[tokio::test]
async fn however_many_streams_are_open_the_research_service_is_asked_once_at_a_time() {
    let bench = Bench::new().await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = bench.stream().await;
        stream.until("job.status").await;
        streams.push(stream);
    }
    let before = bench.research.asked().len();
    streams[0].within(Duration::from_millis(2500)).await;
    let asked = bench.research.asked().len() - before;
    assert!((1..=3).contains(&asked), "{asked} questions in 2.5 seconds");
    drop(streams);
    // Nobody listens any more: at most the question that is under way is still asked. Another job's are the clock.
    let other = bench.service.submit(&bench.alice, &["incidents"]).await;
    let _stream = EventStream::open(&bench.alice, &other, "", &[]).await;
    let asked_for = |job: &str| {
        bench.research.asked().iter().filter(|headers| headers["x-aiq-connect-job"].to_str().unwrap() == job).count()
    };
    until("the other job was asked for twice", || async { asked_for(&other) >= 2 }).await;
    let before = asked_for(&bench.job);
    until("and twice more", || async { asked_for(&other) >= 4 }).await;
    assert_eq!(asked_for(&bench.job), before);
}

#[tokio::test]
async fn one_person_has_twenty_streams_and_gets_one_back_for_each_that_closes() {
    let bench = Bench::new().await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(bench.stream().await);
    }
    let answer = refusal(&bench.alice, &format!("/v1/jobs/async/job/{}/stream", bench.job)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "10"));
    assert_eq!(answer.json()["error"], "too_many_streams");
    let bob = bench.service.sign_in("bob").await;
    let his = bench.service.submit(&bob, &["handbook"]).await;
    assert_eq!(EventStream::open(&bob, &his, "", &[]).await.status, 200, "others have their own");
    streams.pop();
    assert_eq!(bench.stream().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a browser on this machine, not the service")]
async fn a_service_that_stops_waits_neither_for_open_streams_nor_for_held_questions() {
    let bench = Bench::new().await;
    bench.revoke().await;
    let free = [free_address(), free_address()];
    let [people, workers] = free.map(|address| format!("http://{address}/v1"));
    let process = bench.service.unserved_process(free).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(process.serve(async move { drop(stopped.await) }));
    for address in free {
        until("it listens", || async { tokio::net::TcpStream::connect(address).await.is_ok() }).await;
    }

    // Without certificates to read: a process here speaks plain http.
    let client = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let cookie = format!("{SESSION}={}", bench.alice.cookie(SESSION).unwrap());
    let stream = client.get(format!("{people}/jobs/async/job/{}/stream", bench.job)).header("cookie", cookie);
    let mut stream = stream.send().await.unwrap();
    let body = json!({"job_id": bench.job, "mcp_server_id": "incidents", "wait_seconds": 25});
    let question = client.post(format!("{workers}/worker/tokens/resolve")).bearer_auth(WORKER_KEY);
    let question = question.header("content-type", "application/json").body(body.to_string());
    let question = tokio::spawn(async move { question.send().await.unwrap() });
    let mut said = String::new();
    while !said.contains("job.auth_required") {
        said += std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
    }

    let began = Instant::now();
    stop.send(()).unwrap();
    while stream.chunk().await.unwrap().is_some() {}
    let answer = question.await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert!(status == 409 && !body.contains("\"waits_until\":null"), "the next process may be asked: {body}");
    serving.await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

/// An answer that is read to its end; a stream that opens has none.
async fn refusal(browser: &Browser, path: &str) -> Answer {
    let Ok(answer) = tokio::time::timeout(Duration::from_secs(5), browser.get(path)).await else {
        panic!("{path} was not refused")
    };
    answer
}
