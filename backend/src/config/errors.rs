//! What is wrong with a configuration: every problem that was found, each with its place, its key and a way out.

use std::{fmt, path::Path, rc::Rc};

/// A place in a file. Lines and columns begin at 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Rc<Path>,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// One thing that is wrong. Never carries the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// `file:line:column`, `file`, or nothing when the problem is in a variable.
    pub place: Option<String>,
    /// The path of the key (`aiq_connect.worker.bind`) or the name of the variable.
    pub key: Option<String>,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for prefix in [&self.place, &self.key].into_iter().flatten() {
            write!(f, "{prefix}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Why a configuration cannot be used: one line for each problem, all that were found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    /// Never empty; in the order of the file.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// An error of one problem.
    pub(super) fn one(place: Option<String>, key: Option<&str>, message: impl Into<String>) -> Self {
        Self { problems: vec![Problem { place, key: key.map(str::to_owned), message: message.into() }] }
    }
}

/// The right name nearest to a wrong one, if any is near enough to be meant.
pub(super) fn nearest<'n>(wrong: &str, right: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = wrong.to_lowercase();
    let tolerated = (wrong.chars().count() / 3).max(1);
    right
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&wrong, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, name)| name)
}

/// The end of a sentence about a wrong name: the nearest right one, else all of them.
pub(super) fn advice<'n>(wrong: &str, right: impl IntoIterator<Item = &'n str>, these: &str) -> String {
    let mut right: Vec<&str> = right.into_iter().collect();
    if let Some(name) = nearest(wrong, right.iter().copied()) {
        return format!("; did you mean `{name}`?");
    }
    right.sort_unstable();
    match right.len() {
        0 => format!("; there are no {these}"),
        1..=20 => format!("; {these}: {}", right.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{advice, nearest};

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("isuer", ["issuer", "client_id"]), Some("issuer"));
        assert_eq!(nearest("cleint_id", ["issuer", "client_id"]), Some("client_id"));
        assert_eq!(nearest("URL", ["url"]), Some("url"));
        assert_eq!(nearest("colour", ["issuer", "client_id"]), None);
    }

    #[test]
    fn without_a_near_name_all_are_listed_in_order() {
        assert_eq!(advice("colour", ["url", "kind"], "known keys"), "; known keys: `kind`, `url`");
        assert_eq!(advice("colour", [], "tools"), "; there are no tools");
    }
}
