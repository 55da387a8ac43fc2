//! Whole files, read as the service reads them.

mod database;
mod documentation;
mod files;
mod identity;
mod malformed;
mod sample;
mod settings;
mod shapes;
mod wrong_sources;

use std::{collections::BTreeMap, path::Path};

use tempfile::TempDir;

use super::{Config, ConfigError, load};

/// The first line of most files here: a registry without sources.
pub(super) const EMPTY_REGISTRY: &str = "functions: {data_sources: {_type: data_source_registry, sources: []}}\n";

/// A folder with files.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn load(&self, name: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let environment: BTreeMap<&str, &str> = variables.iter().copied().collect();
        load(&self.path().join(name), &environment)
    }

    /// The error as people see it, but without the path of this folder.
    pub(super) fn error(&self, name: &str, variables: &[(&str, &str)]) -> String {
        let error = self.load(name, variables).unwrap_err().to_string();
        error.replace(&format!("{}/", self.path().display()), "")
    }
}

/// Reads one file that must be right.
pub(super) fn config(text: &str, variables: &[(&str, &str)]) -> Config {
    Folder::with(&[("config.yml", text)]).load("config.yml", variables).unwrap()
}

/// Reads one file that must be wrong, and gives the error as people see it.
pub(super) fn error(text: &str, variables: &[(&str, &str)]) -> String {
    Folder::with(&[("config.yml", text)]).error("config.yml", variables)
}

/// The error of an `aiq_connect:` block, which begins at line 2.
pub(super) fn error_in_block(block: &str, variables: &[(&str, &str)]) -> String {
    error(&format!("{EMPTY_REGISTRY}aiq_connect:\n{block}"), variables)
}
