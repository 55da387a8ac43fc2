//! No secret is in any log: what all suites left behind is searched for every secret that they really used.
//!
//! First it is shown that a leak would be found, for each kind of secret and each disguise.

mod search;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use walkdir::WalkDir;

use self::search::{Finding, Search};
use self::secrets::Secret;
use super::counts::Tally;
use crate::project::Project;

/// Each kind has to be among what is searched for, or the search would prove nothing of it.
const KINDS: [&str; 13] = [
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "state",
    "client_secret",
    "basic",
    "aiq_connect_worker_key",
    "demo_sign_in_client_secret",
    "encryption_key",
    "session_cookie",
    "subject_token",
];

/// Forgets what earlier runs left, but for stacks, which empty their own folders.
pub fn forget(project: &Project) -> Result<()> {
    for folder in [project.target.join("tmp"), project.target.join("xtask/logs")] {
        for entry in WalkDir::new(folder).into_iter().filter_map(Result::ok).filter(|entry| is_ours(entry.path())) {
            fs::remove_file(entry.path()).with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Searches every log for every secret.
pub fn run(project: &Project) -> Result<Tally> {
    search(&project.target)
}

fn search(target: &Path) -> Result<Tally> {
    let secrets = secrets::all(target)?;
    let logs = logs(target);
    ensure!(!logs.is_empty(), "there is no log to search");
    let search = Search::new(&secrets)?;
    let mut tallies = vec![kinds(&secrets), proof(&search, &secrets)];
    let (mut bytes, mut findings) = (0, Vec::new());
    for log in &logs {
        let text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
        bytes += text.len();
        let found = search.in_text(&String::from_utf8_lossy(&text));
        tallies.push(Tally::of(found.is_empty()));
        findings.extend(found.into_iter().map(|finding| (log, finding)));
    }
    for (log, Finding { line, what }) in &findings {
        // Never the line itself: it would be one more leak.
        println!("{}:{line}: {what}", log.display());
    }
    println!(
        "searched {} logs ({} KiB) for {} secrets: {} found",
        logs.len(),
        bytes / 1024,
        secrets.len(),
        findings.len()
    );
    Ok(tallies.into_iter().sum())
}

/// One expectation for each kind of secret.
fn kinds(secrets: &[Secret]) -> Tally {
    let known = |kind: &&str| secrets.iter().any(|secret| secret.kind == **kind);
    let (there, missing): (Vec<&str>, Vec<&str>) = KINDS.into_iter().partition(known);
    for kind in &missing {
        println!("no {kind} was used: what is not searched for is not found");
    }
    Tally { passed: there.len(), failed: missing.len() }
}

/// A leaking log is made for each kind and disguise, and has to be caught.
fn proof(search: &Search, secrets: &[Secret]) -> Tally {
    let mut caught = Vec::new();
    for kind in KINDS {
        let Some(secret) = secrets.iter().find(|secret| secret.kind == kind) else { continue };
        for leak in search::disguises(&secret.value) {
            let text = format!("INFO nothing\nWARN careless value={leak} end\nINFO nothing\n");
            let found = search.in_text(&text).iter().any(|finding| finding.line == 2);
            if !found {
                println!("a leaked {kind} was not found");
            }
            caught.push(Tally::of(found));
        }
    }
    for leak in search::LEAKING_LINES {
        let found = !search.in_text(leak).is_empty();
        if !found {
            println!("a line that looks like a leak was not found: {leak}");
        }
        caught.push(Tally::of(found));
    }
    caught.push(Tally::of(
        search.in_text("INFO request{http.route=\"/v1/{source}\"}: answered http.status=200\n").is_empty(),
    ));
    caught.into_iter().sum()
}

/// Every `logs` folder of the stacks and of the tests.
fn logs(target: &Path) -> Vec<PathBuf> {
    let files = WalkDir::new(target).max_depth(4).into_iter().filter_map(Result::ok);
    let mut logs: Vec<_> =
        files.map(walkdir::DirEntry::into_path).filter(|path| path.is_file() && is_log(path)).collect();
    logs.sort();
    logs
}

fn is_log(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.ends_with("logs"))
}

/// What the tests keep to be searched.
fn is_ours(path: &Path) -> bool {
    path.is_file() && (is_log(path) || path.file_name().is_some_and(|name| name == crate::demo::secrets::ISSUED))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A secret of each kind, as a run leaves them behind, and a log without any.
    fn run_of_a_stack(kinds: &[&str]) -> tempfile::TempDir {
        let target = tempfile::tempdir().unwrap();
        for folder in ["xtask/demo/state", "tmp/routes/state", "xtask/demo/logs", "tmp/routes/logs"] {
            fs::create_dir_all(target.path().join(folder)).unwrap();
        }
        let lines: Vec<String> = kinds.iter().map(|kind| format!("{kind} {}", secret(kind))).collect();
        fs::write(target.path().join("tmp/routes/state/secrets-issued"), lines.join("\n")).unwrap();
        for log in ["xtask/demo/logs/worker.log", "tmp/routes/logs/service.log"] {
            fs::write(target.path().join(log), "INFO nothing\n").unwrap();
        }
        target
    }

    /// Like no word of a log, and without a name before it.
    fn secret(kind: &str) -> String {
        format!("{}Kq7Zt0Vw3XyB8mLr2Ps", kind.replace('_', ""))
    }

    #[test]
    fn one_secret_planted_in_one_log_fails_the_search_of_all_whatever_its_kind() {
        let target = run_of_a_stack(&KINDS);
        let clean = search(target.path()).unwrap();
        assert_eq!(clean.failed, 0);
        for log in ["xtask/demo/logs/worker.log", "tmp/routes/logs/service.log"] {
            let path = target.path().join(log);
            for kind in KINDS {
                fs::write(&path, format!("INFO nothing\nDEBUG asked with {}\n", secret(kind))).unwrap();
                let expected = Tally { passed: clean.passed - 1, failed: 1 };
                assert_eq!(search(target.path()).unwrap(), expected, "{kind} in {log}");
            }
            fs::write(&path, "INFO nothing\n").unwrap();
        }
        assert_eq!(search(target.path()).unwrap(), clean);
    }

    #[test]
    fn a_kind_that_no_run_used_fails_the_search_and_so_does_a_run_without_logs() {
        let target = run_of_a_stack(&KINDS[1..]);
        assert_eq!(search(target.path()).unwrap().failed, 1);
        for folder in ["xtask/demo/logs", "tmp/routes/logs"] {
            fs::remove_dir_all(target.path().join(folder)).unwrap();
        }
        assert!(search(target.path()).is_err());
    }
}
