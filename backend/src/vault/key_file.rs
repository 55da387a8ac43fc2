//! The key file: one key per line, `#` begins a comment, readable by its owner alone.
//!
//! Changed by writing a new file beside it and putting that in its place: whoever reads sees the old or the new one.

use std::{
    fs, io,
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{Created, KeyError, MasterKey, Secret};
use crate::{clock::Chance, domain::KeyId};

/// A file of keys. Nothing is read until it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile(pub PathBuf);

impl KeyFile {
    /// Every key in it, in its order.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; a file that others can read or write is refused, and so is one without a key.
    pub fn read(&self) -> Result<Vec<MasterKey>, KeyError> {
        self.keys_in(&self.text()?)
    }

    /// The same; where there is no file, makes one with a new key in it.
    ///
    /// # Errors
    ///
    /// The same, and a file that cannot be made.
    pub fn read_or_create(&self, chance: &Chance) -> Result<(Vec<MasterKey>, Created), KeyError> {
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0) {
            Ok(file) => {
                let key = MasterKey::random(chance);
                let line = Secret::new(format!("{}\n", key.to_text().expose()));
                let made = write_down(file, &line).and_then(|()| sync_folder(&self.0));
                made.inspect_err(|_| drop(fs::remove_file(&self.0))).map_err(|cause| self.failed(cause))?;
                Ok((vec![key], Created(true)))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok((self.read()?, Created(false))),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Appends a key on a line of its own. One that is there already changes nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read or replaced.
    pub fn append(&self, key: &MasterKey) -> Result<(), KeyError> {
        if !self.0.exists() {
            return self.replace(&Secret::new(format!("{}\n", key.to_text().expose())));
        }
        let text = self.text()?;
        if self.keys_in(&text)?.iter().any(|held| held.id() == key.id()) {
            return Ok(());
        }
        let before = text.expose();
        let gap = if before.ends_with('\n') { "" } else { "\n" };
        self.replace(&Secret::new(format!("{before}{gap}{}\n", key.to_text().expose())))
    }

    /// Takes a key out, wherever it stands; comments and other keys stay. `false`: it is not there.
    ///
    /// # Errors
    ///
    /// The file cannot be read or replaced.
    pub fn take_out(&self, id: KeyId) -> Result<bool, KeyError> {
        let text = self.text()?;
        let is_it = |line: &str| {
            let word = Secret::new(line.split('#').next().unwrap_or_default().trim());
            MasterKey::from_text(&word).is_ok_and(|key| key.id() == id)
        };
        let kept: String = text.expose().lines().filter(|line| !is_it(line)).flat_map(|line| [line, "\n"]).collect();
        let kept = Secret::new(kept);
        if kept.expose().lines().count() == text.expose().lines().count() {
            return Ok(false);
        }
        self.replace(&kept)?;
        Ok(true)
    }

    fn text(&self) -> Result<Secret, KeyError> {
        let mut file = fs::File::open(&self.0).map_err(|cause| self.failed(cause))?;
        // Of the open file, not of its name, which could be another one by now.
        let about = file.metadata().map_err(|cause| self.failed(cause))?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(KeyError::Exposed(self.0.clone()));
        }
        // Room for all of it: a string that grows leaves copies of keys behind.
        let room = usize::try_from(about.len()).unwrap_or_default().saturating_add(1);
        let mut text = String::with_capacity(room);
        let read = file.read_to_string(&mut text);
        let text = Secret::new(text);
        read.map_err(|cause| self.failed(cause))?;
        Ok(text)
    }

    fn keys_in(&self, text: &Secret) -> Result<Vec<MasterKey>, KeyError> {
        let lines = text.expose().lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        let mut keys: Vec<MasterKey> = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let key = MasterKey::from_text(&Secret::new(line)).map_err(|_| KeyError::MalformedFile(self.0.clone()))?;
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        if keys.is_empty() { Err(KeyError::MalformedFile(self.0.clone())) } else { Ok(keys) }
    }

    /// Puts a new file in the place of this one. Two who do this at once: the second is refused.
    fn replace(&self, text: &Secret) -> Result<(), KeyError> {
        // The file itself, where the name is a link to it.
        let place = fs::canonicalize(&self.0).unwrap_or_else(|_| self.0.clone());
        let mut beside = place.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let new = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside);
        let new = new.map_err(|cause| KeyError::File { path: beside.clone(), cause })?;
        let replaced = write_down(new, text).and_then(|()| fs::rename(&beside, &place));
        replaced.inspect_err(|_| drop(fs::remove_file(&beside))).map_err(|cause| self.failed(cause))?;
        sync_folder(&place).map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: io::Error) -> KeyError {
        KeyError::File { path: self.0.clone(), cause }
    }
}

/// Down to the disk: what is sealed from now on needs it.
fn write_down(mut file: fs::File, text: &Secret) -> io::Result<()> {
    file.write_all(text.expose().as_bytes())?;
    file.sync_all()
}

/// The folder's entry too.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
#[path = "key_file_tests.rs"]
mod tests;
