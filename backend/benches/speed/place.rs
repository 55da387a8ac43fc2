//! What is measured: a thousand people who connected a source by the real way and have a living job each, on a
//! PostgreSQL of our own, and the service beside it in a process of its own.

use aiq_connect_test_postgres::{Database, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    load::Question,
    served::Served,
    support::{
        self,
        browser::SESSION,
        kept::Kept,
        provider::Provider,
        research::Research,
        service::{PUBLIC, Service, WORKER_KEY, Wishes},
    },
};

const PEOPLE: usize = 1000;
/// What providers that sign their tokens give out.
const TOKEN_LENGTH: usize = 900;

/// Everything.
pub struct Place {
    pub provider: Provider,
    /// The same database seen from this process, for what a person does.
    pub service: Service,
    /// What is measured.
    pub served: Served,
    /// One for each person.
    pub jobs: Vec<String>,
    cookies: Vec<String>,
    database: &'static Database<'static>,
    folder: TempDir,
    _research: Research,
}

impl Place {
    /// A few seconds.
    pub async fn prepare() -> Self {
        let database: &'static Database<'static> = Box::leak(Box::new(Server::shared().database()));
        let provider = Provider::start().await;
        provider.set(|faults| faults.access_token_length = TOKEN_LENGTH);
        let research = Research::start().await;
        let wishes =
            Wishes { upstream: Some(research.origin.clone()), kept: Kept::At(database.url()), ..Wishes::default() };
        let service = Service::with(&provider, wishes).await;
        let (mut jobs, mut cookies) = (Vec::with_capacity(PEOPLE), Vec::with_capacity(PEOPLE));
        for number in 0..PEOPLE {
            let browser = service.sign_in(&format!("person-{number}")).await;
            service.connect(&provider, &browser, &Self::server(0)).await;
            jobs.push(service.submit(&browser, &["incidents"]).await);
            cookies.extend(browser.cookie(SESSION));
        }
        database.superuser("ANALYZE");
        let folder = tempfile::tempdir().unwrap();
        let served = serve(database, &folder, &sources(&provider.origin, 1));
        Self { provider, service, served, jobs, cookies, database, folder, _research: research }
    }

    /// Where everything is kept.
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    /// The service with this many protected sources, on the same database.
    pub fn serve(&self, count: usize) -> Served {
        serve(self.database, &self.folder, &sources(&self.provider.origin, count))
    }

    /// The name of a source, of its server and of its tools.
    pub fn server(number: usize) -> String {
        if number == 0 { "incidents".to_owned() } else { format!("source-{number}") }
    }

    /// The cookie of a person who is signed in.
    pub fn cookie(&self, person: usize) -> String {
        format!("{SESSION}={}", self.cookies[person])
    }

    /// The first person's token ends an hour earlier.
    pub async fn expire_first(&self) {
        let person = support::service::principal("person-0").id();
        let earlier = "UPDATE grants SET issued_at = issued_at - 3600000, expires_at = expires_at - 3600000 \
                       WHERE principal = ? AND server = 'incidents'";
        assert_eq!(self.service.sql(earlier, &[person.as_str()]).await, 1);
    }

    /// Every job's question, once.
    pub fn questions(&self) -> Vec<Question> {
        (0..self.jobs.len()).map(|person| self.question(person)).collect()
    }

    /// One person's job asks.
    pub fn question(&self, person: usize) -> Question {
        let body = json!({"job_id": self.jobs[person], "mcp_server_id": "incidents"});
        let key = format!("Bearer {WORKER_KEY}");
        Question::post("/v1/worker/tokens/resolve", &[("authorization", &key)], &body, "\"access_token\":\"")
    }

    /// Everybody's first grant, again for each of the other servers. Only their tokens would not open.
    pub fn copy_grants(&self, servers: usize) {
        let others: Vec<_> = (1..servers).map(|number| format!("('{}')", Self::server(number))).collect();
        self.insert_grants(&format!("(VALUES {}) AS other (server)", others.join(", ")), "g.principal");
    }

    /// This many grants of a hundred thousand other people.
    pub fn fill(&self, thousands: usize) {
        self.quietly(
            "INSERT INTO aiq_connect.principals (id, issuer, kind, sub, name, first_seen_at) \
             SELECT 'filler-' || n, 'https://people.example', 'jwt', 'filler-' || n, 'Filler', 0 \
             FROM generate_series(1, 100000) AS n",
        );
        for thousand in 0..thousands {
            let (server, first) = (thousand / 100, 1000 * (thousand % 100));
            self.insert_grants(
                &format!("(SELECT 'filled-{server}' AS server) AS other"),
                &format!("'filler-' || ({first} + row_number() OVER ())"),
            );
        }
        self.database.superuser("VACUUM ANALYZE aiq_connect.grants");
    }

    /// Copies the grants of the first source.
    fn insert_grants(&self, others: &str, principal: &str) {
        self.quietly(&format!(
            "INSERT INTO aiq_connect.grants (id, principal, server, version, issuer, client_id, resource, redirect_uri, \
             scopes, access_token, refresh_token, issued_at, expires_at, connected_at) \
             SELECT gen_random_uuid()::text, {principal}, other.server, g.version, g.issuer, g.client_id, g.resource, \
             g.redirect_uri, g.scopes, g.access_token, g.refresh_token, g.issued_at, g.expires_at, g.connected_at \
             FROM aiq_connect.grants g CROSS JOIN {others} WHERE g.server = 'incidents'"
        ));
    }

    /// Without the triggers that tell open pages: there are none.
    fn quietly(&self, sql: &str) {
        self.database.superuser(&format!("SET session_replication_role = replica; {sql}"));
    }
}

fn serve(database: &Database<'_>, folder: &TempDir, sources: &str) -> Served {
    let config = folder.path().join(format!("aiq-{}.yml", sources.len()));
    std::fs::write(&config, sources).unwrap();
    let variables = [
        ("AIQ_PUBLIC_URL", PUBLIC.to_owned()),
        ("AIQ_CONNECT_WORKER_KEY", WORKER_KEY.to_owned()),
        ("AIQ_CONNECT_DATABASE_URL", database.url()),
        ("AIQ_TOKEN_ENCRYPTION_KEY", "5a".repeat(32)),
    ];
    Served::start(&config, &variables)
}

/// A configuration of this many protected sources.
fn sources(provider: &str, count: usize) -> String {
    let (mut sources, mut groups) = (String::new(), String::new());
    for id in (0..count).map(Place::server) {
        sources.push_str(&format!("      - {{id: {id}, name: {id}, tools: [{id}]}}\n"));
        groups.push_str(&format!(
            "  {id}:\n    _type: per_user_mcp_client\n    server: {{transport: streamable-http, url: {provider}/mcp}}\n"
        ));
    }
    format!(
        "functions:\n  data_sources:\n    _type: data_source_registry\n    sources:\n{sources}function_groups:\n{groups}\
         aiq_connect:\n  outbound: {{allow_loopback: true}}\n  sign_in: {{issuer: \"{provider}\", client_id: bench, \
         client_secret: bench-secret-bench-secret}}\n"
    )
}
