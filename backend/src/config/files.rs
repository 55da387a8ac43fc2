//! Reads the file and the files it stands on (`base:`), as one tree.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use super::{
    environment::Environment,
    errors::{ConfigError, nearest},
    expressions::expand,
    node::{Node, Value, merge},
    yaml,
};

/// Reads `path`, laid on its `base:` if it has one. Relative bases are relative to the file that names them.
pub(super) fn read(path: &Path, environment: &dyn Environment) -> Result<Rc<Node>, ConfigError> {
    read_on(path, environment, &mut Vec::new())
}

/// `above` are the files that stand on this one, by their real paths.
fn read_on(path: &Path, environment: &dyn Environment, above: &mut Vec<PathBuf>) -> Result<Rc<Node>, ConfigError> {
    let named = || Some(path.display().to_string());
    let bytes = std::fs::read(path).map_err(|error| {
        ConfigError::one(named(), None, format!("cannot be read: {error}; name the file with `--config FILE`"))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let readable = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = readable.split(|byte| *byte == b'\n').count();
        ConfigError::one(Some(format!("{}:{line}", path.display())), None, "not UTF-8 text; save the file as UTF-8")
    })?;
    above.push(path.canonicalize().unwrap_or_else(|_| path.to_path_buf()));

    let tree = yaml::parse(&text, &Rc::from(path))?;
    let Value::Mapping(entries) = &tree.value else {
        let message = format!("the file holds {}; keys such as `functions:` are needed", tree.kind());
        return Err(ConfigError::one(Some(tree.place.to_string()), None, message));
    };
    let Some((_, base)) = tree.get("base") else { return Ok(tree) };
    let below = base_of(path, base, environment, above)?;
    let own = entries.iter().filter(|(key, _)| key.name != "base").cloned().collect();
    let own = Rc::new(Node { place: tree.place.clone(), value: Value::Mapping(own) });
    Ok(merge(&read_on(&below, environment, above)?, &own))
}

/// The file that `base:` names.
fn base_of(path: &Path, base: &Node, environment: &dyn Environment, above: &[PathBuf]) -> Result<PathBuf, ConfigError> {
    let wrong = |message: String| ConfigError::one(Some(base.place.to_string()), Some("base"), message);
    let Value::Scalar { text, .. } = &base.value else {
        return Err(wrong(format!("is {}; the path of one file is needed", base.kind())));
    };
    let name = expand(text, environment)
        .map_err(|form| wrong(format!("`{form}` is not understood; write `${{VAR}}` or `${{VAR:-default}}`")))?
        .text;
    let folder = path.parent().unwrap_or(Path::new(""));
    let below = folder.join(&name);
    match below.canonicalize() {
        Ok(real) if above.contains(&real) => {
            Err(wrong(format!("`{name}` stands, directly or through others, on this file itself; break the circle")))
        }
        Ok(real) if real.is_file() => Ok(below),
        Ok(_) => Err(wrong(format!("`{name}` is not a file"))),
        Err(_) => Err(wrong(format!("there is no file `{}`{}", below.display(), neighbour(&below)))),
    }
}

/// The nearest name in the folder of a file that is not there.
fn neighbour(missing: &Path) -> String {
    let folder = missing.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    let wrong = missing.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match nearest(wrong, names.iter().map(String::as_str)) {
        Some(name) => format!("; did you mean `{name}`?"),
        None => "; a relative path begins at the folder of the file that names it".to_owned(),
    }
}
