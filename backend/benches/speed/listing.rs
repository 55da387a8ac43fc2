//! The panel's listing: one query, however many sources.

use crate::{
    load::{self, Question, quantile},
    place::Place,
    served::Served,
    verdict::{Verdict, median, us},
};

const ROUNDS: usize = 3;
const COUNT: usize = 3000;
const MANY: usize = 20;

/// The listing of one protected source beside that of twenty, all of them connected.
pub fn one_source_and_twenty(place: &Place, verdict: &mut Verdict) {
    place.copy_grants(MANY);
    let ask = Question::get("/v1/data_sources", &[("cookie", &place.cookie(0))], r#""status":"connected""#);
    let one = place.serve(1);
    let twenty = place.serve(MANY);
    let round = |served: &Served| quantile(&load::one_by_one(served.people, std::slice::from_ref(&ask), COUNT), 0.5);
    let rounds: Vec<_> = (0..ROUNDS).map(|_| (round(&one), round(&twenty))).collect();
    let middle = |values: Vec<f64>| std::time::Duration::from_secs_f64(median(values));
    let few = middle(rounds.iter().map(|(few, _)| few.as_secs_f64()).collect());
    let many = middle(rounds.iter().map(|(_, many)| many.as_secs_f64()).collect());
    Verdict::table(
        "`GET /v1/data_sources` on PostgreSQL, one query each",
        &["protected sources, all connected", "p50 µs"],
        &[vec!["1".to_owned(), us(few)], vec![MANY.to_string(), us(many)]],
    );
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    verdict.bound(&format!("twenty sources cost {ratio:.1} times what one costs, at most 5"), ratio <= 5.0);
}
