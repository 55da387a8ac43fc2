//! Keys: which one seals, a process that lacks it, keys that are lost, and changing them while everything goes on.

mod jobs;
mod lost;
mod readiness;
mod rotation;
mod tampered;
mod unopened;

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use aiq_connect::{
    admin::{self, AdminError, Ended},
    domain::{AuditFilter, AuditRecord},
    vault::{KeyId, MasterKey, Secret},
};
use serde_json::{Value, json};

use crate::support::{
    browser::{Answer, Browser},
    kept::Kept,
    logs,
    provider::Provider,
    research::Research,
    service::{Service, Wishes},
};

const VARIABLE: &str = "AIQ_TOKEN_ENCRYPTION_KEY";

/// A key by the digit that it is written with.
fn text(digit: char) -> String {
    let key = digit.to_string().repeat(64);
    logs::note_secret("encryption_key", &key);
    key
}

fn id(digit: char) -> KeyId {
    MasterKey::from_text(&Secret::new(text(digit))).unwrap().id()
}

/// A service whose keys are in a file, and alice, who is connected and has a job.
struct Bench {
    provider: Provider,
    service: Service,
    research: Research,
    alice: Browser,
    job: String,
}

impl Bench {
    async fn new(digits: &str) -> Self {
        Self::on(Kept::File, digits).await
    }

    async fn on(kept: Kept, digits: &str) -> Self {
        let provider = Provider::start().await;
        let research = Research::start().await;
        // The file has to be there before the service is, and the folder is the service's.
        let outside = tempfile::tempdir().unwrap().keep();
        let path = outside.join("key");
        write(&path, digits);
        let variables = vec![(VARIABLE, String::new()), ("AIQ_CONNECT_KEY_FILE", path.display().to_string())];
        let wishes = Wishes { upstream: Some(research.origin.clone()), variables, kept, ..Wishes::default() };
        let service = Service::with(&provider, wishes).await;
        let alice = service.sign_in("alice").await;
        service.connect(&provider, &alice, "incidents").await;
        let job = service.submit(&alice, &["incidents"]).await;
        Self { provider, service, research, alice, job }
    }

    fn key_file(&self) -> PathBuf {
        PathBuf::from(&self.service.surroundings().1["AIQ_CONNECT_KEY_FILE"])
    }

    fn question(&self) -> Value {
        json!({"job_id": self.job, "mcp_server_id": "incidents"})
    }

    async fn resolve(&self) -> Answer {
        self.service.resolve(self.question()).await
    }

    async fn keys(&self, line: &str) -> (Result<Ended, AdminError>, String) {
        run(&self.service, line).await
    }

    /// The same, and it works.
    async fn well(&self, line: &str) -> String {
        let (ended, said) = self.keys(line).await;
        assert_eq!(ended.unwrap(), Ended::Well, "{said}");
        said
    }

    /// The same, and it is refused; the sentence.
    async fn refused(&self, line: &str) -> String {
        match self.keys(line).await {
            (Err(error), _) => error.to_string(),
            (Ok(ended), said) => panic!("{ended:?}: {said}"),
        }
    }
}

/// Runs a verb about keys as an operator would, and returns how it ended and what it said.
async fn run(service: &Service, line: &str) -> (Result<Ended, AdminError>, String) {
    use admin::keys::{self, ActivateWish, RemoveWish};
    let (file, environment) = service.surroundings();
    let (named, mut out) = (Some(file.as_path()), Vec::new());
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |flag: &str| words.contains(&flag);
    let ended = match words[..] {
        ["status", ..] => keys::status(named, has("--json"), &environment, &mut out).await,
        ["add"] => keys::add(named, None, &environment, &mut std::io::empty(), &mut out).await,
        ["add", digit] => {
            let mut input = std::io::Cursor::new(text(digit.chars().next().unwrap()));
            keys::add(named, Some("-".as_ref()), &environment, &mut input, &mut out).await
        }
        ["activate", id, ..] => {
            let wish = ActivateWish { anyway: has("--anyway"), old_is_lost: has("--old-is-lost") };
            keys::activate(named, id, wish, &environment, &mut out).await
        }
        ["rotate", ..] => keys::rotate(named, has("--json"), &environment, &mut out).await,
        ["remove", id, ..] => keys::remove(named, id, RemoveWish { lost: has("--lost") }, &environment, &mut out).await,
        _ => panic!("{line}"),
    };
    let said = String::from_utf8(out).unwrap();
    for digit in '0'..='9' {
        assert!(!said.contains(&digit.to_string().repeat(64)), "a key was shown");
    }
    (ended, said)
}

/// Writes a key file, one key for each digit.
fn write(path: &PathBuf, digits: &str) {
    let lines: String = digits.chars().map(|digit| text(digit) + "\n").collect();
    let beside = path.with_extension("beside");
    std::fs::write(&beside, lines).unwrap();
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// The audit trail, oldest first.
async fn recorded(service: &Service) -> Vec<AuditRecord> {
    service.store.audit_matching(&AuditFilter { limit: 1_000, ..AuditFilter::default() }).await.unwrap()
}

/// The details of every record of a kind.
fn of_kind(records: &[AuditRecord], kind: &str) -> Vec<Value> {
    let those = records.iter().filter(|record| record.kind == kind);
    those.map(|record| serde_json::from_str(&record.detail).unwrap()).collect()
}

/// The lines of the log that say this of that.
fn logged(what: &str, of: &str) -> usize {
    logs::so_far().lines().filter(|line| line.contains(what) && line.contains(of)).count()
}
