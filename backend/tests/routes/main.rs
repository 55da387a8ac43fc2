//! The routes as browsers and workers meet them: the real routers, a real database, and a provider over real HTTP.
//! One file per URL, as in `src/http`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared with the races of processes, which hold the provider's answers")]
mod support;

/// Makes tests of these cases, each in a file and on a server.
macro_rules! on_both_databases {
    ($($case:ident,)+) => {
        $(mod $case {
            use crate::support::kept::Kept;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_a_file() {
                super::$case(Kept::in_a_file).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_a_server() {
                super::$case(Kept::on_a_server).await;
            }
        })+
    };
}

mod audit;
mod callback;
mod clients;
mod compat;
mod connect;
mod cross_site;
mod data_sources;
mod databases;
mod disconnect;
mod events;
mod golden;
mod identity;
mod job_stream;
mod job_waits;
mod jobs;
mod keys;
mod operations;
mod outages;
mod preflight;
mod quarantine;
mod request_log;
mod restart;
mod secrets;
mod sign_in;
mod sign_in_all;
mod status;
mod worker;
