//! A worker's question.

use std::time::Duration;

use crate::{
    load::{self, quantile},
    other::{Found, Others},
    place::Place,
    verdict::{Verdict, median, us},
};

/// One is noise: what runs beside us on this machine differs from second to second.
const ROUNDS: usize = 3;
const COUNT: usize = 5000;
const AT_ONCE: usize = 16;
const HERD: usize = 1000;
/// How long the provider takes.
const PROVIDER: Duration = Duration::from_millis(500);

/// One after another and sixteen at once, each round beside what it is compared with.
pub fn beside_redis(place: &Place, others: &Others, verdict: &mut Verdict) {
    let workers = place.served.workers;
    let questions = place.questions();
    let (mut ours, mut theirs, mut through_client) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(others.redis_storage(COUNT));
        let took = load::one_by_one(workers, &questions, COUNT);
        ours.push(Found {
            p50_us: quantile(&took, 0.5).as_secs_f64() * 1e6,
            p99_us: quantile(&took, 0.99).as_secs_f64() * 1e6,
            per_second_at_16: load::at_once(workers, &questions, AT_ONCE, 4 * COUNT),
        });
        through_client.push(others.broker_client(workers, COUNT / 5, &place.jobs));
    }
    let row = |name: &str, found: &[Found]| {
        let of = |value: fn(&Found) -> f64| format!("{:.0}", median(found.iter().map(value).collect()));
        vec![name.to_owned(), of(|f| f.p50_us), of(|f| f.p99_us), of(|f| f.per_second_at_16)]
    };
    Verdict::table(
        "One token of one of 1,000 people",
        &["", "p50 µs", "p99 µs", "per second, 16 at once"],
        &[
            row("NAT's `ObjectStoreTokenStorage.retrieve` on Redis", &theirs),
            row("`resolve` over HTTP on PostgreSQL, native client", &ours),
            row("the same through the worker package's own client", &through_client),
        ],
    );
    let ratio = |value: fn(&Found) -> f64| {
        median(ours.iter().map(value).collect()) / median(theirs.iter().map(value).collect())
    };
    let (latency, throughput) = (ratio(|found| found.p50_us), ratio(|found| found.per_second_at_16));
    verdict.bound(&format!("p50 is {latency:.2} times theirs, at most 2"), latency <= 2.0);
    verdict.bound(&format!("throughput at 16 is {throughput:.2} times theirs, at least 0.5"), throughput >= 0.5);
}

/// A thousand questions for one grant that has expired.
pub async fn a_herd(place: &Place, verdict: &mut Verdict) {
    place.expire_first().await;
    let before = place.provider.count("/token");
    let gate = place.provider.hold_tokens();
    let (workers, question) = (place.served.workers, place.question(0));
    let herd = tokio::task::spawn_blocking(move || load::herd(workers, &question, HERD, HERD / 16));
    place.provider.has_seen("/token", before + 1).await;
    tokio::time::sleep(PROVIDER).await;
    gate.add_permits(HERD);
    let took = herd.await.unwrap();
    let (requests, p99) = (place.provider.count("/token") - before, quantile(&took, 0.99));
    Verdict::table(
        "1,000 questions at once for one token that has expired",
        &["token requests", "provider's time, ms", "p50 µs", "p99 µs"],
        &[vec![requests.to_string(), PROVIDER.as_millis().to_string(), us(quantile(&took, 0.5)), us(p99)]],
    );
    verdict.bound("the herd is one token request", requests == 1);
    let bound = PROVIDER + Duration::from_millis(100);
    verdict.bound(&format!("p99 is at most the provider's time and 100 ms: {} µs", us(p99)), p99 <= bound);
}
