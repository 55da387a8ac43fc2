use std::{fs, os::unix::fs::PermissionsExt};

use super::{Created, KeyError, Keys, MasterKey};
use crate::{clock::Chance, vault::Secret};

fn read(text: &str) -> Result<MasterKey, KeyError> {
    MasterKey::from_text(&Secret::new(text))
}

#[test]
fn a_key_is_read_in_every_spelling() {
    // These bytes need both characters in which base64 and base64url differ.
    let bytes: [u8; 32] = std::array::from_fn(|at| if at % 2 == 0 { 0xfb } else { 0xff });
    let hex = crate::domain::hex(&bytes);
    let spellings = [
        "+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+/8=",
        "+//7//v/+//7//v/+//7//v/+//7//v/+//7//v/+/8",
        "-__7__v_-__7__v_-__7__v_-__7__v_-__7__v_-_8=",
        "  -__7__v_-__7__v_-__7__v_-__7__v_-__7__v_-_8\n",
        &hex,
        &hex.to_uppercase(),
    ];
    for text in spellings {
        assert_eq!(*read(text).unwrap().0, bytes, "{text}");
    }
}

#[test]
fn what_is_not_32_bytes_is_refused_without_being_repeated() {
    for text in ["", "hunter2", "AAAA", &"a".repeat(62), &"a".repeat(66), &"g".repeat(64), &"é".repeat(32)] {
        let error = read(text).unwrap_err();
        assert!(matches!(error, KeyError::Malformed), "{text}");
        assert!(text.is_empty() || !error.to_string().contains(text));
    }
}

#[test]
fn every_spelling_of_a_key_is_the_same_key() {
    let key = [0xFB; 32];
    for text in [
        "fbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb",
        "FBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFBFB",
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=",
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s",
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s=",
    ] {
        assert_eq!(read(text).map(|key| *key.0).ok(), Some(key), "{text}");
    }
}

#[test]
fn other_lengths_and_alphabets_are_no_key() {
    for text in ["", "abc", "+/v7", "zbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfbfb", "a passphrase"]
    {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn a_key_does_not_print() {
    assert_eq!(format!("{:?}", read(&"ab".repeat(32)).unwrap()), "MasterKey(***)");
}

#[test]
fn a_key_file_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let (made, first) = MasterKey::from_file_or_create(&path, &Chance::seeded(1)).unwrap();
    let (again, second) = MasterKey::from_file_or_create(&path, &Chance::seeded(2)).unwrap();

    assert_eq!((first, second), (Created(true), Created(false)));
    assert_eq!(made.0, again.0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_key_file_that_others_can_read_or_write_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    MasterKey::from_file_or_create(&path, &Chance::seeded(1)).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o602] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = MasterKey::from_file_or_create(&path, &Chance::seeded(1)).unwrap_err();
        assert!(error.to_string().contains(&format!("chmod 600 {}", path.display())), "{mode:o}: {error}");
    }
}

#[test]
fn a_key_file_with_something_else_in_it_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "not a key").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let error = MasterKey::from_file_or_create(&path, &Chance::seeded(1)).unwrap_err();
    assert!(matches!(error, KeyError::MalformedFile(_)), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "not a key");
}

#[test]
fn a_key_file_in_a_missing_folder_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("key");
    let error = MasterKey::from_file_or_create(&path, &Chance::seeded(1)).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[test]
fn every_purpose_has_a_key_of_its_own() {
    let master = read(&"ab".repeat(32)).unwrap();
    let keys = Keys::from(&master);
    let all = [&keys.sealing, &keys.job, &keys.pairwise, &keys.confirmation, &master.0];
    for (at, one) in all.iter().enumerate() {
        assert!(all.iter().skip(at + 1).all(|other| one != other), "key {at} has a twin");
        assert_ne!(one[..8], keys.id.0, "the id gives key {at} away");
    }
}
