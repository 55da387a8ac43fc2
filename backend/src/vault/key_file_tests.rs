use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{Created, KeyError, KeyFile, MasterKey};
use crate::{clock::Chance, domain::KeyId, vault::Secret};

fn ids(keys: &[MasterKey]) -> Vec<KeyId> {
    keys.iter().map(MasterKey::id).collect()
}

fn key(digit: &str) -> MasterKey {
    MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_key_file_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let (made, first) = KeyFile(path.clone()).read_or_create(&Chance::seeded(1)).unwrap();
    let (again, second) = KeyFile(path.clone()).read_or_create(&Chance::seeded(2)).unwrap();

    assert_eq!((first, second), (Created(true), Created(false)));
    assert_eq!(ids(&made), ids(&again));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_key_file_that_others_can_read_or_write_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    KeyFile(path.clone()).read_or_create(&Chance::seeded(1)).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = KeyFile(path.clone()).read_or_create(&Chance::seeded(1)).unwrap_err();
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{mode:o}: {error}");
    }
}

#[test]
fn a_key_file_with_something_else_in_it_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "not a key").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let error = KeyFile(path.clone()).read_or_create(&Chance::seeded(1)).unwrap_err();
    assert!(matches!(error, KeyError::MalformedFile(_)), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
}

#[test]
fn a_key_file_in_a_missing_folder_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("key");
    let error = KeyFile(path.clone()).read_or_create(&Chance::seeded(1)).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_file_holds_a_key_on_each_line_and_comments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let (one, two) = ("a".repeat(64), "b".repeat(64));
    write(&path, &format!("# since May\n{one}\n\n  {two} # since June\n{one}\n"));
    assert_eq!(ids(&KeyFile(path.clone()).read().unwrap()), [key("a").id(), key("b").id()]);
    write(&path, "# nothing but words\n");
    assert!(matches!(KeyFile(path).read(), Err(KeyError::MalformedFile(_))));
}

#[test]
fn a_key_is_appended_and_taken_out_and_everything_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let (one, file) = ("a".repeat(64), KeyFile(path.clone()));
    write(&path, &format!("# first\n{one} # old"));
    for _ in 0..2 {
        file.append(&key("b")).unwrap();
        assert_eq!(ids(&file.read().unwrap()), [key("a").id(), key("b").id()]);
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file.take_out(key("a").id()).unwrap());
    assert!(!file.take_out(key("a").id()).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# first\n") && !text.contains(&one), "{text}");
    assert_eq!(ids(&file.read().unwrap()), [key("b").id()]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_behind_a_link_is_replaced_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("key"), folder.path().join("link"));
    write(&path, &"a".repeat(64));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    KeyFile(link.clone()).append(&key("b")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(KeyFile(path).read().unwrap().len(), 2);
}
