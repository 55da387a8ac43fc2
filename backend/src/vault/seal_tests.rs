use uuid::Uuid;

use super::{SealContext, TokenKind, VaultError};
use crate::{
    clock::Chance,
    domain::{FlowId, GrantId, GrantKey, PrincipalId, Sealed, ServerId, Version},
    vault::{MasterKey, Secret, Vault},
};

fn master(digit: &str) -> MasterKey {
    MasterKey::from_text(&Secret::new(digit.repeat(64))).unwrap()
}

fn vault() -> Vault {
    Vault::new(&master("a"), &[], Chance::seeded(1))
}

fn key(principal: &str, server: &str) -> GrantKey {
    GrantKey { principal: PrincipalId(principal.into()), server: ServerId(server.into()) }
}

const GRANT: GrantId = GrantId(Uuid::from_u128(7));
const FLOW: FlowId = FlowId(Uuid::from_u128(7));

fn home() -> SealContext {
    SealContext::grant(&key("alice", "incidents"), "https://idp", GRANT, Version(3), TokenKind::Refresh)
}

#[test]
fn a_sealed_secret_opens_where_it_was_sealed_for() {
    let sealed = vault().seal(&home(), &Secret::new("rt-1 ü"));
    assert_eq!(vault().open(&home(), &sealed).unwrap().expose(), "rt-1 ü");
}

#[test]
fn the_empty_secret_opens_too() {
    let sealed = vault().seal(&home(), &Secret::new(""));
    assert_eq!(vault().open(&home(), &sealed).unwrap().expose(), "");
}

#[test]
fn a_sealed_token_copied_to_any_other_place_does_not_open() {
    use TokenKind::{Access, Refresh};
    let sealed = vault().seal(&home(), &Secret::new("rt-1"));
    let other_grant = GrantId(Uuid::from_u128(8));
    let alice = key("alice", "incidents");
    let elsewhere = [
        ("another user", SealContext::grant(&key("bob", "incidents"), "https://idp", GRANT, Version(3), Refresh)),
        ("another server", SealContext::grant(&key("alice", "handbook"), "https://idp", GRANT, Version(3), Refresh)),
        ("another issuer", SealContext::grant(&alice, "https://evil", GRANT, Version(3), Refresh)),
        ("another grant", SealContext::grant(&alice, "https://idp", other_grant, Version(3), Refresh)),
        ("an older version", SealContext::grant(&alice, "https://idp", GRANT, Version(2), Refresh)),
        ("a newer version", SealContext::grant(&alice, "https://idp", GRANT, Version(4), Refresh)),
        ("another kind", SealContext::grant(&alice, "https://idp", GRANT, Version(3), Access)),
        ("a moved boundary", SealContext::grant(&key("alicei", "ncidents"), "https://idp", GRANT, Version(3), Refresh)),
        ("a flow", SealContext::flow_verifier(FLOW, &PrincipalId("alice".into()))),
        ("a sign-in", SealContext::sign_in_verifier("alice")),
        ("a registration", SealContext::registration_secret("https://idp", "alice")),
    ];
    for (place, context) in elsewhere {
        assert_eq!(vault().open(&context, &sealed).unwrap_err(), VaultError::DoesNotOpen, "{place}");
    }
}

#[test]
fn verifiers_and_client_secrets_open_only_for_their_own_row() {
    let alice = PrincipalId("alice".into());
    let rows = [
        SealContext::flow_verifier(FLOW, &alice),
        SealContext::flow_verifier(FlowId(Uuid::from_u128(9)), &alice),
        SealContext::flow_verifier(FLOW, &PrincipalId("bob".into())),
        SealContext::sign_in_verifier("s1"),
        SealContext::sign_in_verifier("s2"),
        SealContext::registration_secret("https://idp", "https://us/callback"),
        SealContext::registration_secret("https://idp", "https://us/other"),
        SealContext::registration_secret("https://other", "https://us/callback"),
    ];
    for (from, sealed_for) in rows.iter().enumerate() {
        let sealed = vault().seal(sealed_for, &Secret::new("secret"));
        for (to, context) in rows.iter().enumerate() {
            assert_eq!(vault().open(context, &sealed).is_ok(), from == to, "sealed for row {from}, opened in row {to}");
        }
    }
}

#[test]
fn no_shortened_blob_opens() {
    let Sealed(bytes) = vault().seal(&home(), &Secret::new("rt-1"));
    for length in 0..bytes.len() {
        assert!(vault().open(&home(), &Sealed(bytes[..length].to_vec())).is_err(), "{length} bytes");
    }
}

#[test]
fn no_lengthened_blob_opens() {
    let Sealed(mut bytes) = vault().seal(&home(), &Secret::new("rt-1"));
    bytes.push(0);
    assert_eq!(vault().open(&home(), &Sealed(bytes)).unwrap_err(), VaultError::DoesNotOpen);
}

#[test]
fn no_blob_with_a_flipped_bit_opens() {
    let Sealed(bytes) = vault().seal(&home(), &Secret::new("rt-1"));
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(vault().open(&home(), &Sealed(changed)).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_blob_is_told_apart() {
    let sealed = vault().seal(&home(), &Secret::new("rt-1"));
    let stranger = Vault::new(&master("b"), &[], Chance::seeded(2));
    assert_eq!(stranger.open(&home(), &sealed).unwrap_err(), VaultError::UnknownKey(vault().active_key()));
    assert_eq!(vault().open(&home(), &Sealed(Vec::new())).unwrap_err(), VaultError::Malformed);
    let mut other_format = sealed.0.clone();
    other_format[0] = 2;
    assert_eq!(vault().open(&home(), &Sealed(other_format)).unwrap_err(), VaultError::Malformed);
    let mut changed = sealed.0;
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(vault().open(&home(), &Sealed(changed)).unwrap_err(), VaultError::DoesNotOpen);
}

#[test]
fn an_earlier_key_still_opens_and_the_active_one_seals() {
    let old = vault().seal(&home(), &Secret::new("rt-1"));
    let both = Vault::new(&master("b"), &[master("a")], Chance::seeded(2));
    assert_eq!(both.open(&home(), &old).unwrap().expose(), "rt-1");

    let new = both.seal(&home(), &Secret::new("rt-2"));
    assert_eq!(new.0[1..9], both.active_key().0);
    assert!(matches!(vault().open(&home(), &new).unwrap_err(), VaultError::UnknownKey(_)));
}

#[test]
fn the_same_secret_never_looks_the_same_twice() {
    let vault = vault();
    let (one, two) = (vault.seal(&home(), &Secret::new("rt-1")), vault.seal(&home(), &Secret::new("rt-1")));
    assert_ne!(one.0[9..33], two.0[9..33], "nonces");
    assert_ne!(one.0[33..], two.0[33..], "ciphertexts");
}
