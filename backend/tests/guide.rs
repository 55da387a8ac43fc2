//! The guide (`docs/source/customization/mcp-tools.md`): what it shows as configuration is read by the real loader, what
//! it shows as JSON is read by the wire contract, and what it does not test it says. `cargo xtask guide` runs the rest.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../xtask/src/suites/guide/blocks.rs"]
mod blocks;
#[path = "../../xtask/src/suites/guide/compare.rs"]
mod compare;
#[path = "../../xtask/src/suites/guide/configurations.rs"]
mod configurations;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use aiq_connect::config::{self, Config};
use aiq_connect_shared as wire;
use blocks::{Block, Mark, Piece};
use configurations::Files;
use serde_json::Value;
use wire::FaultCode;

/// The file of a configuration that AIQ Connect is started with.
const ENTRY: &str = "aiq-connect.yml";

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/source/customization/mcp-tools.md");
    fs::read_to_string(path).unwrap()
}

/// Every block has a mark, or this panics with its line.
fn all_blocks() -> Vec<Block> {
    let pieces = blocks::read(&page()).unwrap();
    pieces.iter().filter_map(Piece::block).cloned().collect()
}

fn configurations() -> BTreeMap<String, Files> {
    configurations::all(all_blocks().iter())
}

/// What a shell makes of the `export` lines.
fn environment(folder: &Path) -> BTreeMap<String, String> {
    let script = format!("set -eu; . {}/environment; export -p | sed -n 's/^declare -x //p'", folder.display());
    let mut bash = Command::new("bash");
    let said = bash.args(["--norc", "-c", &script]).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let said = String::from_utf8(said.stdout).unwrap();
    let pairs = said.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

fn load(files: &Files) -> Config {
    let folder = tempfile::tempdir().unwrap();
    configurations::lay_out(folder.path(), files).unwrap();
    let environment = environment(folder.path());
    config::load(&folder.path().join(ENTRY), &environment).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_configuration_of_the_guide_is_one_that_works() {
    let configurations = configurations();
    assert!(configurations.len() >= 6, "{:?}", configurations.keys());
    for (name, files) in configurations {
        let config = load(&files);
        let protected: Vec<_> = config.sources.iter().filter(|source| source.protection.is_some()).collect();
        assert!(!protected.is_empty(), "{name} protects nothing");
        assert!(config.sign_in.is_some(), "nobody can sign in to {name}");
        for server in config.servers.values() {
            assert_eq!(server.incomplete, None, "{name}: {}", server.id);
        }
    }
}

#[test]
fn a_recipe_names_the_redirect_uri_that_is_really_used() {
    let page = page();
    for (name, files) in configurations() {
        let config = load(&files);
        for server in config.servers.values() {
            if matches!(server.client, config::ClientSource::Dynamic { .. }) {
                continue;
            }
            let source = config.sources.iter().find(|source| source.protection.is_some()).unwrap();
            let redirect = format!("`{}v1/auth/mcp/{}/callback`", config.public_url, source.id);
            assert!(page.contains(&redirect), "{name}: the guide does not say {redirect}");
        }
    }
}

#[test]
fn the_json_of_the_guide_is_what_the_wire_contract_says() {
    let blocks = all_blocks();
    let shown: Vec<_> = blocks.iter().filter(|block| block.language == "json").collect();
    assert!(shown.iter().any(|block| matches!(block.mark, Mark::Parse(_))));
    for block in shown {
        let Mark::Parse(name) = &block.mark else { continue };
        let json: Value = serde_json::from_str(&block.text).unwrap();
        let read = match name.as_str() {
            "AuthRequired" => again::<wire::AuthRequired>(&json),
            "JobAuthRequired" => again::<wire::JobAuthRequired>(&json),
            "ReconnectRequired" => again::<wire::ReconnectRequired>(&json),
            "RegisterJob" => again::<wire::RegisterJob>(&json),
            "RegisteredJob" => again::<wire::RegisteredJob>(&json),
            other => panic!("line {}: no type is called `{other}`", block.line),
        };
        assert_eq!(read, json, "line {}", block.line);
    }
}

/// Reads and writes: what a type does not know is lost on the way.
fn again<T: serde::de::DeserializeOwned + serde::Serialize>(json: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(json.clone()).unwrap()).unwrap()
}

#[test]
fn only_what_a_test_looks_at_is_marked_as_tested() {
    for block in all_blocks() {
        let languages: &[&str] = match block.mark {
            Mark::Run => &["sh", "python", "text", "json"],
            Mark::Parse(_) => &["yaml", "sh", "json"],
            Mark::ByHand(_) => continue,
        };
        assert!(
            languages.contains(&block.language.as_str()),
            "line {}: nothing reads `{}`",
            block.line,
            block.language
        );
    }
}

#[test]
fn what_nobody_has_tested_is_listed_and_nothing_else_is() {
    let mut by_hand: Vec<String> = all_blocks()
        .into_iter()
        .filter_map(|block| if let Mark::ByHand(name) = block.mark { Some(name) } else { None })
        .collect();
    let page = page();
    let list = page.split("\n## 8. What nobody has tested\n").nth(1).unwrap();
    let rows = list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut listed: Vec<String> = rows.map(str::to_owned).collect();
    by_hand.sort();
    listed.sort();
    assert_eq!(by_hand, listed);
}

#[test]
fn every_fault_has_an_entry_in_the_troubleshooting() {
    let page = page();
    let mut faults = Vec::new();
    let mut next = Some(FaultCode::Revoked);
    while let Some(code) = next {
        faults.push(code.as_str());
        next = after(code);
    }
    let entries: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("#### `")?.strip_suffix('`')).collect();
    assert_eq!(entries, faults);
}

