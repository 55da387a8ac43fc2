//! Which file to read.

use std::path::{Path, PathBuf};

use super::{environment::Environment, errors::ConfigError};

/// The variables that may name the file, the first that is set wins. The second is NAT's own.
pub const VARIABLES: [&str; 2] = ["CONFIG_FILE", "NAT_CONFIG_FILE"];

/// The configuration file: what the command line names, else `CONFIG_FILE`, else `NAT_CONFIG_FILE`.
pub fn locate(command_line: Option<&Path>, environment: &dyn Environment) -> Result<PathBuf, ConfigError> {
    let named = || VARIABLES.iter().find_map(|name| environment.filled(name)).map(PathBuf::from);
    command_line.map(Path::to_path_buf).or_else(named).ok_or_else(|| {
        ConfigError::one(
            None,
            None,
            "no configuration file: start with `aiq-connect serve --config FILE`, or set CONFIG_FILE (or NAT_CONFIG_FILE); \
             FILE is the YAML file that AIQ or NAT is started with, or one that names it in `base:`",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use super::locate;

    #[test]
    fn the_command_line_wins_over_the_variables() {
        let mut environment = BTreeMap::from([("NAT_CONFIG_FILE", "nat.yml")]);
        assert_eq!(locate(None, &environment).unwrap(), Path::new("nat.yml"));
        environment.insert("CONFIG_FILE", "aiq.yml");
        assert_eq!(locate(None, &environment).unwrap(), Path::new("aiq.yml"));
        environment.insert("CONFIG_FILE", " ");
        assert_eq!(locate(None, &environment).unwrap(), Path::new("nat.yml"));
        assert_eq!(locate(Some(Path::new("mine.yml")), &environment).unwrap(), Path::new("mine.yml"));
    }

    #[test]
    fn without_a_file_the_error_says_what_to_do() {
        let error = locate(None, &BTreeMap::<&str, &str>::new()).unwrap_err().to_string();
        assert!(error.contains("--config FILE") && error.contains("CONFIG_FILE"), "{error}");
    }
}
