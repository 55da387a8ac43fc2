//! The configurations that the guide's YAML and `export` blocks make up.
//!
//! `yaml parse servicenow/nat.yml` is a fragment of the file `nat.yml` of the configuration `servicenow`. Fragments are laid
//! on each other in the order of the page, as `base:` does it, and on top of those of `common/`. A configuration that says
//! `base:` itself has nothing in common with the others but the variables, `sh parse servicenow/environment`.

use std::collections::BTreeMap;
use std::path::Path;

use super::blocks::{Block, Mark};

/// The fragments of each file of a configuration.
pub type Files = BTreeMap<String, Vec<String>>;

/// The file of variables.
pub const ENVIRONMENT: &str = "environment";

const COMMON: &str = "common";

/// Every configuration, by name.
pub fn all<'b>(blocks: impl Iterator<Item = &'b Block>) -> BTreeMap<String, Files> {
    let mut found: BTreeMap<String, Files> = BTreeMap::new();
    for block in blocks.filter(|block| block.language != "json") {
        let Mark::Parse(name) = &block.mark else { continue };
        let (configuration, file) = name.split_once('/').unwrap_or((name, ""));
        let files = found.entry(configuration.to_owned()).or_default();
        files.entry(file.to_owned()).or_default().push(block.text.clone());
    }
    let common = found.remove(COMMON).unwrap_or_default();
    for files in found.values_mut() {
        let is_apart = files.values().flatten().any(|text| has_base(text));
        for (file, below) in common.iter().filter(|(file, _)| !is_apart || *file == ENVIRONMENT) {
            files.entry(file.clone()).or_default().splice(0..0, below.iter().cloned());
        }
    }
    found
}

/// Writes a configuration into a folder.
pub fn lay_out(folder: &Path, files: &Files) -> std::io::Result<()> {
    for (file, fragments) in files {
        if file == ENVIRONMENT {
            std::fs::write(folder.join(file), fragments.concat())?;
            continue;
        }
        let name = |at: usize| if at + 1 == fragments.len() { file.clone() } else { format!("{at}-{file}") };
        for (at, text) in fragments.iter().enumerate() {
            let base = if at == 0 { String::new() } else { format!("base: {}\n", name(at - 1)) };
            std::fs::write(folder.join(name(at)), base + text)?;
        }
    }
    Ok(())
}

fn has_base(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("base: "))
}