/// A new fault does not compile without a place here, and then wants an entry in the guide.
fn after(code: FaultCode) -> Option<FaultCode> {
    use FaultCode::{
        AccountChanged, ClientMisconfigured, ConsentDenied, IdpUnreachable, IssuerMismatch, ProviderMoved,
        RegistrationRejected, RejectedByServer, Revoked, ScopeMismatch, Unknown,
    };
    match code {
        Revoked => Some(ScopeMismatch),
        ScopeMismatch => Some(IdpUnreachable),
        IdpUnreachable => Some(ClientMisconfigured),
        ClientMisconfigured => Some(RegistrationRejected),
        RegistrationRejected => Some(ConsentDenied),
        ConsentDenied => Some(IssuerMismatch),
        IssuerMismatch => Some(ProviderMoved),
        ProviderMoved => Some(RejectedByServer),
        RejectedByServer => Some(AccountChanged),
        AccountChanged => Some(Unknown),
        Unknown => None,
    }
}

#[test]
fn every_word_that_an_answer_carries_is_explained() {
    let page = page();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("src/http")).unwrap().map(|entry| entry.unwrap().path());
    let answers: String = files.filter(|file| file.is_file()).map(|file| fs::read_to_string(file).unwrap()).collect();
    let python = fs::read_to_string(root.join("../worker/src/aiq_connect/errors.py")).unwrap();
    let of_api = answers.split("problem(StatusCode::").skip(1).filter_map(|call| {
        let arguments = call.split(')').next()?;
        arguments.split_once(", \"")?.1.split('"').next()
    });
    let of_worker = python.lines().filter_map(|line| line.trim().strip_prefix("code = \"")?.strip_suffix('"'));
    // What only a programming error or an unbuilt page brings about, or what every HTTP client knows.
    let plain = ["not_found", "method_not_allowed", "internal", "page_not_built"];
    let words: Vec<_> = of_api.chain(of_worker).filter(|word| !plain.contains(word)).collect();
    assert!(words.contains(&"storage_unavailable") && words.contains(&"configuration_mismatch"), "{words:?}");
    let missing: Vec<_> = words.into_iter().filter(|word| !page.contains(&format!("`{word}`"))).collect();
    assert!(missing.is_empty(), "the guide does not explain {missing:?}");
}

#[test]
fn what_the_guide_says_that_people_read_is_what_they_read() {
    let page = page();
    let words = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/words.md")).unwrap();
    let cells: Vec<_> = words.lines().flat_map(|line| line.split('|').map(str::trim)).collect();
    let of_faults = page.lines().filter_map(|line| line.strip_prefix("*The person reads* \"")?.split('"').next());
    let table = page.split("\n| the row says |").nth(1).unwrap().split("\n\n").next().unwrap();
    let of_rows = table.lines().skip(2).filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let said: Vec<_> = of_faults.chain(of_rows).collect();
    assert!(said.len() > 20, "{said:?}");
    let is_read = |said: &str| {
        // A name or a time differs; what stands around it does not.
        let pattern = format!("…{}…", said.trim_matches('*').replace("18:00", "…"));
        cells.iter().any(|cell| compare::text(&pattern, cell))
    };
    let unread: Vec<_> = said.into_iter().filter(|said| !is_read(said)).collect();
    assert!(unread.is_empty(), "nobody reads {unread:?}");
}
