//! Things that are made once and kept: whole or not at all, and never by two processes at the same time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::say;

/// Makes `folder` unless it is there: `make` fills a neighbour that is renamed when it is complete.
pub fn folder(folder: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().context("the cache has to be a folder")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make the cache {}", parent.display()))?;
    let _lock = lock(&beside(folder, "lock"))?;
    if folder.is_dir() {
        return Ok(());
    }
    let unfinished = tempfile::Builder::new().prefix("unfinished-").tempdir_in(parent)?;
    make(unfinished.path())?;
    fs::rename(unfinished.keep(), folder)?;
    Ok(())
}

/// Does `make` unless the stamp already says `mark`, and writes the stamp when it succeeded.
///
/// The lock is a file of its own, because some steps make the stamp's whole folder anew.
pub fn stamped(stamp: &Path, lock_file: &Path, mark: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if says(stamp, mark) {
        return Ok(());
    }
    let _lock = lock(lock_file)?;
    if says(stamp, mark) {
        return Ok(());
    }
    make()?;
    fs::create_dir_all(stamp.parent().context("a stamp lies in a folder")?)?;
    fs::write(stamp, mark).with_context(|| format!("cannot write {}", stamp.display()))
}

fn says(stamp: &Path, mark: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == mark)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    // Not `with_extension`: a version has dots too.
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// Waits for the lock, and says so when that takes a while; dropping the file frees it.
pub fn lock(path: &Path) -> Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file = File::options().create(true).append(true).open(path);
    let file = file.with_context(|| format!("cannot open the lock {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say::line("set-up", format!("waiting: another process is at work behind {}", path.display()));
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error).context("this file system knows no locks"),
    }
    Ok(file)
}

/// One hash over names and contents of files and of everything in folders; what is absent counts as absent.
pub fn fingerprint(paths: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for path in paths {
        for entry in WalkDir::new(path).sort_by_file_name().into_iter().filter_map(std::result::Result::ok) {
            if entry.file_type().is_file() {
                let content = fs::read(entry.path())?;
                hash.update(entry.path().as_os_str().as_encoded_bytes());
                hash.update(content.len().to_be_bytes());
                hash.update(content);
            }
        }
    }
    Ok(hex(&hash.finalize()))
}

/// Lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_could_not_be_finished_is_not_there() {
        let cache = tempfile::tempdir().unwrap();
        let wanted = cache.path().join("tool-1.0");
        let failed = folder(&wanted, |unfinished| {
            fs::write(unfinished.join("half"), "")?;
            anyhow::bail!("the network went away")
        });
        assert!(failed.is_err());
        assert!(!wanted.exists());

        folder(&wanted, |unfinished| Ok(fs::write(unfinished.join("whole"), "")?)).unwrap();
        assert!(wanted.join("whole").is_file());
    }

    #[test]
    fn a_finished_folder_is_not_made_again() {
        let cache = tempfile::tempdir().unwrap();
        let wanted = cache.path().join("tool-1.0");
        folder(&wanted, |_| Ok(())).unwrap();
        folder(&wanted, |_| panic!("it was there")).unwrap();
    }

    #[test]
    fn a_fingerprint_changes_with_a_file_in_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let of = [folder.path().to_path_buf()];
        fs::write(folder.path().join("a"), "one").unwrap();
        let before = fingerprint(&of).unwrap();
        assert_eq!(before, fingerprint(&of).unwrap());
        fs::write(folder.path().join("a"), "two").unwrap();
        assert_ne!(before, fingerprint(&of).unwrap());
    }
}
