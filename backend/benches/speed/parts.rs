//! Where a question's time goes: its parts, each measured alone.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};

use crate::{
    load::{self, Question, quantile},
    place::Place,
    verdict::{Verdict, us},
};

const COUNT: usize = 3000;

/// HTTP without a question, and the question without HTTP.
pub async fn of_a_question(place: &Place) {
    let workers = place.served.workers;
    let live = tokio::task::spawn_blocking(move || {
        quantile(&load::one_by_one(workers, &[Question::get("/live", &[], "")], COUNT), 0.5)
    });
    let live = live.await.unwrap();
    let mut session = PgConnection::connect(&place.database_url()).await.unwrap();
    let one = timed(async || drop(sqlx::query("SELECT 1").fetch_one(&mut session).await.unwrap())).await;
    let store = &place.service.store;
    let job = aiq_connect::domain::JobId(place.jobs[0].clone());
    let server = Place::server(0).as_str().into();
    let row = timed(async || drop(store.find_job_and_grant(&job, &server).await.unwrap().unwrap())).await;
    Verdict::table(
        "Where the time of a question goes",
        &["alone", "p50 µs"],
        &[
            vec!["HTTP: `GET /live`".to_owned(), us(live)],
            vec!["PostgreSQL: `SELECT 1`".to_owned(), us(one)],
            vec!["the row of a job and its grant, read and understood".to_owned(), us(row)],
        ],
    );
}

async fn timed(mut what: impl AsyncFnMut()) -> Duration {
    for _ in 0..200 {
        what().await;
    }
    let mut took = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let begun = Instant::now();
        what().await;
        took.push(begun.elapsed());
    }
    took.sort();
    quantile(&took, 0.5)
}
