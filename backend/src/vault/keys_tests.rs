use super::{KeyError, Keys, MasterKey};
use crate::vault::Secret;

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
fn several_keys_stand_side_by_side_and_one_that_is_given_twice_counts_once() {
    let (one, two) = ("ab".repeat(32), "cd".repeat(32));
    for text in [format!("{one},{two}"), format!("{one} {two}\n"), format!(" {one},\n\t{two},{one},")] {
        let keys = MasterKey::all_from_text(&Secret::new(text)).unwrap();
        assert_eq!(
            keys.iter().map(MasterKey::id).collect::<Vec<_>>(),
            [read(&one).unwrap().id(), read(&two).unwrap().id()]
        );
    }
    for text in [String::new(), " , ".to_owned(), format!("{one},nonsense")] {
        assert!(matches!(MasterKey::all_from_text(&Secret::new(text)), Err(KeyError::Malformed)));
    }
}

#[test]
fn a_written_key_reads_back() {
    let key = MasterKey::random(&crate::clock::Chance::seeded(1));
    assert_eq!(MasterKey::from_text(&key.to_text()).unwrap().0, key.0);
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
