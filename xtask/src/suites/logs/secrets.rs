//! The secrets that a run used: given to processes, given out by providers, and kept in key files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use walkdir::WalkDir;

use crate::demo::secrets::{GIVEN, ISSUED};

/// Shorter text is in every log by chance.
const SHORTEST: usize = 16;

/// One secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// What it is: `access_token`, `demo_sign_in_client_secret`, …
    pub kind: String,
    /// The secret.
    pub value: String,
}

/// Everything in the `state` folders of stacks and tests.
pub fn all(target: &Path) -> Result<Vec<Secret>> {
    let mut found = BTreeSet::new();
    for entry in WalkDir::new(target).max_depth(4).into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy();
        let is_key = name.ends_with(".key") && path.parent().is_some_and(|folder| folder.ends_with("state"));
        if !(is_key || name == GIVEN || name == ISSUED) {
            continue;
        }
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        if is_key {
            found.insert(Secret { kind: "encryption_key".to_owned(), value: text.trim().to_owned() });
        } else {
            found.extend(text.lines().filter_map(of_line));
        }
    }
    Ok(found.into_iter().collect())
}

/// `kind value`
fn of_line(line: &str) -> Option<Secret> {
    let (kind, value) = line.split_once(' ')?;
    (value.len() >= SHORTEST).then(|| Secret { kind: kind.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_kind_and_a_secret_and_what_is_short_is_none() {
        let value = "x".repeat(SHORTEST);
        assert_eq!(of_line(&format!("code {value}")), Some(Secret { kind: "code".to_owned(), value }));
        assert_eq!(of_line("code abc"), None);
        assert_eq!(of_line("code"), None);
    }
}
