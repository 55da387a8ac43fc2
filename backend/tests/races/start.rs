//! Several processes start at the same moment.

use crate::stage::{Kind, Race};

races! {
    four_processes_that_start_at_once_on_an_empty_database_all_serve,
}

async fn four_processes_that_start_at_once_on_an_empty_database_all_serve(kind: Kind) {
    let mut race = Race::before(kind, 0).await;
    race.add_processes(4).await;
    for process in 0..4 {
        assert_eq!(race.alice(process).get("/v1/data_sources").await.status, 200);
    }
}
