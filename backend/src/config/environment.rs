//! Variables, handed in so that tests can choose them.

use std::{borrow::Borrow, collections::BTreeMap};

/// Where variables come from.
pub trait Environment {
    /// The value of `name`; `None` when it is not set.
    fn get(&self, name: &str) -> Option<String>;

    /// The names of all variables that are set, so that a misspelt one can be noticed.
    fn names(&self) -> Vec<String>;

    /// The value of `name`, with an empty one counted as not set: compose files and shells make no difference.
    fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.trim().is_empty())
    }
}

/// The variables of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the process")]
    fn get(&self, name: &str) -> Option<String> {
        // An empty name or one with `=` is not set, and must not panic.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the process")]
    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

impl<K: Ord + Borrow<str>, V: AsRef<str>> Environment for BTreeMap<K, V> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).map(|value| value.as_ref().to_owned())
    }

    fn names(&self) -> Vec<String> {
        self.keys().map(|name| name.borrow().to_owned()).collect()
    }
}
