//! How fast a worker's question is answered on PostgreSQL, beside NAT's own token storage on Redis, in one run;
//! what a herd costs, what a listing costs, and what a million grants change. `cargo xtask bench` starts it and tells
//! it where to find the others. Every bound that `docs/benchmarks.md` promises is checked: a run that misses one fails.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a run that goes wrong ends, and a run tells"
)]
#![expect(clippy::format_push_string, reason = "nothing here is measured while it is put together")]

mod listing;
mod load;
mod many;
mod other;
mod parts;
mod place;
mod resolve;
mod served;
mod verdict;

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tests of routes use the rest")]
mod support;

use std::process::ExitCode;

use place::Place;
use verdict::Verdict;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (Some(python), Some(scripts), Some(redis)) = (arguments.next(), arguments.next(), arguments.next()) else {
        eprintln!("`cargo xtask bench` starts this, with a Python, its scripts and the port of a Redis");
        return ExitCode::FAILURE;
    };
    let others = other::Others { python: python.into(), scripts: scripts.into(), redis };
    // Nothing more: everything.
    let wanted: Vec<String> = arguments.collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    let place = Place::prepare().await;
    let mut verdict = Verdict::default();
    if is_wanted("resolve") {
        resolve::beside_redis(&place, &others, &mut verdict);
    }
    if is_wanted("parts") {
        parts::of_a_question(&place).await;
    }
    if is_wanted("listing") {
        listing::one_source_and_twenty(&place, &mut verdict);
    }
    if is_wanted("many") {
        many::a_million_grants(&place, &mut verdict);
    }
    if is_wanted("herd") {
        resolve::a_herd(&place, &mut verdict).await;
    }
    verdict.told()
}
