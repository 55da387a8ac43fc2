//! What the same questions cost when a million grants are stored.

use crate::{
    load::{self, Question, quantile},
    place::Place,
    verdict::{Verdict, median, us},
};

const ROUNDS: usize = 3;
const COUNT: usize = 3000;
const THOUSANDS: usize = 1000;

/// Before and after.
pub fn a_million_grants(place: &Place, verdict: &mut Verdict) {
    let before = asked(place);
    place.fill(THOUSANDS);
    let after = asked(place);
    Verdict::table(
        "The same database, with 1,000 people's grants and with 1,000,000 more",
        &["", "p50 µs before", "p50 µs after"],
        &[
            vec!["`resolve`".to_owned(), us(before.0), us(after.0)],
            vec!["`GET /v1/data_sources`".to_owned(), us(before.1), us(after.1)],
        ],
    );
    for (what, before, after) in [("resolve", before.0, after.0), ("data_sources", before.1, after.1)] {
        let ratio = after.as_secs_f64() / before.as_secs_f64();
        verdict.bound(&format!("{what} costs {ratio:.2} times as much, at most 1.5"), ratio <= 1.5);
    }
}

fn asked(place: &Place) -> (std::time::Duration, std::time::Duration) {
    let listing = [Question::get("/v1/data_sources", &[("cookie", &place.cookie(0))], r#""status":"connected""#)];
    let questions = place.questions();
    let middle = |address, questions: &[Question]| {
        let rounds = (0..ROUNDS).map(|_| quantile(&load::one_by_one(address, questions, COUNT), 0.5).as_secs_f64());
        std::time::Duration::from_secs_f64(median(rounds.collect()))
    };
    (middle(place.served.workers, &questions), middle(place.served.people, &listing))
}
