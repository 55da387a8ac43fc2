//! The whole contract again behind a real `PgBouncer` that gives every transaction one of two connections.

use aiq_connect_test_postgres::{PASSWORD, Pooler};

use super::OnServer;
use crate::storage::{
    PostgresStore,
    contract::{self, Database, contract_cases},
};

struct Pooled(OnServer);

impl Database for Pooled {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        let options = self.0.options().host("127.0.0.1").port(Pooler::shared().port()).password(PASSWORD);
        PostgresStore::open(options, true).await.unwrap()
    }

    async fn tamper(&self, table: &str, what: &str) {
        self.0.tamper(table, what).await;
    }

    async fn write(&self, statement: &str) {
        self.0.write(statement).await;
    }

    async fn close(&self, store: &PostgresStore) {
        store.close().await;
    }
}

macro_rules! pooled_tests {
    ($($about:ident :: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                contract::$about::$case(&Pooled(OnServer::new().await)).await;
            }
        )*
    };
}
contract_cases!(pooled_tests);
